/** The living store, as it is looked at: every look is one of now, and a failed one is no removal. */
import {
  type Entry,
  entryOf,
  type ExtendedAttribute,
  isImageError,
  joinRawPath,
  listFolder,
  type Listing,
  lookUp,
  rawBaseName,
  rawParent,
  type RawPath,
  readExtendedAttributes,
  readFilePieces,
} from "#image";

export type StoreFilesOptions = {
  /** Absolute, without symbolic links. */
  readonly root: RawPath;
};

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
  readonly root: RawPath;

  constructor({ root }: StoreFilesOptions) {
    this.root = root;
  }

  /** What is there now; undefined where nothing is. Throws ImageError where that cannot be seen. */
  look(path: RawPath): Entry | undefined {
    try {
      return lookUp(this.root, path);
    } catch (error) {
      if (isAbsence(error)) return undefined;
      throw error;
    }
  }

  /** Undefined where there is no such folder. Throws ImageError where it cannot be listed. */
  async list(path: RawPath, signal?: AbortSignal): Promise<Listing | undefined> {
    try {
      return await listFolder({ ...noOwners, root: this.root, path, signal, inUse: true });
    } catch (error) {
      if (isAbsence(error)) return undefined;
      throw error;
    }
  }

  attributes(path: RawPath): readonly ExtendedAttribute[] {
    return readExtendedAttributes(path === "" ? this.root : joinRawPath(this.root, path));
  }

  /** Throws ImageError `image.changed`, `image.not-found`, `image.unreadable`. */
  read({ path, onOpened, ...options }: ReadRequest): AsyncIterable<Uint8Array> {
    return readFilePieces({
      ...options,
      root: this.root,
      path,
      // A rename or a new link changes it, and no byte.
      ignoreCtime: true,
      ...(onOpened === undefined
        ? {}
        : { onOpened: (stats) => onOpened(entryOf(rawBaseName(path), stats)) }),
    });
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
