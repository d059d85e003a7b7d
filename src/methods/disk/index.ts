/**
 * methods/disk: backup to disk (paper §3.2). A repository's snapshots as a Copy.
 */
export {
  backUpToDisk,
  backupToDisk,
  type BackupToDiskOptions,
  type DiskMethodOptions,
} from "./backup-to-disk.ts";
export { diskCopy, snapshotOf, type DiskCopyOptions } from "./disk-copy.ts";
export { recoveryPointOf } from "#copies";
