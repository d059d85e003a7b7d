/** What one user has seen of one mailbox that is not their own. */
export type SeenState = {
  /** UIDs above it are recent for this user. */
  readonly lastUid: number;
  readonly hasSeen: (uid: number) => boolean;
};

const rangeLimit = 100_000;

/**
 * The value of a mailbox's unique ID in a user's seen database:
 * `1 <last read> <last UID> <last change> <sequence of UIDs>`. Undefined where it cannot be read.
 * Source: Cyrus IMAP 3.6.1, imap/seen_db.c.
 */
export function parseSeenState(value: string): SeenState | undefined {
  const match = /^1 -?[0-9]{1,20} ([0-9]{1,10}) -?[0-9]{1,20} ?([0-9:,*]*)$/.exec(value.trim());
  if (match === null) return undefined;
  const lastUid = Number(match[1]);
  const ranges: Range[] = [];
  for (const part of (match[2] ?? "").split(",", rangeLimit)) {
    if (part === "") continue;
    const [from = 0, to = from] = part
      .split(":", 2)
      .map((end) => (end === "*" ? lastUid : Number(end)));
    if (!Number.isInteger(from) || !Number.isInteger(to)) return undefined;
    ranges.push(from <= to ? [from, to] : [to, from]);
  }
  const merged = merge(ranges);
  return { lastUid, hasSeen: (uid) => isWithin(uid, merged) };
}

type Range = readonly [from: number, to: number];

function merge(ranges: readonly Range[]): readonly Range[] {
  const merged: Range[] = [];
  for (const [from, to] of ranges.toSorted(([a], [b]) => a - b)) {
    const last = merged.at(-1);
    if (last !== undefined && from <= last[1] + 1)
      merged[merged.length - 1] = [last[0], Math.max(last[1], to)];
    else merged.push([from, to]);
  }
  return merged;
}

function isWithin(uid: number, ranges: readonly Range[]): boolean {
  let low = 0;
  let high = ranges.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ranges[middle] as Range)[0] <= uid) low = middle + 1;
    else high = middle;
  }
  const range = ranges[low - 1];
  return range !== undefined && uid <= range[1];
}
