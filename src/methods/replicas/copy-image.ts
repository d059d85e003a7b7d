/*
 * An Image written down as files, each read once from the Image and hashed on the way. Whoever calls
 * this reads them back and compares.
 */
import { createHash } from "node:crypto";
import {
  chmodSync,
  closeSync,
  constants,
  copyFileSync,
  fstatSync,
  lchownSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  openSync,
  symlinkSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { setImmediate } from "node:timers/promises";
import { systemErrorCode } from "#errors";
import {
  type Entry,
  type Image,
  type ImageProblem,
  isImageError,
  joinRawPath,
  type RawPath,
  rawPathToBytes,
  rootPath,
  walkImage,
  writeExtendedAttribute,
} from "#image";
import { type KeptEntry, keptEntry } from "./kept-listing.ts";

export type CopyImageOptions = {
  /** Absolute; must not exist. */
  readonly to: RawPath;
  /** Let files share their blocks with the source where it lies in plain files of this filesystem. */
  readonly share: boolean;
  readonly onProblem: (problem: ImageProblem) => void;
  readonly onFile?: (sizeBytes: number) => void;
  readonly signal?: AbortSignal | undefined;
};

const sliceEntries = 64;
const setIdBits = 0o6000;
const isRoot = (): boolean => process.geteuid?.() === 0;

/** Writes the Image below `to` and yields each entry as it was written, in the order of a walk. Throws the system's error of the destination. */
export async function* copyImage(
  image: Image,
  options: CopyImageOptions,
): AsyncGenerator<KeptEntry, void, undefined> {
  const { to, signal, onProblem } = options;
  mkdirSync(rawPathToBytes(to), { mode: 0o700 });
  const writer = new EntryWriter(image, options);
  const walk = { onProblem, ...(signal === undefined ? {} : { signal }) };
  let seen = 0;
  for await (const { path, entry } of walkImage(image, rootPath, walk)) {
    if (++seen % sliceEntries === 0) await setImmediate();
    const written = await writer.write(path, entry);
    if (written !== undefined) yield written;
  }
  await writer.finishFolders();
}

class EntryWriter {
  readonly #image: Image;
  readonly #options: CopyImageOptions;
  readonly #folders: { readonly path: RawPath; readonly entry: Entry }[] = [];
  /** "device:inode" → the first name, and the hash of its bytes. */
  readonly #linked = new Map<string, { readonly path: RawPath; readonly sha256: string }>();
  #share: boolean;
  #missedKinds = new Set<string>();

  constructor(image: Image, options: CopyImageOptions) {
    this.#image = image;
    this.#options = options;
    this.#share = options.share && image.local !== undefined;
  }

  async write(path: RawPath, entry: Entry): Promise<KeptEntry | undefined> {
    const target = joinRawPath(this.#options.to, path);
    switch (entry.type) {
      case "directory":
        mkdirSync(rawPathToBytes(target), { mode: 0o700 });
        this.#folders.push({ path, entry });
        return keptEntry(path, entry, "");
      case "symlink":
        symlinkSync(rawPathToBytes(entry.linkTarget ?? rootPath), rawPathToBytes(target));
        await this.#dress(path, entry);
        return keptEntry(path, entry, "");
      case "file": {
        const sha256 = await this.#writeFile(path, entry, target);
        if (sha256 === undefined) return undefined;
        this.#options.onFile?.(entry.sizeBytes);
        return keptEntry(path, entry, sha256);
      }
      case "fifo":
      case "socket":
      case "block-device":
      case "character-device":
        this.#options.onProblem({
          path,
          code: "unsupported",
          message: `A ${entry.type} is not copied: it holds no mail.`,
        });
        return undefined;
    }
  }

  /** The hash of what was written, "" where blocks are shared; undefined after a problem. */
  async #writeFile(path: RawPath, entry: Entry, target: RawPath): Promise<string | undefined> {
    const key = entry.links > 1 ? `${entry.deviceId}:${entry.inode}` : undefined;
    const first = key === undefined ? undefined : this.#linked.get(key);
    if (first !== undefined) {
      linkSync(rawPathToBytes(joinRawPath(this.#options.to, first.path)), rawPathToBytes(target));
      return first.sha256;
    }
    let sha256: string;
    try {
      sha256 =
        this.#share && this.#shareBlocks(path, entry, target)
          ? ""
          : await this.#copyBytes(path, target);
    } catch (error) {
      if (!isImageError(error) || error.code === "image.closed") throw error;
      this.#drop(target);
      const code = error.code === "image.not-found" ? "vanished" : "unreadable";
      this.#options.onProblem({ path, code, message: `${error.message}.` });
      return undefined;
    }
    if (key !== undefined) this.#linked.set(key, { path, sha256 });
    await this.#dress(path, entry);
    return sha256;
  }

  /** False where the blocks cannot be shared, or are not of the file that was listed. */
  #shareBlocks(path: RawPath, entry: Entry, target: RawPath): boolean {
    const source = joinRawPath(this.#image.local?.root ?? rootPath, path);
    let descriptor: number | undefined;
    try {
      const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
      descriptor = openSync(rawPathToBytes(source), flags);
      copyFileSync(
        `/proc/self/fd/${descriptor}`,
        rawPathToBytes(target),
        constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE_FORCE,
      );
      const { ino, size, mtimeNs } = fstatSync(descriptor, { bigint: true });
      const isListed =
        ino === entry.inode && Number(size) === entry.sizeBytes && mtimeNs === entry.mtimeNs;
      if (isListed) return true;
      this.#drop(target);
      return false;
    } catch (error) {
      const code = systemErrorCode(error);
      if (code === undefined || code === "ENOSPC" || code === "EDQUOT") throw error;
      this.#drop(target);
      // Not this filesystem: then not the next file either. A file that is gone says nothing of it.
      if (code !== "ENOENT" && code !== "ELOOP") this.#share = false;
      return false;
    } finally {
      if (descriptor !== undefined) closeSync(descriptor);
    }
  }

  /** Read and written, never by copy_file_range(2), which shares blocks where it can. */
  async #copyBytes(path: RawPath, target: RawPath): Promise<string> {
    const { signal } = this.#options;
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
    const descriptor = openSync(rawPathToBytes(target), flags, 0o600);
    try {
      const hash = createHash("sha256");
      for await (const piece of this.#image.read(path, signal === undefined ? {} : { signal })) {
        hash.update(piece);
        for (let at = 0; at < piece.length;) at += writeSync(descriptor, piece, at);
      }
      return hash.digest("hex");
    } finally {
      closeSync(descriptor);
    }
  }

  #drop(target: RawPath): void {
    if (lstatSync(rawPathToBytes(target), { throwIfNoEntry: false }) !== undefined)
      unlinkSync(rawPathToBytes(target));
  }

  /** From the leaves up: filling a folder changes its time, and its mode may shut us out. */
  async finishFolders(): Promise<void> {
    for (const { path, entry } of this.#folders.reverse()) await this.#dress(path, entry);
  }

  /** Owner, attributes, mode, times: a change of owner clears setuid, an ACL changes the mode. */
  async #dress(path: RawPath, entry: Entry): Promise<void> {
    const target = joinRawPath(this.#options.to, path);
    const bytes = rawPathToBytes(target);
    const owned =
      isRoot() && this.#attempt("owner", path, () => lchownSync(bytes, entry.uid, entry.gid));
    for (const attribute of await this.#attributesOf(path)) {
      const what = `extended attribute "${attribute.name}"`;
      this.#attempt(what, path, () => writeExtendedAttribute(target, attribute));
    }
    const mode = owned ? entry.mode : entry.mode & ~setIdBits;
    if (entry.type !== "symlink") chmodSync(bytes, mode);
    const seconds = Number(entry.mtimeNs) / 1e9;
    lutimesSync(bytes, seconds, seconds);
  }

  async #attributesOf(path: RawPath): ReturnType<Image["extendedAttributes"]> {
    try {
      return await this.#image.extendedAttributes(path);
    } catch (error) {
      if (!isImageError(error) || error.code === "image.closed") throw error;
      this.#options.onProblem({ path, code: "changed", message: `${error.message}.` });
      return [];
    }
  }

  /** One problem for each kind: where one file refuses, all do. */
  #attempt(what: string, path: RawPath, work: () => void): boolean {
    try {
      work();
      return true;
    } catch (error) {
      const code = systemErrorCode(error);
      if (code === "ENOSPC" || code === "EDQUOT") throw error;
      if (code === undefined && !isImageError(error)) throw error;
      if (!this.#missedKinds.has(what)) {
        this.#missedKinds.add(what);
        const message = `The replica is without its ${what} (${code ?? "refused"}), and perhaps without that of others.`;
        this.#options.onProblem({ path, code: "unsupported", message });
      }
      return false;
    }
  }
}
