/** What a journal needs of the folder that it lies in: so that tests can lose power under it. */
import { constants, fdatasync, lstatSync, type Stats, writeSync, writevSync } from "node:fs";
import { type FileHandle, lstat, mkdir, open, readdir, rename, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { systemErrorCode } from "#errors";
import { syncFolder } from "#files";
import { removed } from "./journal-failure.ts";

export interface JournalFile {
  sizeBytes(): Promise<number>;
  /** Fills `target` from `offset` on as far as there are bytes; how many there were. */
  read(target: Buffer, offset: number): Promise<number>;
  /** Writes the parts one after another; how many bytes were taken, which may be fewer. */
  write(parts: readonly Buffer[], offset: number): Promise<number>;
  /** The same without another thread: for few bytes, while the disk keeps nobody waiting. */
  writeAtOnce(parts: readonly Buffer[], offset: number): number;
  /** Returns when what was written survives a power cut. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** Errors are the system's own (ENOENT, EEXIST, ENOSPC, EIO, …). */
export interface JournalFiles {
  /** For messages. */
  readonly location: string;
  /** Makes the folder, where it is not there, so that it survives a power cut. */
  make(): Promise<void>;
  list(): Promise<readonly string[]>;
  /** A new file, only its owner's; throws EEXIST. Its `sync` throws JournalError `journal.removed` where it is not there any more. */
  create(name: string): Promise<JournalFile>;
  open(name: string, access: "read" | "write"): Promise<JournalFile>;
  rename(name: string, to: string): Promise<void>;
  remove(name: string): Promise<void>;
  /** Returns when the names in the folder survive a power cut. */
  syncFolder(): Promise<void>;
}

/** writev(2) takes at most IOV_MAX = 1024 parts at once. */
const partsAtOnce = 1024;
/** A disk that is slower may hang: then nobody is to wait for it in this thread. */
const promptMs = 10;

export function folderFiles(location: string): JournalFiles {
  return {
    location,
    make: async () => await makeDurably(location),
    list: async () => await readdir(location),
    create: async (name) => {
      const path = join(location, name);
      const handle = await open(path, "wx+", 0o600);
      const { ino, dev } = await handle.stat();
      const file = openedFile(handle);
      const sync = async (): Promise<void> => {
        const beganMs = performance.now();
        await file.sync();
        // A file without a name takes all that is written, and all of it is gone with its writer.
        const isPrompt = performance.now() - beganMs < promptMs;
        const there = isPrompt ? lstatSync(path, { throwIfNoEntry: false }) : await entryAt(path);
        if (there?.ino !== ino || there.dev !== dev) throw removed(location);
      };
      return { ...file, sync };
    },
    open: async (name, access) => {
      // A journal is read where hostile hands may have put something else: never through a link, and never waiting for a pipe.
      const { O_RDONLY, O_RDWR, O_NOFOLLOW, O_NONBLOCK } = constants;
      const flags = (access === "read" ? O_RDONLY : O_RDWR) | O_NOFOLLOW | O_NONBLOCK;
      const handle = await open(join(location, name), flags);
      return openedFile(handle);
    },
    rename: async (name, to) => await rename(join(location, name), join(location, to)),
    remove: async (name) => await unlink(join(location, name)),
    syncFolder: async () => await syncFolder(location),
  };
}

async function entryAt(path: string): Promise<Stats | undefined> {
  try {
    return await lstat(path);
  } catch (error) {
    if (systemErrorCode(error) !== "ENOENT") throw error;
    return undefined;
  }
}

function openedFile(handle: FileHandle): JournalFile {
  return {
    sizeBytes: async () => (await handle.stat()).size,
    read: async (target, offset) => {
      let filled = 0;
      while (filled < target.length) {
        const { bytesRead } = await handle.read(
          target,
          filled,
          target.length - filled,
          offset + filled,
        );
        if (bytesRead === 0) break;
        filled += bytesRead;
      }
      return filled;
    },
    write: async (parts, offset) =>
      (await handle.writev(parts.slice(0, partsAtOnce), offset)).bytesWritten,
    writeAtOnce: (parts, offset) => {
      const [first] = parts;
      if (first !== undefined && parts.length === 1)
        return writeSync(handle.fd, first, 0, first.length, offset);
      return writevSync(handle.fd, parts.slice(0, partsAtOnce), offset);
    },
    sync: () => datasync(handle.fd),
    close: async () => await handle.close(),
  };
}

/** With a callback, which costs half of what the promises' own call does. */
function datasync(fd: number): Promise<void> {
  return new Promise((resolve, reject) =>
    fdatasync(fd, (error) => (error === null ? resolve() : reject(error))),
  );
}

/** With the folders above that had to be made. */
async function makeDurably(location: string): Promise<void> {
  const first = await mkdir(location, { recursive: true, mode: 0o700 });
  if (first === undefined) return;
  for (let made = location; made.length >= first.length; made = dirname(made)) {
    await syncFolder(dirname(made));
    if (made === dirname(made)) break;
  }
}

/** Everything, however often the system takes only a part of it. */
export async function writeAll(
  file: JournalFile,
  parts: readonly Buffer[],
  { offset, isAtOnce = false }: { readonly offset: number; readonly isAtOnce?: boolean },
): Promise<void> {
  let [rest, at] = [parts, offset];
  while (rest.length > 0) {
    const some = rest.length > partsAtOnce ? rest.slice(0, partsAtOnce) : rest;
    const taken = isAtOnce ? file.writeAtOnce(some, at) : await file.write(some, at);
    let wanted = 0;
    for (const part of some) wanted += part.length;
    if (taken === wanted && some === rest) return;
    if (taken === 0 && wanted > 0)
      throw Object.assign(new Error("nothing was written"), { code: "EIO" });
    at += taken;
    rest = [...withoutFirst(some, taken), ...rest.slice(partsAtOnce)];
  }
}

function withoutFirst(parts: readonly Buffer[], bytes: number): readonly Buffer[] {
  let skip = bytes;
  for (const [index, part] of parts.entries()) {
    if (skip < part.length) return [part.subarray(skip), ...parts.slice(index + 1)];
    skip -= part.length;
  }
  return [];
}
