import { dirname, join } from "node:path";
import { describeError, isRecoveryError } from "#errors";
import { rawPathFromText } from "#image";
import { safeText } from "../text.ts";
import { type Check, ok, warn } from "./check.ts";
import { nearestFolder } from "./copy.ts";

export type SnapshotChecks = {
  /** The mail store, absolute. */
  readonly store: string;
  /** The copy: a probe of a few bytes is written beside it, and removed. */
  readonly copyFolder: string;
  readonly signal: AbortSignal;
};

/** How the store could be frozen at one moment, best first (paper §2.1: hot split). */
export async function* checkSnapshots({
  store,
  copyFolder,
  signal,
}: SnapshotChecks): AsyncGenerator<Check> {
  const { describeSnapshotSupport } = await import("#snapshots");
  try {
    const found = await describeSnapshotSupport(
      rawPathFromText(store),
      rawPathFromText(join(await nearestFolder(dirname(copyFolder)), "restante-probe")),
      { signal },
    );
    const best = found.find(({ suits }) => suits);
    yield best === undefined
      ? warn(
          "store.snapshots",
          "nothing can freeze this store beside the copy",
          "A copy on the store's own filesystem (btrfs, XFS) can be taken without stopping the server.",
        )
      : ok("store.snapshots", `it can be frozen: ${safeText(best.text)}`);
  } catch (error) {
    signal.throwIfAborted();
    if (!isRecoveryError(error)) throw error;
    yield warn(
      "store.snapshots",
      safeText(describeError(error).split("\n")[0] ?? ""),
      "It is needed for hot splits, clones and delta snapshots alone.",
    );
  }
}
