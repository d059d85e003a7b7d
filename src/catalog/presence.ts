/**
 * From what moments say of a mailbox to when a message was in it. Pure: what is kept are facts of
 * single moments, and every answer is worked out from those of the moments that are still there, so
 * that forgetting a moment and never having known it give the same answer.
 *
 * A moment proves that a message was not there only where it has the mailbox, whole, with some mail
 * in it. A mailbox that is missing, cannot be listed, or is empty after it was full proves nothing:
 * then nobody knows.
 */

/**
 * What a moment says of a mailbox. `complete`: these are its messages, and there are no others.
 * `partial`: these are, others may be. `empty`: it has none. `absent`: the mailbox is not there.
 * `failed`: it is there and cannot be listed.
 */
export const sightingKinds = ["complete", "partial", "empty", "absent", "failed"] as const;
export type SightingKind = (typeof sightingKinds)[number];

/** What moments one after another say alike of one mailbox. Moments are known by their order. */
export type Sighting = {
  /** Counts up within a mailbox, in the order of its moments; gaps may be. */
  readonly number: number;
  readonly firstOrder: number;
  /** Absent: up to the newest. */
  readonly lastOrder?: number;
  readonly kind: SightingKind;
};

/** In which sightings of a mailbox a message was listed: those of them that list anything. */
export type PlacementRun = {
  readonly firstSighting: number;
  /** Absent: up to the newest. */
  readonly lastSighting?: number;
};

/** A time in which a message was there, with how sure its ends are. Each is the order of a moment. */
export type Interval = {
  /** The newest moment before `from` that proves it was not there. */
  readonly notBefore?: number;
  readonly from: number;
  readonly until: number;
  /** The oldest moment after `until` that proves it was not there. */
  readonly goneBy?: number;
};

export type PresenceFacts = {
  /** Of the moments that are there, ascending. */
  readonly orders: readonly number[];
  /** Of one mailbox, ascending. */
  readonly sightings: readonly Sighting[];
  /** Of one message in it; several at once where it is there several times. */
  readonly runs: readonly PlacementRun[];
};

/**
 * When a message was in a mailbox at least once, then at least twice, and so on, as far as it ever
 * was: intervals ascending, at least one of each.
 */
export function presenceOf(facts: PresenceFacts): readonly (readonly Interval[])[] {
  const stretches = stretchesOf(facts);
  const most = stretches.reduce((max, { count }) => Math.max(max, count), 0);
  return Array.from({ length: most }, (_, index) => intervalsOf(stretches, index + 1));
}

/** Whether a message is there now, as far as the newest moment can tell. */
export type PresenceNow = "present" | "gone" | "unknown";

export function presenceNow(intervals: readonly Interval[], newestOrder: number): PresenceNow {
  const last = intervals.at(-1);
  if (last?.until === newestOrder) return "present";
  return last?.goneBy === undefined ? "unknown" : "gone";
}

type Stretch = {
  readonly first: number;
  readonly last: number;
  /** How often the message was listed. */
  readonly count: number;
  /** Whether it was there no more often than that. */
  readonly isProof: boolean;
};

function stretchesOf({ orders, sightings, runs }: PresenceFacts): readonly Stretch[] {
  const stretches: Stretch[] = [];
  let hasBeenFull = false;
  for (const { number, firstOrder, lastOrder, kind } of sightings) {
    const first = orders[firstAtLeast(orders, firstOrder)];
    const end = lastOrder === undefined ? orders.length : firstAtLeast(orders, lastOrder + 1);
    const last = orders[end - 1];
    if (first === undefined || last === undefined || first > last) continue;
    const lists = kind === "complete" || kind === "partial";
    const count = lists ? runs.filter((run) => covers(run, number)).length : 0;
    const isProof = kind === "complete" || (kind === "empty" && !hasBeenFull);
    stretches.push({ first, last, count, isProof });
    hasBeenFull ||= lists;
  }
  return stretches;
}

function covers({ firstSighting, lastSighting }: PlacementRun, number: number): boolean {
  return firstSighting <= number && (lastSighting === undefined || number <= lastSighting);
}

function intervalsOf(stretches: readonly Stretch[], times: number): readonly Interval[] {
  const intervals: Interval[] = [];
  let open: { from: number; until: number; notBefore?: number } | undefined;
  let absentUntil: number | undefined;
  for (const { first, last, count, isProof } of stretches) {
    if (count >= times) {
      open ??= { from: first, until: last, ...optional("notBefore", absentUntil) };
      open.until = last;
    } else if (isProof) {
      if (open !== undefined) intervals.push({ ...open, goneBy: first });
      open = undefined;
      absentUntil = last;
    }
  }
  if (open !== undefined) intervals.push(open);
  return intervals;
}

function optional<Key extends string>(
  key: Key,
  value: number | undefined,
): { readonly [K in Key]?: number } {
  return value === undefined ? {} : ({ [key]: value } as { readonly [K in Key]?: number });
}

/** Index of the first order that is not below the bound; the length where there is none. */
function firstAtLeast(orders: readonly number[], bound: number): number {
  let low = 0;
  let high = orders.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((orders[middle] as number) < bound) low = middle + 1;
    else high = middle;
  }
  return low;
}
