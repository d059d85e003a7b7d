import { setTimeout as sleep } from "node:timers/promises";

export type SleepOptions = {
  readonly signal: AbortSignal;
  /** Whether the process has to live until then; a watch over a connection must not keep it. */
  readonly keepsAlive: boolean;
};

/** What waits for the other side is told the time by this, so that tests can tell it. */
export interface HostClock {
  /** Milliseconds that only go up. */
  nowMs(): number;
  /** Resolves after that time; rejects when the signal comes first. */
  sleep(durationMs: number, options: SleepOptions): Promise<void>;
}

/** The monotonic clock of this machine: a step of the wall clock ends no connection. */
export const systemHostClock: HostClock = {
  nowMs: () => performance.now(),
  sleep: async (durationMs, { signal, keepsAlive }) =>
    await sleep(durationMs, undefined, { signal, ref: keepsAlive }),
};

/**
 * The first of: what the work comes to, the limit (then `expired()` is thrown), the signal.
 * The work is told to stop in both other cases, and what it comes to then is not waited for.
 */
export async function withTimeLimit<Result>(
  work: (signal: AbortSignal) => Promise<Result>,
  options: {
    readonly clock: HostClock;
    readonly limitMs: number;
    readonly expired: () => Error;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<Result> {
  const stop = new AbortController();
  const signal =
    options.signal === undefined ? stop.signal : AbortSignal.any([stop.signal, options.signal]);
  signal.throwIfAborted();
  const limit = options.clock.sleep(options.limitMs, { signal, keepsAlive: true }).then(
    () => {
      throw options.expired();
    },
    () => {
      throw signal.reason;
    },
  );
  try {
    return await Promise.race([work(signal), limit]);
  } finally {
    stop.abort();
  }
}

/** What the work comes to, unless the signal comes first; the work itself goes on. */
export async function raceSignal<Result>(
  work: Promise<Result>,
  signal: AbortSignal | undefined,
): Promise<Result> {
  if (signal === undefined) return await work;
  const { promise, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(signal.reason as Error);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
