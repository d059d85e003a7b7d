/**
 * methods/tape/media: what is known of tapes beside what is on them: the catalogue, their use, rotation, where they are.
 */
export {
  type Catalogue,
  catalogueFile,
  emptyCatalogue,
  type Lineage,
  type ListedSet,
  setsOn,
  type TapeRecord,
  withForgotten,
  withoutSets,
  withSet,
  withTape,
} from "./catalogue.ts";
export {
  type CountedUse,
  mediaFile,
  type MediaLimits,
  type MediaRecord,
  type MediumUse,
  refuseWorn,
  useOf,
  withUse,
  wornReason,
} from "./media-record.ts";
export {
  type ExpiryPlan,
  labelExpiryNs,
  planTapeExpiry,
  poolOf,
  recordOf,
  tapePools,
  type TapePool,
  type TapeRetention,
  type TapeRotation,
  tapesToWrite,
} from "./rotation.ts";
export { readStateFile, readStateFileSync, type StateFile, writeStateFile } from "./state-file.ts";
export {
  isOnsite,
  lastStep,
  type VaultRecord,
  vaultFile,
  type VaultState,
  vaultStateOf,
  vaultStates,
  type VaultStep,
  withStep,
} from "./vault-record.ts";
export {
  dueBack,
  dueOut,
  type DueTape,
  pullList,
  type PulledTape,
  type PullList,
  type VaultPolicy,
  type VaultRule,
  vaultRule,
} from "./vault-plan.ts";
export { takeWriterLock, type WriterLock } from "./writer-lock.ts";
