import { formatBytes, type Instant } from "#time";
import { byOrigin } from "./moment-origin.ts";

/** What the alarm must know of a moment; a Copy's RecoveryPoint has it. Undefined counts are unknown. */
export type ShrinkPoint = {
  readonly id: string;
  readonly atNs: Instant;
  readonly sequence: number;
  readonly generation?: string;
  readonly tags: readonly string[];
  readonly files?: number;
  readonly messages?: number;
  readonly sizeBytes?: number;
  readonly volumeIds?: readonly string[];
};

export type ShrinkAlarmOptions = {
  /** Expiry stops when more than this share is gone. Default 20. */
  readonly thresholdPercent?: number;
  /** Fewer files or messages missing than this stop nothing, unless all are gone. Default 20. */
  readonly ignoredCount?: number;
  /** Fewer bytes missing than this stop nothing, unless all are gone. Default 16 MiB. */
  readonly ignoredBytes?: number;
  /** Where known, a moment of the future silences nothing about those of the past. */
  readonly now?: Instant;
};

export type ShrinkAlarm = {
  /** Nothing may be dropped until a person has looked and released the newest moment. */
  readonly stopped: boolean;
  readonly reasons: readonly string[];
  /** What to do; empty while expiry goes on. */
  readonly hint: string;
};

/** A person who looked puts this tag on a moment: what came before it no longer counts. */
export const releasedTag = "restante:released";

/**
 * Whether expiry of one group must stop: the newest moment of ours, or of another program's, is much smaller than the largest one since
 * the last release, or lies on another volume. An unmounted or emptied store would otherwise push
 * the mail out of the copies, capture by capture; however often it is captured, expiry stays stopped.
 */
export function shrinkAlarm(
  points: readonly ShrinkPoint[],
  options: ShrinkAlarmOptions = {},
): ShrinkAlarm {
  const reasons = new Set(
    byOrigin(points).flatMap((part) => {
      const baseline = sinceRelease(timely(part, options.now));
      // The last by the clock and the last by order of capture differ after the clock was set back: both are looked at.
      return newestOf(baseline, options.now).flatMap((newest) =>
        alarmsOf(newest, baseline, options),
      );
    }),
  );
  if (reasons.size === 0) return { stopped: false, reasons: [], hint: "" };
  return {
    stopped: true,
    reasons: [...reasons],
    hint: "Check that the mail store is mounted and whole; if the change is meant, release the newest moment.",
  };
}

/**
 * The moments that a release is for: the last captured of each part that is stopped, or else of the group.
 */
export function momentsToRelease<Point extends ShrinkPoint>(
  points: readonly Point[],
  options: ShrinkAlarmOptions = {},
): readonly Point[] {
  const parts = byOrigin(points);
  const stopped = parts.filter((part) => shrinkAlarm(part, options).stopped);
  const meant = stopped.length > 0 ? stopped : parts.slice(0, 1);
  return meant.flatMap((part) => lastCaptured(timely(part, options.now).toSorted(byTime)) ?? []);
}

/**
 * Without moments of the future that belong to no lineage of the past: nothing but their own word says
 * that they come after the others. All, where nothing else is there.
 */
function timely<Point extends ShrinkPoint>(
  points: readonly Point[],
  now: Instant | undefined,
): readonly Point[] {
  if (now === undefined) return points;
  const past = points.filter(({ atNs }) => atNs <= now);
  const known = new Set(past.map(({ generation }) => generation ?? ""));
  const isKnown = ({ sequence, generation }: Point): boolean =>
    sequence > 0 && known.has(generation ?? "");
  return past.length === 0 ? points : points.filter((one) => one.atNs <= now || isKnown(one));
}

function alarmsOf(
  newest: ShrinkPoint,
  baseline: readonly ShrinkPoint[],
  options: ShrinkAlarmOptions,
): string[] {
  const { thresholdPercent = 20, ignoredCount = 20, ignoredBytes = 16 * 1024 * 1024 } = options;
  const counts = {
    thresholdPercent,
    ignored: ignoredCount,
    show: (count: number) => count.toLocaleString("en"),
  };
  const bytes = { thresholdPercent, ignored: ignoredBytes, show: formatBytes };
  const shrunk = [
    shrinkOf("messages", newest.messages, {
      ...counts,
      before: largest(baseline.map((point) => point.messages)),
    }),
    shrinkOf("files", newest.files, {
      ...counts,
      before: largest(baseline.map((point) => point.files)),
    }),
    shrinkOf("bytes", newest.sizeBytes, {
      ...bytes,
      before: largest(baseline.map((point) => point.sizeBytes)),
    }),
    otherVolume(newest, baseline),
  ];
  return shrunk.filter((reason) => reason !== undefined);
}

type Comparison = {
  readonly before: number | undefined;
  readonly thresholdPercent: number;
  readonly ignored: number;
  readonly show: (value: number) => string;
};

function shrinkOf(
  noun: string,
  now: number | undefined,
  comparison: Comparison,
): string | undefined {
  const { before, thresholdPercent, ignored, show } = comparison;
  if (now === undefined || before === undefined || now >= before) return undefined;
  const unit = noun === "bytes" ? "" : ` ${noun}`;
  if (now === 0) return `the newest moment is empty, where there were ${show(before)}${unit}`;
  const missing = before - now;
  if (missing < ignored || missing * 100 <= before * thresholdPercent) return undefined;
  const percent = Math.floor((missing * 100) / before);
  return `the newest moment has ${percent}% fewer ${noun} than the largest (${show(now)} of ${show(before)})`;
}

function largest(values: readonly (number | undefined)[]): number | undefined {
  let most: number | undefined;
  for (const value of values)
    if (value !== undefined && (most === undefined || value > most)) most = value;
  return most;
}

/**
 * Compared with the first moment and with the largest: all between may be of a wrong volume that was
 * captured again and again, and the first may be where a wrong clock put it.
 */
function otherVolume(newest: ShrinkPoint, baseline: readonly ShrinkPoint[]): string | undefined {
  const now = volumesOf(newest);
  const known = baseline.filter((point) => volumesOf(point) !== undefined);
  const [first] = known;
  if (now === undefined || first === undefined) return undefined;
  const most = known.reduce((best, point) => (amountOf(point) > amountOf(best) ? point : best));
  if (volumesOf(first) === now && volumesOf(most) === now) return undefined;
  return "the newest moment lies on another volume than moments before it";
}

function amountOf(point: ShrinkPoint): number {
  return point.files ?? point.messages ?? 0;
}

function volumesOf(point: ShrinkPoint): string | undefined {
  const ids = point.volumeIds ?? [];
  return ids.length === 0 ? undefined : JSON.stringify([...new Set(ids)].toSorted());
}

/** Oldest first: the last released moment and all after it; all, where none was released. */
function sinceRelease(points: readonly ShrinkPoint[]): readonly ShrinkPoint[] {
  const ordered = points.toSorted(byTime);
  const released = lastCaptured(ordered.filter((point) => point.tags.includes(releasedTag)));
  return released === undefined ? ordered : ordered.filter((point) => !isBefore(point, released));
}

function newestOf(
  ordered: readonly ShrinkPoint[],
  now: Instant | undefined,
): readonly ShrinkPoint[] {
  const ofPast = now === undefined ? undefined : ordered.findLast(({ atNs }) => atNs <= now);
  return [...new Set([ordered.at(-1), lastCaptured(ordered), ofPast])].filter(
    (point) => point !== undefined,
  );
}

function lastCaptured<Point extends ShrinkPoint>(ordered: readonly Point[]): Point | undefined {
  let last: Point | undefined;
  for (const point of ordered) if (last === undefined || isBefore(last, point)) last = point;
  return last;
}

/** By order of capture where it is known, else by the clock. */
function isBefore(left: ShrinkPoint, right: ShrinkPoint): boolean {
  const sameLineage =
    (left.generation ?? "") === (right.generation ?? "") && left.sequence > 0 && right.sequence > 0;
  if (sameLineage && left.sequence !== right.sequence) return left.sequence < right.sequence;
  return left.atNs < right.atNs;
}

function byTime(left: ShrinkPoint, right: ShrinkPoint): number {
  if (left.atNs !== right.atNs) return left.atNs < right.atNs ? -1 : 1;
  return left.sequence - right.sequence;
}
