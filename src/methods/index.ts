/**
 * methods: operational recovery (paper §3): turning Images into Copies. One folder per method behind one
 * port; backup to disk (§3.2) is here.
 */
export type { RecoveryMethod, TakeOptions, TakeProgress, TakeResult } from "./method.ts";
export { MethodError } from "./method-error.ts";
export {
  backUpToDisk,
  backupToDisk,
  type BackupToDiskOptions,
  diskCopy,
  type DiskCopyOptions,
  type DiskMethodOptions,
  recoveryPointOf,
  snapshotOf,
} from "./disk/index.ts";
