import type { ImageMoment } from "./image.ts";

/** Nanoseconds since 1970 UTC. */
export type ClockNs = () => bigint;

export type MomentOptions = {
  /** Protection group. Default: the folder's path. */
  readonly group?: string;
  /** Default 1. */
  readonly sequence?: number;
  /** Default "". */
  readonly generation?: string;
  /** Default: the system's clock. */
  readonly clock?: ClockNs;
};

export function systemClockNs(): bigint {
  return BigInt(Date.now()) * 1_000_000n;
}

/** An ImageMoment whose end moves on with every look at the bytes. */
export class MomentRecorder {
  readonly #clock: ClockNs;
  #moment: ImageMoment;

  constructor(folder: string, options: MomentOptions) {
    this.#clock = options.clock ?? systemClockNs;
    const now = this.#clock();
    this.#moment = {
      group: options.group ?? folder,
      sequence: options.sequence ?? 1,
      generation: options.generation ?? "",
      fromNs: now,
      toNs: now,
    };
  }

  get moment(): ImageMoment {
    return this.#moment;
  }

  /** Bytes or names were looked at just now. */
  looked(): void {
    const now = this.#clock();
    if (now > this.#moment.toNs) this.#moment = { ...this.#moment, toNs: now };
  }
}
