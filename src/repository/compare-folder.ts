/**
 * Which files of a folder are the same as last time, so that their content need not be read.
 *
 * Same under the same path: inode, size, mtime and ctime agree. Same under another path (a flag,
 * from new to cur, moved, a folder renamed): base name, inode, size and mtime agree, and the name
 * is a message's or ctime agrees too. Expunge + append of an equally long message gives inode,
 * size and mtime again; the base name or ctime tells it apart.
 */
import type { Listing, RawName, RawPath } from "#image";
import { rawBaseName } from "#image";
import { type ScanCache, type ScannedFolder, flagIncomplete, flagRacy } from "./scan-cache.ts";

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

/** The part of a Maildir name that a message keeps for life. */
export function messageBaseName(name: string): string {
  const colon = name.indexOf(":");
  return colon < 0 ? name : name.slice(0, colon);
}

export type FoundContent = { readonly ids: Uint8Array; readonly flags: number };

export type MovedFiles = {
  find(folder: RawPath, listing: Listing, here: number): FoundContent | undefined;
};

/** Files of the last scan by inode; built when the first unknown name is met. */
export function openMovedFiles(scan: ScanCache | undefined): MovedFiles {
  let table: { places: Map<bigint, number>; folders: RawPath[] } | undefined;
  const opened = new Map<RawPath, ScannedFolder | undefined>();

  const folderAt = (path: RawPath): ScannedFolder | undefined => {
    if (!opened.has(path)) {
      // Sections are cheap to open again; keeping all of them would not be bounded.
      if (opened.size >= 64) opened.clear();
      opened.set(path, scan?.folder(path));
    }
    return opened.get(path);
  };

  const build = (): { places: Map<bigint, number>; folders: RawPath[] } => {
    const places = new Map<bigint, number>();
    const folders: RawPath[] = [];
    for (const path of scan?.paths ?? []) {
      const folder = scan?.folder(path);
      const number = folders.push(path) - 1;
      for (let at = 0; at < (folder?.length ?? 0); at++) {
        if (isFileMode(folder?.modes[at] as number))
          places.set(folder?.inodes[at] as bigint, number * 2 ** 24 + at);
      }
    }
    return { places, folders };
  };

  return {
    find(folderPath, listing, here) {
      if (scan === undefined) return undefined;
      table ??= build();
      const place = table.places.get(listing.inodes[here] as bigint);
      if (place === undefined) return undefined;
      const there = place % 2 ** 24;
      const earlierPath = table.folders[Math.floor(place / 2 ** 24)] as RawPath;
      const earlier = folderAt(earlierPath);
      if (earlier === undefined || !isSameElsewhere()) return undefined;
      return { ids: contentOf(earlier, there), flags: earlier.flags[there] as number };

      function isSameElsewhere(): boolean {
        const folder = earlier as ScannedFolder;
        const name = listing.names[here] as RawName;
        const earlierName = folder.names[there] as RawName;
        const sameBytes =
          messageBaseName(name) === messageBaseName(earlierName) &&
          listing.sizes[here] === folder.sizes[there] &&
          listing.mtimesNs[here] === folder.mtimesNs[there] &&
          ((folder.flags[there] as number) & flagIncomplete) === 0;
        if (!sameBytes) return false;
        const sameCtime = listing.ctimesNs[here] === folder.ctimesNs[there];
        const racy = ((folder.flags[there] as number) & flagRacy) !== 0;
        if (sameCtime) return !racy;
        const samePath = folderPath === earlierPath && name === earlierName;
        return !samePath && !racy && isMessagePlace(folderPath) && isMessagePlace(earlierPath);
      }
    },
  };
}

/** Whether files of this folder are Maildir messages, which never change once they have a name. */
export function isMessagePlace(folder: RawPath): boolean {
  const name = rawBaseName(folder);
  return name === "cur" || name === "new";
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
