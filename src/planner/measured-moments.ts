import { formatDuration, toRfc3339Nano } from "#time";
import type { Measurement } from "./measurement.ts";
import { deduplicatedRow, type MeasuredResult } from "./model/index.ts";

/** What the planner must know of a moment; a RecoveryPoint has it. */
export type MeasuredMoment = {
  readonly group: string;
  /** Nanoseconds since 1970 UTC. */
  readonly atNs: bigint;
  readonly sizeBytes?: number;
};

export type MomentsMeasured = {
  readonly measurements: readonly Measurement[];
  readonly results: readonly MeasuredResult[];
};

const dayMs = 86_400_000;
/** A shorter history says more about last week's newsletter than about a year. */
const shortestGrowthDays = 14;

/**
 * What a copy's own history says: the worst gap between two moments, which is the RPO that was achieved
 * (§1.4.1: a maximum over a period, never one sample), until now included; and how the mail grows.
 */
export function measureMoments(moments: readonly MeasuredMoment[], nowNs: bigint): MomentsMeasured {
  const results: MeasuredResult[] = [];
  const measurements: Measurement[] = [];
  for (const [group, some] of Map.groupBy(moments, (moment) => moment.group)) {
    const past = some
      .filter(({ atNs }) => atNs <= nowNs)
      .toSorted((left, right) => Number(left.atNs - right.atNs));
    const gap = worstGap(past, { group, nowNs });
    if (gap !== undefined) results.push(gap);
    const growth = growthOf(past, group);
    if (growth !== undefined) measurements.push(growth);
  }
  const worst = results.toSorted((left, right) => right.measured.high - left.measured.high)[0];
  return { measurements, results: worst === undefined ? [] : [worst] };
}

function worstGap(
  past: readonly MeasuredMoment[],
  { group, nowNs }: { readonly group: string; readonly nowNs: bigint },
): MeasuredResult | undefined {
  const first = past[0];
  if (first === undefined) return undefined;
  let worstMs = 0;
  for (const [index, { atNs }] of past.entries()) {
    const nextNs = past[index + 1]?.atNs ?? nowNs;
    worstMs = Math.max(worstMs, Number(nextNs - atNs) / 1e6);
  }
  const hours = worstMs / 3_600_000;
  const bytes = past.findLast(({ sizeBytes }) => sizeBytes !== undefined)?.sizeBytes;
  const basis = `worst gap of ${past.length} moments of ${group} from ${toRfc3339Nano(first.atNs)} to ${toRfc3339Nano(nowNs)}: ${formatDuration(worstMs)}`;
  return {
    row: deduplicatedRow,
    quantity: "RPO",
    case: "logs lost",
    measured: { low: hours, high: hours, unit: "hours", origin: "measured", basis },
    at: toRfc3339Nano(nowNs),
    ...(bytes === undefined ? {} : { bytes }),
  };
}

/** Growth in a year, from the first and the last moment that know their size. */
function growthOf(past: readonly MeasuredMoment[], group: string): Measurement | undefined {
  const sized = past.filter(({ sizeBytes }) => (sizeBytes ?? 0) > 0);
  const first = sized[0];
  const last = sized.at(-1);
  if (first === undefined || last === undefined) return undefined;
  const days = Number(last.atNs - first.atNs) / 1e6 / dayMs;
  if (days < shortestGrowthDays) return undefined;
  const factor = (last.sizeBytes ?? 0) / (first.sizeBytes ?? 1);
  const share = factor ** (365 / days) - 1;
  if (!Number.isFinite(share)) return undefined;
  // A store that shrinks needs no less storage while its copies keep what is gone.
  const growth = Math.max(0, share);
  return {
    parameter: "growth_per_year",
    low: growth,
    high: growth,
    kind: "moments",
    at: toRfc3339Nano(last.atNs),
    about: `growth of ${group} over ${Math.round(days)} days of moments`,
  };
}
