import type { Site } from "./recovery-site.ts";

/** One kind of damage, with what is to be said of it. */
export type Damage = {
  readonly name: string;
  readonly damage: (site: Site) => Promise<unknown> | void;
  /** Code with which the repository cannot even be opened. */
  readonly open?: string;
  /** "severity code" of what verify finds, reading everything. */
  readonly found?: readonly string[];
  /** The same after the repair: what stays lost. Default: nothing. */
  readonly left?: readonly string[];
  /** The same after a capture of the store, which still has all mail. Default: nothing. */
  readonly healed?: readonly string[];
  /** Chance decides whether it hits what a capture itself wrote, which does not come again. */
  readonly mayHitManifest?: boolean;
  /** Some mail of earlier moments is lost even so. Otherwise at most what a capture itself wrote. */
  readonly mailStaysLost?: boolean;
  /** False: restic tries for minutes before it gives up, or does one time and not the next. */
  readonly restic?: boolean;
};
