import type { JournalPoint, Sequence } from "#journal";
import { grown } from "./state-table.ts";

/** What an instant means in a journal. */
export type TimeAnswer = {
  /** The last event at or before it. */
  readonly sequence: Sequence;
  /** How that event is labelled. */
  readonly atNs: bigint;
  /** The clock was set back, and passed this time more than once: the last event at or before it the other times. */
  readonly alsoAt: readonly JournalPoint[];
};

/** Events are labelled when they are noticed: a little disorder is no clock that was set back. */
const disorderNs = 1_000_000_000n;
/** A stretch of the clock that is so much wider than another one that has the same time in it is a jump of the clock. */
const widerTimes = 10n;
const widerNs = 60_000_000_000n;
const firstRows = 1024;

/**
 * The labels of all events: sequence orders, the clock labels. While it only goes forward there is one
 * answer. Where it was set back, a time may have been passed twice; where it was wrong by far, for a
 * while, most times lie in one stretch closely, and in the other somewhere between two labels.
 */
export class JournalTimes {
  #rows = 0;
  #sequences = new Float64Array(firstRows);
  /** Never falling within one run. */
  #labels = new BigInt64Array(firstRows);
  /** Where a run begins: after each time that the clock was set back. */
  readonly #runs: number[] = [];
  /** How far the clock had come when it was set back, by the run: after the last label of that run. */
  readonly #reached = new Map<number, bigint>();

  add({ sequence, atNs }: JournalPoint): void {
    const row = this.#rows++;
    if (row === this.#sequences.length) {
      this.#sequences = grown(this.#sequences, new Float64Array(row * 2));
      this.#labels = grown(this.#labels, new BigInt64Array(row * 2));
    }
    const before = row === 0 ? atNs : (this.#labels[row - 1] as bigint);
    if (row === 0 || atNs < before - disorderNs) this.#runs.push(row);
    const isDisorder = this.#runs.at(-1) !== row && atNs < before;
    this.#sequences[row] = sequence;
    this.#labels[row] = isDisorder ? before : atNs;
  }

  /**
   * The newest event says that the clock had come to `atNs` when it was set back. What was labelled before
   * somebody noticed may be in the new run already: it begins at `sinceNs` or later then.
   */
  setBackFrom(atNs: bigint, { sinceNs }: { readonly sinceNs: bigint }): void {
    const newest = this.#runs.length - 1;
    const first = this.#runs[newest];
    if (first === undefined) return;
    const hasBegun =
      newest > 0 &&
      !this.#reached.has(newest - 1) &&
      (this.#labels[first] as bigint) >= sinceNs &&
      (this.#labels[first] as bigint) <= atNs;
    if (!hasBegun && first === this.#rows - 1) return;
    if (!hasBegun) this.#runs.push(this.#rows - 1);
    this.#reached.set(this.#runs.length - 2, atNs);
  }

  get length(): number {
    return this.#rows;
  }

  /** How often the clock was set back. */
  get setBack(): number {
    return Math.max(0, this.#runs.length - 1);
  }

  /** Undefined before the first event. */
  at(atNs: bigint): TimeAnswer | undefined {
    const inside: { readonly row: number; readonly wideNs: bigint }[] = [];
    for (const [index, first] of this.#runs.entries()) {
      const end = this.#runs[index + 1] ?? this.#rows;
      const isNewest = end === this.#rows;
      if ((this.#labels[first] as bigint) > atNs) continue;
      // What comes after a run's end belongs to the run that the clock went on in.
      if (!isNewest && this.#endOf(index, end) <= atNs) continue;
      const row = this.#lastAtOrBefore(atNs, first, end);
      const next = row + 1 < end ? (this.#labels[row + 1] as bigint) : atNs;
      inside.push({ row, wideNs: next - (this.#labels[row] as bigint) });
    }
    if (inside.length === 0) return this.#afterEveryRun(atNs);
    const narrowest = inside.reduce((a, b) => (b.wideNs < a.wideNs ? b : a)).wideNs;
    const widest = narrowest * widerTimes + widerNs;
    const [chosen, ...others] = inside.filter(({ wideNs }) => wideNs <= widest);
    if (chosen === undefined) return undefined;
    return { ...this.#point(chosen.row), alsoAt: others.map(({ row }) => this.#point(row)) };
  }

  /** The latest label at or before an instant, of whatever event. */
  latestLabel(atNs: bigint): bigint | undefined {
    let latest: bigint | undefined;
    for (const [index, first] of this.#runs.entries()) {
      if ((this.#labels[first] as bigint) > atNs) continue;
      const row = this.#lastAtOrBefore(atNs, first, this.#runs[index + 1] ?? this.#rows);
      const label = this.#labels[row] as bigint;
      if (latest === undefined || label > latest) latest = label;
    }
    return latest;
  }

  /** The first event that is labelled so or later; where the clock was set back, the first of all. */
  firstFrom(atNs: bigint): Sequence | undefined {
    let found: Sequence | undefined;
    for (const [index, first] of this.#runs.entries()) {
      const end = this.#runs[index + 1] ?? this.#rows;
      if (this.#endOf(index, end) < atNs) continue;
      const isAfterLast = (this.#labels[end - 1] as bigint) < atNs;
      const row = isAfterLast
        ? end - 1
        : (this.#labels[first] as bigint) >= atNs
          ? first
          : this.#lastAtOrBefore(atNs - 1n, first, end) + 1;
      const sequence = this.#sequences[row] as number;
      if (found === undefined || sequence < found) found = sequence;
    }
    return found;
  }

  /** The newest run began later than this, and all that ended before ended before this. */
  #afterEveryRun(atNs: bigint): TimeAnswer | undefined {
    for (let index = this.#runs.length - 1; index >= 0; index--) {
      const last = (this.#runs[index + 1] ?? this.#rows) - 1;
      if ((this.#labels[last] as bigint) <= atNs) return { ...this.#point(last), alsoAt: [] };
    }
    return undefined;
  }

  #endOf(run: number, end: number): bigint {
    const last = this.#labels[end - 1] as bigint;
    const reached = this.#reached.get(run);
    return reached === undefined || reached < last ? last : reached;
  }

  #point(row: number): JournalPoint {
    return { sequence: this.#sequences[row] as number, atNs: this.#labels[row] as bigint };
  }

  /** `first` is at or before it. Binary search. */
  #lastAtOrBefore(atNs: bigint, first: number, end: number): number {
    let [low, high] = [first, end - 1];
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if ((this.#labels[middle] as bigint) <= atNs) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}
