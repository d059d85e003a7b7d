import { fstat, mkdirSync, read, statSync } from "node:fs";
import { mkdir, readdir, stat, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { systemErrorCode } from "#errors";
import { syncFolder, writeDurably } from "#files";
import { filesByName, filesWithSizes, folderOf, namesIn } from "./list-directory.ts";
import { listsAtOnce } from "./local-filesystems.ts";
import { OpenFiles } from "./open-files.ts";
import type {
  ByteRange,
  FileHandle,
  FileType,
  Storage,
  ListOptions,
  StorageOptions,
  StoragePromises,
  StoredFile,
} from "./storage.ts";
import {
  checkName,
  checkRange,
  describeFile,
  fileExists,
  fileNotFound,
  placeNotFound,
  StorageError,
  storageErrorOf,
} from "./storage-error.ts";

export type DirectoryStorageOptions = {
  /** Read descriptors kept open. Default 16. */
  readonly openFiles?: number;
  /** Milliseconds since 1970; tells how old a leftover is. Default `Date.now`. */
  readonly now?: () => number;
};

const dataFolders: readonly string[] = Array.from({ length: 256 }, (_, byte) =>
  byte.toString(16).padStart(2, "0"),
);

/**
 * A temporary file of ours or of restic, which names them alike: `<name>-tmp-<random>`. The name
 * is not 64 digits long, so restic, rustic and our own listing pass over it.
 */
const temporaryName = /^(?:[0-9a-f]{64}|config)-tmp-[0-9a-f]+$/;
/** No upload of a file takes a day; one that was suspended for longer fails at its rename, visibly. */
const abandonedAfterMs = 24 * 60 * 60 * 1000;
/** Some network and FUSE filesystems cannot sync a folder; `promises.durable` says so from then on. */
const cannotSync: ReadonlySet<string> = new Set(["ENOTSUP", "EOPNOTSUPP", "EINVAL"]);
const cannotLink: ReadonlySet<string> = new Set([
  "EPERM",
  "ENOTSUP",
  "EOPNOTSUPP",
  "ENOSYS",
  "EMLINK",
]);
/** Of the 256 folders of packs: one after the other they wait for Node's threads more than for the disk. */
const foldersAtOnce = 32;

const readBytes = promisify(read);
const fileStat = promisify(fstat);

/** A folder of this machine, or of a filesystem mounted on it, that any restic binary can use. */
export function directoryStorage(location: string, options: DirectoryStorageOptions = {}): Storage {
  return new DirectoryStorage(location, options);
}

class DirectoryStorage implements Storage {
  readonly location: string;
  readonly #now: () => number;
  readonly #open: OpenFiles;
  readonly #cleaned = new Set<string>();
  #durable = true;
  #listsAtOnce: boolean | undefined;
  #modes: Promise<Modes> | undefined;

  constructor(location: string, options: DirectoryStorageOptions) {
    this.location = location;
    this.#now = options.now ?? Date.now;
    this.#open = new OpenFiles(options.openFiles ?? 16);
  }

  /** `durable` turns false once the filesystem has refused to sync a folder. */
  get promises(): StoragePromises {
    this.#listsAtOnce ??= listsAtOnce(this.location);
    return { durable: this.#durable, atomic: true, listsAtOnce: this.#listsAtOnce };
  }

  async create(options: StorageOptions = {}): Promise<void> {
    options.signal?.throwIfAborted();
    const folders = Object.values(folderOf).map((folder) => join(this.location, folder));
    folders.push(...dataFolders.map((folder) => join(this.location, "data", folder)));
    try {
      const { folderMode } = await this.#deriveModes();
      const first = await mkdir(this.location, { recursive: true, mode: folderMode });
      for (const folder of folders) mkdirSync(folder, { recursive: true, mode: folderMode });
      await this.#sync(join(this.location, "data"));
      await this.#sync(this.location);
      // The folders above that had to be made must survive a power cut as well.
      for (
        let made = this.location;
        first !== undefined && made.length >= first.length;
        made = dirname(made)
      ) {
        await this.#sync(dirname(made));
        if (made === dirname(made)) break;
      }
    } catch (error) {
      throw storageErrorOf(error, "create a repository", this.location);
    }
  }

  async save(
    file: FileHandle,
    parts: readonly Uint8Array[],
    options: StorageOptions = {},
  ): Promise<void> {
    options.signal?.throwIfAborted();
    checkName(file);
    const path = this.#pathOf(file);
    const sizeBytes = parts.reduce((sum, part) => sum + part.length, 0);
    try {
      if (await this.#isThere(file, path, sizeBytes)) return;
      await this.#removeAbandoned(dirname(path));
      const { folderMode, fileMode } = await this.#deriveModes();
      const write = (): Promise<void> => this.#write(file, parts, { path, fileMode });
      try {
        await write();
      } catch (error) {
        if (systemErrorCode(error) !== "ENOENT" || file.type !== "data") throw error;
        // Only the subfolder is made anew: making all of it would fill an unmounted mount point.
        await mkdir(dirname(path), { mode: folderMode });
        await this.#sync(join(this.location, "data"));
        await write();
      }
    } catch (error) {
      throw this.#errorOf(error, "save", file);
    }
  }

  async load(file: FileHandle, options: ByteRange & StorageOptions = {}): Promise<Uint8Array> {
    options.signal?.throwIfAborted();
    checkName(file);
    const path = this.#pathOf(file);
    try {
      const bytes = await this.#open.use(path, (fd) => this.#read(fd, file, options));
      // Locks and the like come and go: only packs are worth an open descriptor.
      if (file.type !== "data") await this.#open.drop(path);
      return bytes;
    } catch (error) {
      throw this.#errorOf(error, "load", file);
    }
  }

  async stat(file: FileHandle, options: StorageOptions = {}): Promise<StoredFile> {
    options.signal?.throwIfAborted();
    checkName(file);
    try {
      const { size } = await stat(this.#pathOf(file));
      return { name: file.type === "config" ? "" : file.name, sizeBytes: size };
    } catch (error) {
      throw this.#errorOf(error, "look at", file);
    }
  }

  async *list(type: FileType, options: ListOptions = {}): AsyncIterable<StoredFile> {
    options.signal?.throwIfAborted();
    if (type === "config") {
      yield* this.#listConfig();
      return;
    }
    const folder = join(this.location, folderOf[type]);
    const of = { type, location: this.location };
    if (type !== "data") {
      if (options.sizes === false) yield* filesByName(folder, of, options);
      else yield* filesWithSizes(folder, { ...of, names: await namesIn(folder, of) }, options);
      return;
    }
    const below = (await namesIn(folder, of))
      .filter((name) => /^[0-9a-f]{2}$/.test(name))
      .map((name) => join(folder, name));
    for (let from = 0; from < below.length; from += foldersAtOnce) {
      const some = below.slice(from, from + foldersAtOnce);
      const names = await Promise.all(
        some.map((one) => namesIn(one, { ...of, mayBeMissing: true })),
      );
      for (const [index, one] of some.entries())
        yield* filesWithSizes(one, { ...of, names: names[index] as readonly string[] }, options);
    }
  }

  async remove(file: FileHandle, options: StorageOptions = {}): Promise<void> {
    options.signal?.throwIfAborted();
    checkName(file);
    const path = this.#pathOf(file);
    try {
      await this.#open.drop(path);
      await unlink(path);
      await this.#sync(dirname(path));
    } catch (error) {
      throw this.#errorOf(error, "remove", file);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#open[Symbol.asyncDispose]();
  }

  #pathOf(file: FileHandle): string {
    switch (file.type) {
      case "config":
        return join(this.location, "config");
      case "data":
        return join(this.location, "data", file.name.slice(0, 2), file.name);
      case "key":
      case "lock":
      case "snapshot":
      case "index":
        return join(this.location, folderOf[file.type], file.name);
    }
  }

  /** Restic gives the group access to everything where it may read `config`. */
  #deriveModes(): Promise<Modes> {
    this.#modes ??= stat(join(this.location, "config")).then(
      ({ mode }) => ((mode & 0o040) === 0 ? privateModes : { folderMode: 0o770, fileMode: 0o440 }),
      () => {
        this.#modes = undefined;
        return privateModes;
      },
    );
    return this.#modes;
  }

  async #isThere(file: FileHandle, path: string, sizeBytes: number): Promise<boolean> {
    const there = statSync(path, { throwIfNoEntry: false });
    if (there === undefined) return false;
    if (file.type === "config") throw fileExists(file, this.location, "there is one already");
    if (there.size === sizeBytes) return true;
    throw fileExists(
      file,
      this.location,
      `there is one with ${there.size} bytes instead of ${sizeBytes}`,
    );
  }

  async #write(
    file: FileHandle,
    parts: readonly Uint8Array[],
    { path, fileMode }: { readonly path: string; readonly fileMode: number },
  ): Promise<void> {
    const name = file.type === "config" ? "config" : file.name;
    const options = { mode: fileMode, modeIsOptional: true, temporaryPrefix: `${name}-tmp-` };
    try {
      // Two runs that create a repository at once must not both believe in their own config.
      await writeDurably(path, parts, { ...options, exclusive: file.type === "config" });
    } catch (error) {
      const code = systemErrorCode(error) ?? "";
      if (code === "EEXIST") throw fileExists(file, this.location, "there is one already");
      const isThere = statSync(path, { throwIfNoEntry: false }) !== undefined;
      if (isThere && cannotSync.has(code)) this.#durable = false;
      // exFAT and some network mounts have no hard links.
      else if (file.type === "config" && cannotLink.has(code))
        await writeDurably(path, parts, options);
      else throw error;
    }
  }

  async #read(fd: number, file: FileHandle, range: ByteRange): Promise<Uint8Array> {
    const { size } = await fileStat(fd);
    const { offset, lengthBytes } = checkRange(size, range, { file, location: this.location });
    // Not from Buffer's pool: the caller may transfer it to another thread.
    const bytes = Buffer.allocUnsafeSlow(lengthBytes);
    let done = 0;
    while (done < lengthBytes) {
      const { bytesRead } = await readBytes(fd, bytes, done, lengthBytes - done, offset + done);
      // Cut short since fstat.
      if (bytesRead === 0)
        checkRange(offset + done, { offset, lengthBytes }, { file, location: this.location });
      done += bytesRead;
    }
    return bytes;
  }

  async *#listConfig(): AsyncIterable<StoredFile> {
    const names = await namesIn(this.location, { type: "config", location: this.location });
    if (names.includes("config")) yield await this.stat({ type: "config", name: "" });
  }

  /** Removes what a killed run left behind, once per folder that this run writes to. */
  async #removeAbandoned(folder: string): Promise<void> {
    if (this.#cleaned.has(folder)) return;
    this.#cleaned.add(folder);
    let names: readonly string[];
    try {
      names = await readdir(folder);
    } catch {
      // The write that follows says what is wrong with the folder.
      return;
    }
    for (const name of names) {
      if (!temporaryName.test(name)) continue;
      const path = join(folder, name);
      const found = statSync(path, { throwIfNoEntry: false });
      if (found === undefined || this.#now() - found.mtimeMs < abandonedAfterMs) continue;
      await unlink(path);
    }
  }

  async #sync(folder: string): Promise<void> {
    try {
      await syncFolder(folder);
    } catch (error) {
      if (!cannotSync.has(systemErrorCode(error) ?? "")) throw error;
      this.#durable = false;
    }
  }

  #errorOf(error: unknown, action: string, file: FileHandle): unknown {
    if (error instanceof StorageError || systemErrorCode(error) !== "ENOENT") {
      return storageErrorOf(error, `${action} ${describeFile(file)}`, this.location);
    }
    return action === "save"
      ? placeNotFound(
          `save ${describeFile(file)}`,
          this.location,
          file.type === "config" ? "." : folderOf[file.type],
        )
      : fileNotFound(action, file, this.location);
  }
}

type Modes = { readonly folderMode: number; readonly fileMode: number };
const privateModes: Modes = { folderMode: 0o700, fileMode: 0o400 };
