import type { RawPath } from "#image";
import type { JournalPoint, Sequence } from "#journal";

export const signalKinds = ["mass-removal", "mass-rewrite", "scrambled-content"] as const;
export type SignalKind = (typeof signalKinds)[number];

/** Something that looks like an attack or an accident. */
export type Signal = {
  readonly kind: SignalKind;
  /** The account's folder, the mbox, or of Cyrus the owner's name; "" where it is the whole store. */
  readonly path: RawPath;
  /** The last instant and sequence at which all was well: the moment to go back to. */
  readonly before: JournalPoint;
  /** Up to where it was seen. */
  readonly last: { readonly sequence: Sequence; readonly atNs: bigint };
  /** How many messages; of an mbox, how many KiB. */
  readonly count: number;
  /** Of how many there were before. */
  readonly of: number;
  readonly unit: "messages" | "KiB" | "files";
  /** Equal for what belongs to one event: the same kind, without a quiet window in between. */
  readonly episode: number;
  /** One sentence in plain words. */
  readonly message: string;
};
