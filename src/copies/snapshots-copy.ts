import type { RecoveryError } from "#errors";
import { isMoment, type Repository, type Snapshot } from "#repository";
import type { Copy, RecoveryPoint } from "./copy.ts";
import { inOrder, recoveryPointOf } from "./recovery-point.ts";

export type SnapshotsCopyOptions = Pick<Copy, "name" | "reach" | "method"> & {
  /** The error for a moment that was removed since it was listed. */
  readonly momentGone: (point: RecoveryPoint) => RecoveryError;
};

/**
 * A repository's snapshots as a Copy, each a moment. The repository is the caller's and must stay open
 * as long as Images of it are.
 */
export function snapshotsCopy(repository: Repository, options: SnapshotsCopyOptions): Copy {
  const { momentGone, ...place } = options;
  return {
    ...place,
    async moments(group, signal) {
      const points = (await repository.snapshots(signal)).filter(isMoment).map(recoveryPointOf);
      return inOrder(
        group === undefined ? points : points.filter((point) => point.group === group),
      );
    },
    async open(point, signal) {
      const snapshot = await findSnapshot(repository, point, signal);
      if (snapshot === undefined) throw momentGone(point);
      return await repository.image(snapshot, signal === undefined ? {} : { signal });
    },
  };
}

/** The snapshot behind a moment; undefined where it is gone by now: somebody's `forget` knows nothing of us. */
export async function findSnapshot(
  repository: Repository,
  point: RecoveryPoint,
  signal?: AbortSignal,
): Promise<Snapshot | undefined> {
  return (await repository.snapshots(signal)).find(({ id }) => id === point.id);
}
