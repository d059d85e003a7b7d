/**
 * Which files of a folder are the same as last time, so that their content need not be read: under the
 * same path inode, size, mtime and ctime agree. Files under another path: see moved-files.ts.
 */
import type { Listing, RawName } from "#image";
import { type ScannedFolder, flagIncomplete, flagRacy } from "./scan-cache.ts";

const formatMask = 0o170000;
const formatFile = 0o100000;
const formatDirectory = 0o040000;

export function isFileMode(mode: number): boolean {
  return (mode & formatMask) === formatFile;
}

export function isDirectoryMode(mode: number): boolean {
  return (mode & formatMask) === formatDirectory;
}

export type FolderComparison = {
  /** For each entry the position of the same name in the earlier folder, or -1. */
  readonly earlier: Int32Array;
  /** Whether the entry is wholly as it was, content and attributes. */
  readonly same: Uint8Array;
  /** Names and entries are all as they were (subfolders compare their own content). */
  readonly allSame: boolean;
};

/** Merges two sorted lists of names; costs a few comparisons an entry and allocates nothing for each. */
export function compareFolder(
  listing: Listing,
  earlier: ScannedFolder | undefined,
): FolderComparison {
  const positions = new Int32Array(listing.length).fill(-1);
  const same = new Uint8Array(listing.length);
  if (earlier === undefined) return { earlier: positions, same, allSame: false };
  let allSame = listing.length === earlier.length;
  let there = 0;
  for (let here = 0; here < listing.length; here++) {
    const name = listing.names[here] as RawName;
    while (there < earlier.length && (earlier.names[there] as RawName) < name) there++;
    if (there < earlier.length && earlier.names[there] === name) {
      positions[here] = there;
      if (sameEntry(listing, here, { earlier, there })) {
        same[here] = 1;
        continue;
      }
    }
    allSame = false;
  }
  return { earlier: positions, same, allSame };
}

function sameEntry(
  listing: Listing,
  here: number,
  { earlier, there }: { readonly earlier: ScannedFolder; readonly there: number },
): boolean {
  return (
    listing.inodes[here] === earlier.inodes[there] &&
    listing.mtimesNs[here] === earlier.mtimesNs[there] &&
    listing.ctimesNs[here] === earlier.ctimesNs[there] &&
    listing.modes[here] === earlier.modes[there] &&
    listing.uids[here] === earlier.uids[there] &&
    listing.gids[here] === earlier.gids[there] &&
    (isDirectoryMode(listing.modes[here] as number) ||
      (listing.sizes[here] === earlier.sizes[there] &&
        listing.links[here] === earlier.links[there])) &&
    ((earlier.flags[there] as number) & (flagRacy | flagIncomplete)) === 0
  );
}

/** Content of an entry whose bytes are certainly those of last time although its attributes differ; undefined to read it. */
export function reusableContent(
  listing: Listing,
  here: number,
  { earlier, there }: { readonly earlier: ScannedFolder; readonly there: number },
): Uint8Array | undefined {
  const isSame =
    isFileMode(earlier.modes[there] as number) &&
    listing.inodes[here] === earlier.inodes[there] &&
    listing.sizes[here] === earlier.sizes[there] &&
    listing.mtimesNs[here] === earlier.mtimesNs[there] &&
    listing.ctimesNs[here] === earlier.ctimesNs[there] &&
    ((earlier.flags[there] as number) & (flagRacy | flagIncomplete)) === 0;
  return isSame ? contentOf(earlier, there) : undefined;
}

export function contentOf(folder: ScannedFolder, at: number): Uint8Array {
  const from = at === 0 ? 0 : (folder.idEnds[at - 1] as number);
  return folder.ids.subarray(from * 32, (folder.idEnds[at] as number) * 32);
}

/** The kernel stamps files with the time of its last tick, up to 10 ms ago. */
const tickNs = 50_000_000n;
/** Filesystems that keep whole seconds (or two, FAT). */
const coarseNs = 2_500_000_000n;

/**
 * Whether a file changed so shortly before it was looked at that a second change could carry the
 * same times. A message of a Maildir is not rewritten, so a tick is enough for it.
 */
export function isRacy(ctimeNs: bigint, mtimeNs: bigint, lookedAtNs: bigint): boolean {
  const isCoarse = ctimeNs % 1_000_000_000n === 0n && mtimeNs % 1_000_000_000n === 0n;
  return lookedAtNs - ctimeNs < (isCoarse ? coarseNs : tickNs);
}
