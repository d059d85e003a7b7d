import type { Sequence } from "#journal";

/** What happened in one second; two where a burst is followed by its opposite. */
type Bucket = {
  readonly second: number;
  readonly sequence: Sequence;
  readonly atNs: bigint;
  count: number;
  last: Sequence;
};

/** When something happened. */
export type At = { readonly sequence: Sequence; readonly atNs: bigint };
export type BurstStart = { readonly sequence: Sequence; readonly atNs: bigint };

/** Longer than a mass operation pauses, shorter than people pause between two things that they do. */
const quietSeconds = 30;
/** So many one way are a burst by themselves, also within a second. */
const turnCount = 16;

/** Counts over the last minutes, by the second: a bounded number of buckets, whatever goes on. */
export class BurstWindow {
  readonly #seconds: number;
  readonly #buckets: Bucket[] = [];
  #sum = 0;

  constructor(windowMs: number) {
    this.#seconds = Math.max(1, Math.ceil(windowMs / 1000));
  }

  /** `count` is below zero for what makes up for something before. */
  add(count: number, at: At): void {
    const last = this.#buckets.at(-1);
    // A clock that was set back lengthens the window; it never empties it.
    const second = Math.max(secondOf(at.atNs), last?.second ?? 0);
    const turns = last !== undefined && last.count * count < 0 && Math.abs(last.count) >= turnCount;
    if (last?.second === second && !turns) {
      last.count += count;
      last.last = at.sequence;
    } else {
      const { sequence, atNs } = at;
      this.#buckets.push({ second, sequence, atNs, count, last: sequence });
    }
    this.#sum += count;
    this.forget(at.atNs);
  }

  /** The sequence of the newest that counts. */
  get newest(): Sequence | undefined {
    return this.#buckets.at(-1)?.last;
  }

  /** How much is left of it at this instant. */
  sum(nowNs: bigint): number {
    this.forget(nowNs);
    return this.#sum;
  }

  forget(nowNs: bigint): void {
    const oldest = secondOf(nowNs) - this.#seconds;
    while (this.#buckets.length > 0 && (this.#buckets[0] as Bucket).second < oldest)
      this.#sum -= (this.#buckets.shift() as Bucket).count;
  }

  /**
   * Where it began: the burst that reaches `least`, from the last quiet half minute before it on, and after
   * whatever was made up for. Somebody who deleted one message nine minutes earlier does not set the moment
   * back to then, and neither does what was put back meanwhile.
   */
  start(least: number): BurstStart | undefined {
    const since = this.#buckets.slice(this.#lastMadeUp());
    let sum = 0;
    let start: Bucket | undefined;
    for (const bucket of since.toReversed()) {
      const isQuietBefore = start !== undefined && start.second - bucket.second > quietSeconds;
      if (sum >= least && isQuietBefore) break;
      sum += bucket.count;
      if (bucket.count > 0) start = bucket;
    }
    return start;
  }

  /** How many of the oldest buckets come to nothing together. */
  #lastMadeUp(): number {
    let sum = 0;
    let made = 0;
    for (const [index, { count }] of this.#buckets.entries()) {
      sum += count;
      if (sum <= 0) made = index + 1;
    }
    return made;
  }
}

function secondOf(atNs: bigint): number {
  return Number(atNs / 1_000_000_000n);
}
