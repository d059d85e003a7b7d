import { type Copy, findSnapshot, type Reach, type RecoveryPoint, snapshotsCopy } from "#copies";
import type { Repository, Snapshot } from "#repository";
import { MethodError } from "../method-error.ts";

export const methodName = "backup to disk";

export type DiskCopyOptions = {
  /** Its name in the configuration, or its location. */
  readonly name: string;
  readonly reach: Reach;
};

/**
 * What backup to disk keeps (paper §3.2): a repository's snapshots, each a moment. The repository is the
 * caller's and must stay open as long as Images of it are.
 */
export function diskCopy(repository: Repository, { name, reach }: DiskCopyOptions): Copy {
  return snapshotsCopy(repository, { name, reach, method: methodName, momentGone });
}

/** The snapshot behind a moment. It may be gone by now: somebody's `forget` knows nothing of us. */
export async function snapshotOf(
  repository: Repository,
  point: RecoveryPoint,
  signal?: AbortSignal,
): Promise<Snapshot> {
  const snapshot = await findSnapshot(repository, point, signal);
  if (snapshot !== undefined) return snapshot;
  throw momentGone(point);
}

function momentGone({ id }: RecoveryPoint): MethodError {
  return new MethodError(
    "methods.moment-gone",
    `Cannot open moment ${id.slice(0, 8)}: it was removed meanwhile`,
    {
      hint: "List the moments again and choose another.",
    },
  );
}
