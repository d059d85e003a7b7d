/**
 * methods/replicas: what rotations of clones and of delta snapshots share (paper §3.3, §3.4): a
 * folder of replicas, each a mail store as it was, verified before it is listed, never written after.
 */
export { checkFolder as checkReplicas, initReplicas, replicasMethodOf } from "./replica-folder.ts";
export type { ReplicaKind } from "./keep-image.ts";
export type { ReplicaCopy, ReplicaVerification } from "./replica-copy.ts";
export {
  type ReplicaMethod,
  type ReplicaMethodOptions,
  type ReplicaSpace,
  type ReplicaTakeResult,
  type ReplicaWay,
  rotateReplicas,
} from "./rotate-replicas.ts";
export {
  cloneRotation,
  deltaRotation,
  intervalMsOf,
  type Lapse,
  planRotation,
  type Rotation,
  type RotationPoint,
  type RotationWindow,
  windowOf,
} from "./rotation.ts";
