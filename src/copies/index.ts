/**
 * copies: the Copy port. What a method or an offsite option keeps: which moments it covers, how
 * near it is, and how one of them opens as an Image. A repository's snapshots are a Copy for several
 * of them, so that one is here.
 */
export type { Copy, Reach, RecoveryPoint } from "./copy.ts";
export { inOrder, recoveryPointOf } from "./recovery-point.ts";
export { findSnapshot, snapshotsCopy, type SnapshotsCopyOptions } from "./snapshots-copy.ts";
