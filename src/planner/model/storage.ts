import { computed, type Interval, over, sum, times } from "../quantity.ts";
import type { StorageKind, Stored } from "./estimate.ts";
import type { Kept } from "./choices.ts";
import { imageCount } from "./rotation.ts";
import { logsOfSite, mailOfSite, short, type Situation } from "./situation.ts";

export function stored(
  kind: StorageKind,
  size: Interval,
  options: {
    readonly basis: string;
    readonly situation: Situation;
    readonly tapes?: Interval;
    readonly writtenEveryHours?: number;
  },
): Stored {
  const { basis, situation, tapes, writtenEveryHours } = options;
  return {
    kind,
    size: computed(size, "bytes", basis),
    timesData: computed(over(size, mailOfSite(situation)), "× data", `${basis}, ÷ mail`),
    ...(tapes === undefined
      ? {}
      : { tapes: computed(tapes, "count", `${basis}, ÷ tape_capacity`) }),
    ...(writtenEveryHours === undefined ? {} : { writtenEveryHours }),
  };
}

/**
 * Full copies: every image is one, with the logs of its interval (§3.2.5: slightly more than 1 times for each).
 * The RTO counts on it: an image of a full copy and its increments would be restored from all of them.
 */
export function fullCopies(
  rotation: readonly Kept[],
  { everyHours, situation }: { readonly everyHours: number; readonly situation: Situation },
): Interval {
  const one = sum([mailOfSite(situation), logsOfSite(situation, everyHours)]);
  return times(one, Math.max(1, imageCount(rotation)));
}

/** One set of tapes for logs that are copied more often: the next copy of everything carries them (Figure 6: additional tapes for logs). */
export function logTapes(
  everyHours: number,
  situation: Situation,
): { readonly size: Interval; readonly tapes: Interval } {
  const size = logsOfSite(situation, everyHours);
  const capacity = situation.parameters.tape_capacity;
  const tapes = {
    low: Math.max(1, Math.ceil(size.low / capacity.high)),
    high: Math.max(1, Math.ceil(size.high / capacity.low)),
  };
  return { size, tapes };
}

/** Continuous protection: the paper's factor, or the image and every day's changes where they are kept for longer than that holds (§3.5.5). */
export function continuous(reachHours: number, situation: Situation): Interval {
  const { cdp_factor: factor, change_per_day: change } = situation.parameters;
  const days = reachHours / 24;
  return times(mailOfSite(situation), {
    low: Math.max(factor.low, 1 + change.low * days),
    high: Math.max(factor.high, 1 + change.high * days),
  });
}

export const continuousBasis =
  "mail × cdp_factor, or mail × (1 + change_per_day × days kept) where that is more (§3.5.5)";

/** Tapes: every image is a full set (the paper's daily database and logs), each on tapes of its own. */
export function tapeSets(
  rotation: readonly Kept[],
  { everyHours, situation }: { readonly everyHours: number; readonly situation: Situation },
): { readonly size: Interval; readonly tapes: Interval; readonly perSet: Interval } {
  const set = sum([mailOfSite(situation), logsOfSite(situation, everyHours)]);
  const capacity = situation.parameters.tape_capacity;
  const streams = situation.parameters.tape_streams;
  const perSet = {
    low: Math.max(streams.low, Math.ceil(set.low / capacity.high)),
    high: Math.max(streams.high, Math.ceil(set.high / capacity.low)),
  };
  const sets = Math.max(1, imageCount(rotation));
  return { size: times(set, sets), tapes: times(perSet, sets), perSet };
}

/** Deduplicated: the mail once, and all that was new within the reach, each compressed. */
export function deduplicated(rotation: readonly Kept[], situation: Situation): Interval {
  const reachHours = reachOf(rotation);
  return times(
    sum([mailOfSite(situation), logsOfSite(situation, reachHours)]),
    situation.parameters.dedup_share,
  );
}

/** Delta snapshots: the changed share of each day that they reach back (§3.4.5). */
export function deltas(reachHours: number, situation: Situation): Interval {
  return times(times(mailOfSite(situation), situation.parameters.change_per_day), reachHours / 24);
}

export function deltasBasis(reachHours: number): string {
  return `mail × change_per_day × ${short(reachHours / 24)} days (§3.4.5)`;
}

/** The furthest that anything is kept; rules stand in any order. */
function reachOf(rotation: readonly Kept[]): number {
  return rotation.reduce((furthest, { untilHours }) => Math.max(furthest, untilHours), 0);
}
