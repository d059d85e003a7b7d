/** Notices that the program did nothing for a while: then nobody took what the system had queued. */
export type Heartbeat = Disposable & {
  /** Looks now, as the timer does. */
  beat(): void;
};

export type HeartbeatOptions = {
  readonly nowNs: () => bigint;
  /** `sinceNs`: the last beat before. */
  readonly onStall: (sinceNs: bigint, ms: number) => void;
  /** Default 500. */
  readonly everyMs?: number;
  /** Later than this is a stall. Default 2000. */
  readonly stallMs?: number;
  /** Does not go back when the clock is set. Default: the system's steady clock. */
  readonly steadyMs?: () => number;
};

export function startHeartbeat(options: HeartbeatOptions): Heartbeat {
  const { everyMs = 500, stallMs = 2000, nowNs, onStall } = options;
  const steadyMs = options.steadyMs ?? (() => performance.now());
  let [lastMs, lastNs] = [steadyMs(), nowNs()];
  const beat = (): void => {
    const [ms, ns] = [steadyMs(), nowNs()];
    const late = ms - lastMs;
    const since = lastNs;
    [lastMs, lastNs] = [ms, ns];
    if (late > stallMs) onStall(since, Math.round(late));
  };
  const timer = setInterval(beat, everyMs);
  timer.unref();
  return { beat, [Symbol.dispose]: () => clearInterval(timer) };
}
