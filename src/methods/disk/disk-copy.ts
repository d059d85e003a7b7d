import type { Copy, Reach, RecoveryPoint } from "#copies";
import type { Repository, Snapshot } from "#repository";
import { MethodError } from "../method-error.ts";
import { inOrder, recoveryPointOf } from "./recovery-point.ts";

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
  return {
    name,
    reach,
    method: methodName,
    async moments(group, signal) {
      const points = (await repository.snapshots(signal)).map(recoveryPointOf);
      return inOrder(
        group === undefined ? points : points.filter((point) => point.group === group),
      );
    },
    async open(point, signal) {
      const snapshot = await snapshotOf(repository, point, signal);
      return await repository.image(snapshot, signal === undefined ? {} : { signal });
    },
  };
}

/** The snapshot behind a moment. It may be gone by now: somebody's `forget` knows nothing of us. */
export async function snapshotOf(
  repository: Repository,
  point: RecoveryPoint,
  signal?: AbortSignal,
): Promise<Snapshot> {
  const snapshot = (await repository.snapshots(signal)).find(({ id }) => id === point.id);
  if (snapshot !== undefined) return snapshot;
  throw new MethodError(
    "methods.moment-gone",
    `Cannot open moment ${point.id.slice(0, 8)}: it was removed meanwhile`,
    {
      hint: "List the moments again and choose another.",
    },
  );
}
