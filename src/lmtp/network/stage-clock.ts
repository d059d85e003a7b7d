/** Time as the stage is told it, so that tests can tell it. */
export interface StageClock {
  /** The wall clock, nanoseconds since 1970 UTC: a label. */
  nowNs(): bigint;
  /** Milliseconds that only go up. */
  nowMs(): number;
  /** Calls after that time, unless it is disposed of before. */
  after(durationMs: number, call: () => void): Disposable;
}

/** The clocks of this machine; the wall clock is the caller's. */
export function systemStageClock(nowNs: () => bigint): StageClock {
  return {
    nowNs,
    nowMs: () => performance.now(),
    after: (durationMs, call) => {
      const timer = setTimeout(call, durationMs);
      return { [Symbol.dispose]: () => clearTimeout(timer) };
    },
  };
}

/** What the work comes to; when the limit comes first, `expired()` is thrown and the work's end is nobody's concern. */
export async function withLimit<Result>(
  work: Promise<Result>,
  options: {
    readonly clock: StageClock;
    readonly limitMs: number;
    readonly expired: () => Error;
  },
): Promise<Result> {
  const { promise, reject } = Promise.withResolvers<never>();
  using _timer = options.clock.after(options.limitMs, () => reject(options.expired()));
  return await Promise.race([work, promise]);
}
