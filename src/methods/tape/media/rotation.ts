/** Which tapes may be written to, and what has expired (paper §3.1.5: rotation and retention). Pure. */
import { heldBy, type RetentionHold, shrinkAlarm } from "#policy";
import type { Barcode } from "../drive/index.ts";
import type { Catalogue, ListedSet, TapeRecord } from "./catalogue.ts";
import { setsOn } from "./catalogue.ts";
import { type MediaLimits, type MediaRecord, useOf, wornReason } from "./media-record.ts";

/** A set is kept while one of the two keeps it; without both, for ever. The newest of a group is always kept. */
export type TapeRetention = {
  readonly keepDays?: number;
  /** So many newest sets of each group. */
  readonly keepLast?: number;
  /** What is held is kept, whatever else is said here. */
  readonly holds?: readonly RetentionHold[];
};

export type TapeRotation = TapeRetention & {
  readonly limits?: MediaLimits;
  /** Whether a set may go behind others on a tape that has room. Default true. */
  readonly append?: boolean;
};

/**
 * `scratch`: labelled or blank, nothing is kept on it. `filling`: it has sets, and room. `full`: its sets are kept.
 * `expired`: all its sets have, so it may be written over. `retired`: not to be written to.
 */
export const tapePools = ["scratch", "filling", "full", "expired", "retired"] as const;
export type TapePool = (typeof tapePools)[number];

export type ExpiryPlan = {
  /** IDs of sets that nothing keeps. */
  readonly expired: ReadonlySet<string>;
  /** Why nothing of a group, or nothing at all, expires although it might. */
  readonly stopped: readonly string[];
};

export const dayNs = 86_400_000_000_000n;
/** Further ahead of the last run the clock is not believed until a person says so. */
const longestPauseDays = 60n;

export function planTapeExpiry(
  { sets, clockNs }: Pick<Catalogue, "sets" | "clockNs">,
  options: TapeRetention & { readonly nowNs: bigint },
): ExpiryPlan {
  const { nowNs, keepDays, keepLast, holds = [] } = options;
  const expired = new Set<string>();
  if (keepDays === undefined && keepLast === undefined) return { expired, stopped: [] };
  if (clockNs > 0n && nowNs - clockNs > longestPauseDays * dayNs) {
    const days = (nowNs - clockNs) / dayNs;
    const stopped = `The clock is ${days} days ahead of the last run, so nothing expires until somebody confirms it.`;
    return { expired, stopped: [stopped] };
  }
  const stopped: string[] = [];
  for (const [group, ofGroup] of Map.groupBy(sets, ({ manifest }) => manifest.group)) {
    const newestFirst = ofGroup.toSorted(newerFirst);
    const held = newestFirst.filter(({ manifest }) => heldBy(manifest, holds) !== undefined);
    const gone = newestFirst.filter((set, index) => {
      const { manifest } = set;
      if (index === 0 || held.includes(set)) return false;
      const byAge =
        keepDays !== undefined && nowNs - manifest.atNs <= BigInt(Math.ceil(keepDays)) * dayNs;
      return !byAge && !(keepLast !== undefined && index < keepLast);
    });
    if (gone.length === 0) continue;
    const alarm = shrinkAlarm(ofGroup.map(pointOf));
    if (alarm.stopped)
      stopped.push(`Nothing of group "${group}" expires: ${alarm.reasons.join("; ")}.`);
    else for (const { manifest } of gone) expired.add(manifest.set);
  }
  return { expired, stopped };
}

/** When a set that is written now may be written over, for its labels; 0 where no age decides it. */
export function labelExpiryNs(atNs: bigint, { keepDays, keepLast }: TapeRetention): bigint {
  // Without a rule a set is kept for ever: the last day that a label can say.
  if (keepDays === undefined && keepLast === undefined) return lastLabelDayNs;
  return keepDays === undefined ? 0n : atNs + BigInt(Math.ceil(keepDays)) * dayNs;
}

/** 31 December 2899. */
const lastLabelDayNs = BigInt(Date.UTC(2899, 11, 31)) * 1_000_000n;

export type PoolFacts = {
  readonly catalogue: Catalogue;
  readonly media: MediaRecord;
  readonly limits: MediaLimits;
  readonly expired: ReadonlySet<string>;
};

export function poolOf(barcode: Barcode, facts: PoolFacts): TapePool {
  const { catalogue, media, limits, expired } = facts;
  if (wornReason(useOf(media, barcode), limits) !== undefined) return "retired";
  const sets = setsOn(catalogue, barcode);
  if (sets.length === 0) return "scratch";
  if (sets.every(({ manifest }) => expired.has(manifest.set))) return "expired";
  return recordOf(catalogue, barcode)?.full === true ? "full" : "filling";
}

export function recordOf({ tapes }: Catalogue, barcode: Barcode): TapeRecord | undefined {
  return tapes.find((tape) => tape.barcode === barcode);
}

/** Tapes that may be written to, best first: those that have room, then the least used empty ones, then expired ones. */
export function tapesToWrite(
  barcodes: readonly Barcode[],
  options: PoolFacts & {
    readonly append: boolean;
    /** Tapes that this set is on already. */
    readonly except: ReadonlySet<Barcode>;
  },
): readonly Barcode[] {
  const { append, except, media } = options;
  const order: readonly TapePool[] = append
    ? ["filling", "scratch", "expired"]
    : ["scratch", "expired"];
  const ranked = barcodes.flatMap((barcode) => {
    const rank = order.indexOf(poolOf(barcode, options));
    return rank < 0 || except.has(barcode) ? [] : [{ barcode, rank }];
  });
  const passes = (barcode: Barcode): number => useOf(media, barcode).passes;
  return ranked
    .toSorted(
      (a, b) =>
        a.rank - b.rank ||
        passes(a.barcode) - passes(b.barcode) ||
        (a.barcode < b.barcode ? -1 : 1),
    )
    .map(({ barcode }) => barcode);
}

/** Within a lineage the sequence decides: the clock may have been set back. */
function newerFirst({ manifest: a }: ListedSet, { manifest: b }: ListedSet): number {
  if (a.generation === b.generation && a.sequence !== b.sequence) return b.sequence - a.sequence;
  return a.atNs < b.atNs ? 1 : a.atNs > b.atNs ? -1 : 0;
}

function pointOf({
  manifest,
  reconstructed,
}: ListedSet): Parameters<typeof shrinkAlarm>[0][number] {
  const { set, atNs, sequence, generation, tags, files, sizeBytes, volumes } = manifest;
  const volumeIds = volumes.map(({ id }) => id);
  return {
    id: set,
    atNs,
    sequence,
    generation,
    tags,
    // Of a set without an index nobody knows how much it should have.
    ...(reconstructed ? {} : { files, sizeBytes }),
    ...(volumeIds.length === 0 ? {} : { volumeIds }),
  };
}
