/** A named part of a run, and how long it took. */
export type PhaseTime = { readonly name: string; readonly ms: number };

/** Measures the phases of one run, one after the other. */
export interface PhaseClock {
  /** Ends the phase that runs, and begins this one. A phase that ran before goes on. */
  begin(name: string): void;
  /** Ends the phase that runs: what follows belongs to nobody, such as the time of a person's answer. */
  pause(): void;
  /** What has ended so far, in the order in which the phases first began. */
  phases(): readonly PhaseTime[];
}

/** A clock of phases upon one that only goes up, in milliseconds. */
export function phaseClock(clockMs: () => number): PhaseClock {
  const ended = new Map<string, number>();
  let running: { readonly name: string; readonly sinceMs: number } | undefined;
  const pause = (): void => {
    if (running === undefined) return;
    const { name, sinceMs } = running;
    ended.set(name, (ended.get(name) ?? 0) + Math.max(0, clockMs() - sinceMs));
    running = undefined;
  };
  return {
    begin: (name) => {
      pause();
      // Takes its place in the order now, though it ends later.
      if (!ended.has(name)) ended.set(name, 0);
      running = { name, sinceMs: clockMs() };
    },
    pause,
    phases: () =>
      [...ended].filter(([name]) => name !== running?.name).map(([name, ms]) => ({ name, ms })),
  };
}

/** How long phases took together: all of them, or those that are named. */
export function totalMs(phases: readonly PhaseTime[], names?: readonly string[]): number {
  return phases
    .filter(({ name }) => names === undefined || names.includes(name))
    .reduce((total, { ms }) => total + ms, 0);
}
