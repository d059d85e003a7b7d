import { isInterruption } from "../exit-codes.ts";
import type { Surroundings } from "../terminal.ts";

export type TimeBudgetOptions = Pick<Surroundings, "clockMs" | "signal"> & {
  readonly totalMs: number;
};

/** The time that a benchmark may take. Whoever works on it either asks or is interrupted by its signal. */
export class TimeBudget implements Disposable {
  /** Aborts when the time is over, and when the person wants an end. */
  readonly signal: AbortSignal;
  readonly #userSignal: AbortSignal;
  readonly #clockMs: () => number;
  readonly #totalMs: number;
  readonly #endMs: number;
  readonly #controller = new AbortController();
  readonly #timer: NodeJS.Timeout;

  constructor({ totalMs, clockMs, signal }: TimeBudgetOptions) {
    this.#clockMs = clockMs;
    this.#totalMs = totalMs;
    this.#endMs = clockMs() + totalMs;
    this.#userSignal = signal;
    this.signal = AbortSignal.any([signal, this.#controller.signal]);
    // For work that does not ask: one that waits for a disk, or sends no progress.
    this.#timer = setTimeout(() => this.#controller.abort(), totalMs);
    this.#timer.unref();
  }

  get remainingMs(): number {
    return Math.max(0, this.#endMs - this.#clockMs());
  }

  /** Interrupts the work when the time is over, and says whether it is. */
  isOver(): boolean {
    if (this.remainingMs === 0) this.#controller.abort();
    return this.signal.aborted;
  }

  /** Whether this share of the whole time, from now on, is over. */
  share(fraction: number): () => boolean {
    const endMs = this.#clockMs() + this.#totalMs * fraction;
    return () => this.#clockMs() >= endMs || this.isOver();
  }

  /** Throws when it is the person who wants an end. */
  throwIfInterrupted(): void {
    this.#userSignal.throwIfAborted();
  }

  /** Whether work ended in this error because its time was over. */
  isCutOff(error: unknown): boolean {
    this.throwIfInterrupted();
    return this.#controller.signal.aborted && isInterruption(error);
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }
}
