import type { DisasterChoice, Kept, OperationalChoice } from "./choices.ts";

const day = 24;
const week = 7 * day;
const month = 30 * day;

/** Full copies get coarser with age, as tapes are rotated: each for a week, weekly for five, then monthly. */
const fullSteps = [
  { untilHours: week, everyHours: 0 },
  { untilHours: 5 * week, everyHours: week },
  { untilHours: Infinity, everyHours: month },
] as const;

/** Where an image costs only what changed, more of them are kept: 48 hours hold most recoveries (§1.4.2). */
const changesSteps = [
  { untilHours: 2 * day, everyHours: 0 },
  { untilHours: 14 * day, everyHours: 1 },
  { untilHours: 90 * day, everyHours: day },
  { untilHours: Infinity, everyHours: month },
] as const;

/** What an operational method keeps of its own images. */
export function operationalRotation(choice: OperationalChoice): readonly Kept[] {
  if (choice.kept !== undefined) return choice.kept;
  switch (choice.method) {
    case "tape":
    case "disk":
    case "virtual-tape":
      return thinned(fullSteps, choice);
    case "disk-deduplicated":
    case "object-storage":
    case "journal":
      return thinned(changesSteps, choice);
    case "clones":
    case "deltas":
    case "cdp":
      return [{ fromHours: 0, untilHours: choice.reachHours, everyHours: choice.everyHours }];
  }
}

/**
 * What a disaster option keeps offsite; nothing for mirrors, which are one point in time. A mirror of the
 * storage of continuous protection holds what that holds, however far back is asked for.
 */
export function disasterRotation(
  choice: DisasterChoice,
  fedBy?: OperationalChoice,
): readonly Kept[] {
  if (choice.kept !== undefined) return choice.kept;
  switch (choice.option) {
    case "ship-tapes":
    case "vault-tapes":
    case "duplicate-tapes":
      return thinned(fullSteps, choice);
    case "duplicate-disk":
    case "duplicate-object-storage":
      return thinned(changesSteps, choice);
    case "protected-cdp":
      return fedBy?.method === "cdp"
        ? operationalRotation({
            ...fedBy,
            reachHours: Math.min(choice.reachHours, fedBy.reachHours),
          })
        : thinned(changesSteps, choice);
    case "snapshots-of-mirror":
    case "snapshots-copied":
    case "snapshots-propagated":
      return [{ fromHours: 0, untilHours: choice.reachHours, everyHours: choice.everyHours }];
    case "mirror-application":
    case "mirror-host":
    case "mirror-array":
    case "mirror-sync":
    case "mirror-failover":
      return [];
  }
}

type Step = { readonly untilHours: number; readonly everyHours: number };

function thinned(
  steps: readonly Step[],
  { everyHours, reachHours }: { readonly everyHours: number; readonly reachHours: number },
): readonly Kept[] {
  const kept: Kept[] = [];
  let fromHours = 0;
  for (const step of steps) {
    const untilHours = Math.min(step.untilHours, reachHours);
    if (untilHours <= fromHours) break;
    const spacing = Math.max(step.everyHours, everyHours);
    const last = kept.at(-1);
    // A rest too short for one image of the coarser step stays as fine as what comes before it.
    const isRest = untilHours === reachHours && untilHours - fromHours < spacing;
    if (last !== undefined && (last.everyHours === spacing || isRest))
      kept[kept.length - 1] = { ...last, untilHours };
    else kept.push({ fromHours, untilHours, everyHours: spacing });
    fromHours = untilHours;
  }
  return kept;
}

/** How many images are kept at once; Infinity where every instant is one. */
export function imageCount(rotation: readonly Kept[]): number {
  return rotation.reduce(
    (count, { fromHours, untilHours, everyHours }) =>
      count +
      (everyHours === 0
        ? Infinity
        : Math.max(1, Math.floor((untilHours - fromHours) / everyHours))),
    0,
  );
}
