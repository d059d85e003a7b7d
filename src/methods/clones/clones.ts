import type { RawPath } from "#image";
import {
  cloneRotation,
  initReplicas,
  type ReplicaMethod,
  type ReplicaMethodOptions,
  rotateReplicas,
} from "../replicas/index.ts";

export const clonesName = "rotation of clones";

/** Sets up a folder for clones: on another disk than the mail store, so that they outlive it. */
export async function initClones(folder: RawPath): Promise<void> {
  await initReplicas(folder, clonesName);
}

/**
 * Rotation of clones (paper §3.3): "An exact copy which occupies as much storage as the source of the
 * copy is referred to as a clone." A frozen folder that is a full copy is kept as it is; of anything else
 * every file is read and written anew, read back and compared by its hash. A copy that shares blocks
 * with production is never one. By default two over 24 hours.
 */
export function clones(
  options: Omit<ReplicaMethodOptions, "rotation"> & Partial<Pick<ReplicaMethodOptions, "rotation">>,
): ReplicaMethod {
  const way = { name: clonesName, section: "3.3", kind: "clone" } as const;
  return rotateReplicas(way, { rotation: cloneRotation, ...options });
}
