import type { ChangeHints } from "./change-hints.ts";

export type Beside = {
  /** What the watch does not hear of although all is watched: one sentence. */
  readonly unheard?: string | undefined;
  /** A server's log, which tells of changes that the watch may miss. */
  readonly log?: ChangeHints;
};

/** A watch that may miss changes, what it misses, and what tells of those. */
export function watchBeside(watch: ChangeHints, { unheard, log }: Beside): ChangeHints {
  return {
    way: watch.way,
    get limits() {
      return limitsOf(watch, unheard);
    },
    get beside() {
      return log?.limits;
    },
    // What the watch was not told it will not be told: a log is no part of what was settled.
    settle: async () => await watch.settle(),
    watchFolder: (folder) => watch.watchFolder(folder),
    forgetFolder: (folder) => watch.forgetFolder(folder),
    [Symbol.asyncDispose]: async () => {
      await log?.[Symbol.asyncDispose]();
      await watch[Symbol.asyncDispose]();
    },
  };
}

export function limitsOf(
  { limits }: Pick<ChangeHints, "limits">,
  unheard: string | undefined,
): string | undefined {
  const all = [unheard, limits].flatMap((one) => one ?? []);
  return all.length === 0 ? undefined : all.join("; ");
}
