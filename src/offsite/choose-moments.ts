/** Which moments shall go offsite. Pure. */
import type { RecoveryPoint } from "#copies";

export type MomentChoice =
  | { readonly kind: "all" }
  /** The newest of each group. */
  | { readonly kind: "newest" }
  /** Of each group, those after the newest that is there; all where none is. */
  | { readonly kind: "since-last" }
  /** What a rule keeps, of each group: retention there may be another than here. */
  | {
      readonly kind: "rule";
      readonly keeps: (points: readonly RecoveryPoint[]) => readonly RecoveryPoint[];
    };

export type ChooseOptions = {
  /** Oldest first, as a Copy lists them. */
  readonly here: readonly RecoveryPoint[];
  /** Moments that are there already. */
  readonly there: readonly RecoveryPoint[];
};

/** Oldest first. Moments that are there may be among it: sending them again costs nothing. */
export function chooseMoments(
  choice: MomentChoice,
  { here, there }: ChooseOptions,
): readonly RecoveryPoint[] {
  const chosen = new Set<RecoveryPoint>();
  for (const [group, points] of Map.groupBy(here, (point) => point.group)) {
    const ofGroup = there.filter((point) => point.group === group);
    for (const point of chosenOfGroup(choice, { here: points, there: ofGroup })) chosen.add(point);
  }
  return here.filter((point) => chosen.has(point));
}

function chosenOfGroup(
  choice: MomentChoice,
  { here, there }: ChooseOptions,
): readonly RecoveryPoint[] {
  switch (choice.kind) {
    case "all":
      return here;
    case "newest":
      return here.slice(-1);
    case "since-last":
      return sinceLast({ here, there });
    case "rule":
      return choice.keeps(here);
  }
}

function sinceLast({ here, there }: ChooseOptions): readonly RecoveryPoint[] {
  const arrived = new Set(there.map(momentKey));
  const last = here.findLastIndex((point) => arrived.has(momentKey(point)));
  if (last >= 0) return here.slice(last + 1);
  // None of those that are there is here any more: only the clock can say which are newer.
  const newestNs = there.reduce<bigint | undefined>(
    (newest, { atNs }) => (newest === undefined || atNs > newest ? atNs : newest),
    undefined,
  );
  return newestNs === undefined ? here : here.filter(({ atNs }) => atNs > newestNs);
}

/** The same for a moment here and for what became of it there: its ID is another in each copy. */
export function momentKey(point: RecoveryPoint): string {
  const { group, generation, sequence, atNs, hostname, paths } = point;
  return JSON.stringify([group, generation, sequence, String(atNs), hostname, paths]);
}
