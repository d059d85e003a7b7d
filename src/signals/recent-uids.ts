import type { UidRange } from "#mail";

type Seen = UidRange & { readonly atNs: bigint };

/** Beyond this, the oldest are forgotten: a mass comes in few ranges. */
const mostRanges = 1000;
/** What is asked for beyond this is not looked for. */
const mostAsked = 10_000;

/** Which messages came into a mailbox in the last minutes. */
export class RecentUids {
  readonly #windowNs: bigint;
  #seen: Seen[] = [];

  constructor(windowMs: number) {
    this.#windowNs = BigInt(windowMs) * 1_000_000n;
  }

  add(ranges: readonly UidRange[], atNs: bigint): void {
    for (const range of ranges.slice(-mostRanges)) this.#seen.push({ ...range, atNs });
    this.#seen = this.#seen.slice(-mostRanges).filter((one) => atNs - one.atNs <= this.#windowNs);
  }

  /** How many of these are among them, which they are no longer. */
  take(ranges: readonly UidRange[], nowNs: bigint): number {
    let count = 0;
    this.#seen = this.#seen.filter(({ atNs }) => nowNs - atNs <= this.#windowNs);
    for (const { first, last } of ranges.slice(0, mostAsked)) {
      if (this.#seen.length === 0) break;
      const left: Seen[] = [];
      for (const seen of this.#seen) {
        const [from, to] = [Math.max(first, seen.first), Math.min(last, seen.last)];
        if (from > to) {
          left.push(seen);
          continue;
        }
        count += to - from + 1;
        if (seen.first < from) left.push({ ...seen, last: from - 1 });
        if (seen.last > to) left.push({ ...seen, first: to + 1 });
      }
      this.#seen = left.slice(-mostRanges);
    }
    return count;
  }
}
