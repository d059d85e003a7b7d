import { Deadlines } from "./deadlines.ts";

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
  const nowMs = (): number => performance.now();
  const deadlines = new Deadlines(nowMs);
  return { nowNs, nowMs, after: (durationMs, call) => deadlines.after(durationMs, call) };
}

/** What the work comes to; when the limit comes first, `expired()` is thrown and the work's end is nobody's concern. */
export function withLimit<Result>(
  work: Promise<Result>,
  options: {
    readonly clock: StageClock;
    readonly limitMs: number;
    readonly expired: () => Error;
  },
): Promise<Result> {
  const { promise, resolve, reject } = Promise.withResolvers<Result>();
  const timer = options.clock.after(options.limitMs, () => reject(options.expired()));
  work.then(
    (result) => {
      timer[Symbol.dispose]();
      resolve(result);
    },
    (error: unknown) => {
      timer[Symbol.dispose]();
      reject(error);
    },
  );
  return promise;
}
