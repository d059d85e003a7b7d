import type { RawPath } from "#image";
import {
  deltaRotation,
  initReplicas,
  type ReplicaMethod,
  type ReplicaMethodOptions,
  rotateReplicas,
} from "../replicas/index.ts";

export const deltasName = "rotation of delta snapshots";

/** Sets up a folder for delta snapshots: on the filesystem of the mail store, outside it. */
export async function initDeltas(folder: RawPath): Promise<void> {
  await initReplicas(folder, deltasName);
}

/**
 * Rotation of delta snapshots (paper §3.4): "snapshots that only require enough additional storage to
 * capture changes to the disk". A frozen folder is kept as it is, a folder that stands still is
 * snapshotted by its filesystem, and files share their blocks one by one where only that is possible. Where
 * nothing shares, it becomes a full copy, and says so. "If the production volumes are physically
 * damaged, then a recovery from a delta snapshot is not possible" (§3.4.2): each moment says what it
 * survives. By default six over 24 hours.
 */
export function deltas(
  options: Omit<ReplicaMethodOptions, "rotation"> & Partial<Pick<ReplicaMethodOptions, "rotation">>,
): ReplicaMethod {
  const way = { name: deltasName, section: "3.4", kind: "delta" } as const;
  return rotateReplicas(way, { rotation: deltaRotation, ...options });
}
