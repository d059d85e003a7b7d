/** Milliseconds that passed, and of the processor, of this process. */
export type Took = { readonly wallMs: number; readonly cpuMs: number };

/** What it returns says what went by since it was started. */
export function startStopwatch(): () => Took {
  const startedMs = performance.now();
  const startedCpu = process.cpuUsage();
  return () => {
    const { user, system } = process.cpuUsage(startedCpu);
    return { wallMs: performance.now() - startedMs, cpuMs: (user + system) / 1000 };
  };
}
