/** A clock for tests: time passes when the test says so. */
import { setImmediate } from "node:timers/promises";
import type { HostClock, SleepOptions } from "./host-clock.ts";

type Sleeper = { readonly atMs: number; readonly wake: () => void };

export class FakeClock implements HostClock {
  #nowMs = 0;
  #sleepers: Sleeper[] = [];
  /** How long each sleep was asked to be. */
  readonly slept: number[] = [];

  nowMs(): number {
    return this.#nowMs;
  }

  async sleep(durationMs: number, { signal }: SleepOptions): Promise<void> {
    signal.throwIfAborted();
    this.slept.push(durationMs);
    await new Promise<void>((resolve, reject) => {
      const sleeper = { atMs: this.#nowMs + durationMs, wake: resolve };
      this.#sleepers.push(sleeper);
      signal.addEventListener("abort", () => {
        this.#sleepers = this.#sleepers.filter((one) => one !== sleeper);
        reject(signal.reason as Error);
      });
    });
  }

  /** Lets time pass from one sleeper's end to the next until the work is done. */
  async passUntil<Result>(work: Promise<Result>): Promise<Result> {
    let isDone = false;
    void work
      .catch(() => undefined)
      .finally(() => {
        isDone = true;
      });
    while (!isDone) {
      // What has been woken does all it can before time goes on.
      for (let turn = 0; turn < 20 && !isDone; turn++) await setImmediate();
      const [next] = this.#sleepers.toSorted((a, b) => a.atMs - b.atMs);
      if (isDone || next === undefined) continue;
      this.#nowMs = next.atMs;
      this.#sleepers = this.#sleepers.filter((one) => one !== next);
      next.wake();
    }
    return await work;
  }
}
