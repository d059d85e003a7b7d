/**
 * repository: the restic repository format, mail-aware. Any restic (≥ 0.14) reads what is written
 * here, and repositories of restic and rustic are read here (versions 1 and 2).
 *
 * `initRepository` and `openRepository` are the way in; what is open is a `Repository`. Its key files
 * serve a journal, too.
 */
export { initRepository, openRepository } from "./open-repository.ts";
export { holderText, isOver, lockStateText } from "./held-lock.ts";
export { RepositoryError } from "./repository-error.ts";
export { findMasterKey, type NewKeyOptions, saveKey } from "./key-file.ts";
export { type MasterKey, masterKeyFromBytes, masterKeyToBytes } from "./crypto.ts";
export { isMoment, ownTag, shippedTag, tagOf, tagPrefixes, tagValue } from "./manifest.ts";
export {
  type DuplicatedSnapshot,
  type DuplicateLoss,
  type DuplicateOptions,
  type DuplicatePhase,
  duplicatePhases,
  type DuplicateProgress,
  type DuplicateResult,
  type DuplicateVerification,
  duplicateVerifications,
  type RefusedSnapshot,
} from "./duplicate-result.ts";
export {
  type PruneOptions,
  type PrunePhase,
  prunePhases,
  type PruneProgress,
  type PruneResult,
} from "./prune-result.ts";
export type {
  CaptureOptions,
  CaptureProgress,
  CaptureResult,
  HeldLock,
  HeldLocks,
  LockWait,
  NewPassword,
  OpenRepositoryOptions,
  Repository,
  RepositoryKey,
  RolledFile,
  RollOptions,
  RollResult,
  Snapshot,
  SnapshotSummary,
} from "./repository.ts";
export type { FilePart } from "./content-store.ts";
export type { PackReading, PackReadings } from "./pack-readings.ts";
export type {
  DamagedPack,
  LostPath,
  RepairedSnapshot,
  RepairOptions,
  RepairPlan,
  RepairReport,
} from "./repair-report.ts";
export type {
  Rolling,
  RollingReport,
  VerifyFinding,
  VerifyOptions,
  VerifyReport,
} from "./verify-report.ts";
