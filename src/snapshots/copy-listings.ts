/*
 * What a round of copying looks at: the listings of a store at one look, and how they differ from
 * those of the look before.
 */
import {
  type Image,
  type ImageProblem,
  isImageError,
  joinRawPath,
  type Listing,
  type RawName,
  type RawPath,
  rootPath,
} from "#image";
import { storeChanged } from "./store-identity.ts";

export type Listings = {
  /** A folder before what it holds. */
  readonly folders: ReadonlyMap<RawPath, Listing>;
  /** Folders that are there and could not be listed. */
  readonly unlistable: ReadonlyMap<RawPath, ImageProblem>;
};

export async function takeListings(image: Image, signal?: AbortSignal): Promise<Listings> {
  const folders = new Map<RawPath, Listing>();
  const unlistable = new Map<RawPath, ImageProblem>();
  const waiting: RawPath[] = [rootPath];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    let listing: Listing;
    try {
      listing = await image.list(path, signal);
    } catch (error) {
      // The store's own folder without a listing is no store.
      if (!isImageError(error, "image.unlistable") || path === rootPath) throw error;
      unlistable.set(path, { path, code: "unlistable", message: `${error.message}.` });
      continue;
    }
    folders.set(path, listing);
    for (let index = listing.length - 1; index >= 0; index--) {
      if (isFolder(listing, index))
        waiting.push(joinRawPath(path, listing.names[index] as RawName));
    }
  }
  return { folders, unlistable };
}

export function isFolder(listing: Listing, index: number): boolean {
  return ((listing.modes[index] as number) & 0o170000) === 0o040000;
}

/** An entry by its place: `folders.get(folder)` at `index`. */
export type Place = { readonly folder: RawPath; readonly index: number };

export type Difference = {
  /** To be removed from the copy, before anything is written: a folder with all that is in it. */
  readonly gone: readonly RawPath[];
  /** Folders that the copy does not have yet, a folder before what it holds. */
  readonly newFolders: readonly RawPath[];
  /** Everything else that is new, or not as it was copied; `gone` names what stands in its place. */
  readonly changed: readonly Place[];
  /** What the copy has already. */
  readonly kept: readonly Place[];
};

/** `doubtful` are paths whose copy is not what was listed before. */
export function compareListings(
  before: Listings,
  after: Listings,
  doubtful: ReadonlySet<RawPath>,
): Difference {
  const gone: RawPath[] = [];
  const newFolders: RawPath[] = [];
  const changed: Place[] = [];
  const kept: Place[] = [];
  for (const [folder, listing] of after.folders) {
    const old = before.folders.get(folder);
    for (let index = 0; index < listing.length; index++) {
      const path = joinRawPath(folder, listing.names[index] as RawName);
      const there = old?.indexOf(listing.names[index] as RawName) ?? -1;
      const isKept =
        there >= 0 &&
        old !== undefined &&
        isSame(path, [old, there], [listing, index]) &&
        before.unlistable.has(path) === after.unlistable.has(path);
      if (isKept && !doubtful.has(path)) {
        if (!isFolder(listing, index)) kept.push({ folder, index });
        continue;
      }
      if (there >= 0) gone.push(path);
      if (isFolder(listing, index)) newFolders.push(path);
      else changed.push({ folder, index });
    }
    for (let index = 0; old !== undefined && index < old.length; index++) {
      const name = old.names[index] as RawName;
      if (listing.indexOf(name) < 0) gone.push(joinRawPath(folder, name));
    }
  }
  return { gone, newFolders, changed, kept };
}

/** A folder is the same while it is a folder on its device; anything else by all that its inode says. */
function isSame(
  path: RawPath,
  [a, i]: readonly [Listing, number],
  [b, j]: readonly [Listing, number],
): boolean {
  if (isFolder(a, i) && isFolder(b, j)) {
    // Unmounted or mounted over: the copy must not lose, or mix, what lies on another filesystem.
    if (a.deviceIds[i] !== b.deviceIds[j]) throw storeChanged(path);
    return true;
  }
  return (
    a.inodes[i] === b.inodes[j] &&
    a.deviceIds[i] === b.deviceIds[j] &&
    a.sizes[i] === b.sizes[j] &&
    a.mtimesNs[i] === b.mtimesNs[j] &&
    a.ctimesNs[i] === b.ctimesNs[j] &&
    a.modes[i] === b.modes[j]
  );
}
