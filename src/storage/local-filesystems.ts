/**
 * Filesystems of which a listing shows at once what any process on this machine has saved: those whose
 * names the kernel itself keeps. Network and FUSE filesystems may answer from a cache.
 *
 * Numbers: statfs(2), linux/magic.h.
 */
import { statfsSync } from "node:fs";

const localTypes: ReadonlySet<number> = new Set([
  0xef53, // ext2, ext3, ext4
  0x58465342, // XFS
  0x9123683e, // btrfs
  0xf2f52010, // F2FS
  0x2fc12fc1, // ZFS
  0xca451a4e, // bcachefs
  0x01021994, // tmpfs
  0x794c7630, // overlayfs: names that are written lie in its upper folder
]);

/** False where it cannot be told. */
export function listsAtOnce(folder: string): boolean {
  try {
    return localTypes.has(statfsSync(folder).type);
  } catch {
    return false;
  }
}
