/** Notices that the wall clock was set: it labels events, and a label that jumps is told of. */

import type { JournalEvent } from "#journal";
import { formatDuration } from "#time";

/** Where the clock would be, and where it is. */
export type ClockJump = {
  readonly expectedNs: bigint;
  readonly nowNs: bigint;
};

export type ClockWatchOptions = {
  readonly nowNs: () => bigint;
  /** Does not jump. */
  readonly steadyMs: () => number;
};

/** Slewing moves a clock by at most a twelfth; between two looks lie some seconds. */
const toleranceNs = 2_000_000_000n;
/** The program may stand still between reading one clock and the other: then both are read again. */
const readingMs = 50;
const readings = 10;

export class ClockWatch {
  readonly #options: ClockWatchOptions;
  #lastNs: bigint;
  #lastMs: number;

  constructor(options: ClockWatchOptions) {
    this.#options = options;
    [this.#lastNs, this.#lastMs] = this.#read();
  }

  /** Now, and the jump since the last look. */
  look(): { readonly nowNs: bigint; readonly jump?: ClockJump } {
    const [nowNs, ms] = this.#read();
    const expectedNs = this.#lastNs + BigInt(Math.round((ms - this.#lastMs) * 1e6));
    [this.#lastNs, this.#lastMs] = [nowNs, ms];
    const byNs = nowNs - expectedNs;
    const isJump = byNs > toleranceNs || byNs < -toleranceNs;
    return { nowNs, ...(isJump ? { jump: { expectedNs, nowNs } } : {}) };
  }

  #read(): readonly [nowNs: bigint, ms: number] {
    const { nowNs, steadyMs } = this.#options;
    for (let left = readings; ; left--) {
      const before = steadyMs();
      const ns = nowNs();
      const after = steadyMs();
      if (after - before <= readingMs || left === 0) return [ns, after];
    }
  }
}

/** What the journal says of it: between the two labels, an instant may name none or two states. */
export function clockJumpEvent({ expectedNs, nowNs }: ClockJump): ClockJumpGap {
  const isBack = nowNs < expectedNs;
  const byMs = Number(absolute(nowNs - expectedNs) / 1_000_000n);
  const by = formatDuration(byMs);
  const message = isBack
    ? `The clock was set back by ${by}: times between were passed twice. No change was missed.`
    : `The clock leapt ahead by ${by} (it was set, or the machine slept): nothing is labelled between. No change was missed.`;
  const [fromNs, toNs] = isBack ? [nowNs, expectedNs] : [expectedNs, nowNs];
  return { type: "gap", why: "clock-jump", fromNs, toNs, message };
}

export function absolute(ns: bigint): bigint {
  return ns < 0n ? -ns : ns;
}

type ClockJumpGap = Extract<JournalEvent, { readonly type: "gap" }> & { readonly message: string };
