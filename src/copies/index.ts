/**
 * copies: the Copy port. What a method or an offsite option keeps: which moments it covers, how
 * near it is, and how one of them opens as an Image. A repository's snapshots are a Copy for several
 * of them, so that one is here.
 */
export {
  type Copy,
  damagedTag,
  losses,
  type Loss,
  type Reach,
  type RecoveryPoint,
} from "./copy.ts";
export {
  type Alternative,
  type CandidateDetails,
  chooseCopy,
  type ChooseCopyOptions,
  type CopyCandidate,
  type CopyChoice,
  type LeftOut,
  listCandidates,
} from "./choose-copy.ts";
export { inOrder, recoveryPointOf } from "./recovery-point.ts";
export { findSnapshot, snapshotsCopy, type SnapshotsCopyOptions } from "./snapshots-copy.ts";
