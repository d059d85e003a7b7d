/** The living store, as it is looked at: every look is one of now, and a failed one is no removal. */
import {
  type Entry,
  entryOf,
  type ExtendedAttribute,
  isImageError,
  joinedFolder,
  joinRawPath,
  listFolder,
  type Listing,
  ListingBuilder,
  lookUp,
  rawBaseName,
  type RawName,
  rawParent,
  type RawPath,
  readExtendedAttributes,
  readFilePieces,
} from "#image";
import type { StorePlaces } from "./store-places.ts";

export type ReadRequest = {
  readonly path: RawPath;
  /** Default 0. */
  readonly offset?: number;
  /** Default: to the end. */
  readonly lengthBytes?: number;
  /** Take what comes from a file that never stands still. */
  readonly acceptChange?: boolean;
  readonly onOpened?: (entry: Entry) => void;
};

const noOwners = { userOf: () => undefined, groupOf: () => undefined };

export class StoreFiles {
  readonly #places: StorePlaces;
  /** Folders above the places, as they were seen last: where one is away, the places are, and are held. */
  readonly #above = new Map<RawPath, Entry>();

  constructor(places: StorePlaces) {
    this.#places = places;
  }

  /** What is there now; undefined where nothing is. Throws ImageError where that cannot be seen. */
  look(path: RawPath): Entry | undefined {
    const place = this.#places.at(path);
    if (place === undefined) return this.#lookAbove(path);
    try {
      const entry = lookUp(place.root, place.within);
      if (!this.#places.isPart(path)) return entry;
      return entry.type === "directory" ? joinedFolder(path, this.#places.isLocal) : undefined;
    } catch (error) {
      if (isAbsence(error)) return undefined;
      throw error;
    }
  }

  /** Undefined where there is no such folder. Throws ImageError where it cannot be listed. */
  async list(path: RawPath, signal?: AbortSignal): Promise<Listing | undefined> {
    const names = this.#places.namesAbove(path);
    if (names !== undefined) return this.#listAbove(path, names);
    const place = this.#places.at(path);
    if (place === undefined) return undefined;
    const { root, within } = place;
    try {
      return await listFolder({ ...noOwners, root, path: within, signal, inUse: true });
    } catch (error) {
      if (isAbsence(error)) return undefined;
      throw error;
    }
  }

  attributes(path: RawPath): readonly ExtendedAttribute[] {
    const absolute = this.#places.isPart(path) ? undefined : this.#places.absolute(path);
    return absolute === undefined ? [] : readExtendedAttributes(absolute);
  }

  /** Throws ImageError `image.changed`, `image.not-found`, `image.unreadable`. */
  read({ path, onOpened, ...options }: ReadRequest): AsyncIterable<Uint8Array> {
    const { root, within } = this.#places.at(path) ?? { root: this.#places.root, within: path };
    return readFilePieces({
      ...options,
      root,
      path: within,
      // A rename or a new link changes it, and no byte.
      ignoreCtime: true,
      ...(onOpened === undefined
        ? {}
        : { onOpened: (stats) => onOpened(entryOf(rawBaseName(path), stats)) }),
    });
  }

  #lookAbove(path: RawPath): Entry | undefined {
    if (this.#places.namesAbove(path) === undefined) return undefined;
    const entry = joinedFolder(path, this.#places.isLocal);
    const known = this.#above.get(path);
    // Inode 0: nothing is known of it, as where it is away.
    if (entry.inode === 0n && known !== undefined) return known;
    this.#above.set(path, entry);
    return entry;
  }

  #listAbove(path: RawPath, names: ReadonlySet<RawName>): Listing {
    const builder = new ListingBuilder();
    for (const name of names) {
      const entry = this.look(joinRawPath(path, name));
      if (entry !== undefined) builder.add(entry);
    }
    return builder.build();
  }
}

/** There is nothing of that name, or no folder on the way there. */
export function isAbsence(error: unknown): boolean {
  return isImageError(error, "image.not-found") || isImageError(error, "image.not-a-folder");
}

/**
 * What servers write beside mail for a moment, and nobody reads from there later: locks, and files
 * that get their name when they are whole. No folder is.
 */
export function isPassing(path: RawPath): boolean {
  const name = rawBaseName(path);
  return /^\.temp\.|\.lock$|\.newlock$|^dovecot.*\.tmp$|^\.nfs[0-9a-f]{8}/.test(name);
}

/** What tells nothing that is not told elsewhere, and is written whenever somebody looks. */
export function isCache(path: RawPath): boolean {
  return isPassing(path) || /^dovecot\.(?:index\.cache|list\.index)/.test(rawBaseName(path));
}

/** tmp of a Maildir holds deliveries that are not mail yet. `has`: whether a path is known. */
export function isInMaildirTemporary(path: RawPath, has: (path: RawPath) => boolean): boolean {
  const folder = rawParent(path);
  return isMaildirTemporary(folder, has);
}

export function isMaildirTemporary(folder: RawPath, has: (path: RawPath) => boolean): boolean {
  if (rawBaseName(folder) !== "tmp") return false;
  const maildir = rawParent(folder);
  const beside = (name: string): RawPath => joinRawPath(maildir, name as RawPath);
  return has(beside("cur")) && has(beside("new"));
}

/** cur and new of a Maildir: a file is written elsewhere first, and its bytes never change. */
export function isMaildirMessage(path: RawPath, has: (path: RawPath) => boolean): boolean {
  const folder = rawParent(path);
  const name = rawBaseName(folder);
  if (name !== "cur" && name !== "new") return false;
  const beside = joinRawPath(rawParent(folder), (name === "cur" ? "new" : "cur") as RawPath);
  return has(beside) && has(joinRawPath(rawParent(folder), "tmp" as RawPath));
}

/** What a server keeps beside its messages and tells of them: it is written after them. */
export function isIndex(path: RawPath): boolean {
  return /(?:^|\/)(?:dovecot[.-]|cyrus\.|mailboxes\.db$)[^/]*$/.test(path);
}
