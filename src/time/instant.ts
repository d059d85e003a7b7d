/** Nanoseconds since 1970-01-01T00:00:00Z, without leap seconds (as Unix time). */
export type Instant = bigint;

/**
 * The clock of this machine. Milliseconds come from the system, so that steps of the clock are seen.
 * The digits below only tell two calls apart: they come from a monotonic counter, and no two calls
 * return the same instant unless the clock was set back in between.
 */
export function systemClock(): () => Instant {
  let last = 0n;
  let lastMs = 0;
  return () => {
    const nowMs = Date.now();
    const now = BigInt(nowMs) * 1_000_000n + (process.hrtime.bigint() % 1_000_000n);
    last = nowMs === lastMs && now <= last ? last + 1n : now;
    lastMs = nowMs;
    return last;
  };
}
