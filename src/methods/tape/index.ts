/**
 * methods/tape: backup to tape (paper §3.1). An Image becomes a set on one tape or several, labelled as ANSI X3.27 says
 * and written as pax tar, so that `mt` and `tar` alone restore it; the catalogue can be rebuilt from the tapes.
 *
 * Tapes are virtual: SIMH .tap files in a folder (`openVirtualTapeLibrary`), or memory for tests. A real drive and a real
 * library fit behind the ports `TapeDrive` and `TapeLibrary`; none was at hand to be tried.
 */
export {
  type Barcode,
  memoryTapeLibrary,
  type MemoryTapeLibrary,
  type MemoryTapeLibraryOptions,
  openVirtualTapeLibrary,
  parseBarcode,
  type TapeDrive,
  type TapeLibrary,
  type TapePosition,
  type TapeRead,
  type TapeSlot,
  type TapeStatus,
  type TapeWritten,
  virtualTapeDrive,
  type VirtualTapeDriveOptions,
  type VirtualTapeLibrary,
  type VirtualTapeLibraryOptions,
} from "./drive/index.ts";
export {
  backupToTape,
  backUpToTape,
  type BackupToTapeOptions,
  type TapeMethodOptions,
  type TapeWriteOptions,
} from "./backup-to-tape.ts";
export { spoolToTape, type SpoolToTapeOptions } from "./spool-to-tape.ts";
export { type TapeCopy, tapeCopy, type TapeCopyOptions } from "./tape-copy.ts";
export { rebuildCatalogue, type RebuildOptions, type RebuildReport } from "./rebuild-catalogue.ts";
export { labelTape, type LabelTapeOptions } from "./label-tape.ts";
export {
  confirmTapeClock,
  type PooledTape,
  releaseTapeExpiry,
  retireTape,
  type TapePools,
  tapePoolsOf,
} from "./tape-pools.ts";
export {
  giveUpVaultRecord,
  moveTape,
  type MoveTapeOptions,
  type TapeLocation,
  type VaultReport,
  vaultReport,
  type VaultReportOptions,
} from "./tape-vault.ts";
export {
  type DueTape,
  type MediaLimits,
  type MediumUse,
  type PulledTape,
  type PullList,
  type TapePool,
  tapePools,
  type TapeRetention,
  type TapeRotation,
  type VaultPolicy,
  type VaultRule,
  vaultRule,
  type VaultState,
  vaultStates,
  type VaultStep,
} from "./media/index.ts";
export type { TapeErrorCode } from "./tape-error.ts";
