/** How far what is offsite is behind what is here. Pure. */
import type { RecoveryPoint } from "#copies";
import { momentKey } from "./choose-moments.ts";
import type { OffsiteGroup, OffsiteState } from "./offsite-option.ts";

export type OffsiteStateOptions = {
  /** Both oldest first, as a Copy lists them. */
  readonly here: readonly RecoveryPoint[];
  readonly there: readonly RecoveryPoint[];
  /** Those that left and have not arrived. */
  readonly onTheirWay?: readonly RecoveryPoint[];
};

export function offsiteState({ here, there, onTheirWay = [] }: OffsiteStateOptions): OffsiteState {
  const groups = new Set([...here, ...there].map(({ group }) => group));
  const arrived = new Set(there.map(momentKey));
  const left = new Set(onTheirWay.map(momentKey));
  return {
    groups: [...groups].toSorted().map((group): OffsiteGroup => {
      const waiting = here.filter(
        (point) => point.group === group && !arrived.has(momentKey(point)),
      );
      const newestHere = here.findLast((point) => point.group === group);
      const newestThere = there.findLast((point) => point.group === group);
      const lagMs = lagBetween(newestHere, newestThere);
      return {
        group,
        ...(newestHere === undefined ? {} : { newestHere }),
        ...(newestThere === undefined ? {} : { newestThere }),
        ...(lagMs === undefined ? {} : { lagMs }),
        waiting,
        onTheirWay: waiting.filter((point) => left.has(momentKey(point))),
      };
    }),
  };
}

/** Where the clock was set back the newest may bear the earlier time: that is no lead. */
function lagBetween(
  here: RecoveryPoint | undefined,
  there: RecoveryPoint | undefined,
): number | undefined {
  if (there === undefined) return undefined;
  if (here === undefined) return 0;
  return Math.max(0, Number(here.atNs - there.atNs) / 1e6);
}
