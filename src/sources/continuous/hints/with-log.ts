import type { ChangeHints } from "./change-hints.ts";

/** A watch that may lose changes in silence, and a server's log beside it. */
export function withLog(watch: ChangeHints, log: ChangeHints): ChangeHints {
  return {
    way: watch.way,
    get limits() {
      return watch.limits;
    },
    get beside() {
      return log.limits;
    },
    // What the watch was not told it will not be told: a log is no part of what was settled.
    settle: async () => await watch.settle(),
    watchFolder: (folder) => watch.watchFolder(folder),
    forgetFolder: (folder) => watch.forgetFolder(folder),
    [Symbol.asyncDispose]: async () => {
      await log[Symbol.asyncDispose]();
      await watch[Symbol.asyncDispose]();
    },
  };
}
