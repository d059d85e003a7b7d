/**
 * A folder of this machine for what can be rebuilt: indexes in typed form, the state of the last
 * scan. It may be deleted at any time; every reader checks what it reads. It names blobs and
 * files, so only its owner may read it.
 */
import { mkdir, open, readFile, readdir, rename, rm, unlink } from "node:fs/promises";
import { randomBytes } from "node:crypto";
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { join } from "node:path";

/** A kept file, open for reading parts of it. */
export interface CachedFile extends Disposable {
  readonly lengthBytes: number;
  /** Throws where the file does not have so many bytes there. */
  readAt(offset: number, lengthBytes: number): Buffer;
}

export interface LocalCache {
  /** The bytes kept under a name; undefined where there are none or they cannot be read. */
  get(kind: string, name: string): Promise<Buffer | undefined>;
  /** The same to be read in parts. What replaces it under its name does not change it. */
  openFile(kind: string, name: string): CachedFile | undefined;
  /** Keeps bytes, replacing what was there. A cache that cannot be written costs time, not mail: false. */
  put(entry: {
    readonly kind: string;
    readonly name: string;
    /** Taken some megabytes at a time: they may be made, or read, as they are wanted. */
    readonly parts: Iterable<Uint8Array>;
  }): Promise<boolean>;
  remove(kind: string, name: string): Promise<void>;
  names(kind: string): Promise<readonly string[]>;
}

export const noCache: LocalCache = {
  get: async () => undefined,
  openFile: () => undefined,
  put: async () => false,
  remove: async () => undefined,
  names: async () => [],
};

/** `folder` is made when first written to, for its owner alone. */
export function openLocalCache(folder: string): LocalCache {
  const place = (kind: string, name: string): string => join(folder, kind, name);
  return {
    async get(kind, name) {
      return readFile(place(kind, name)).catch(() => undefined);
    },
    openFile: (kind, name) => openCachedFile(place(kind, name)),
    async put({ kind, name, parts }) {
      const path = place(kind, name);
      const temporary = `${path}.${randomBytes(6).toString("hex")}.tmp`;
      try {
        await mkdir(join(folder, kind), { recursive: true, mode: 0o700 });
        const file = await open(temporary, "wx", 0o600);
        try {
          for (const some of inGroups(parts)) await file.writev(some);
        } finally {
          await file.close();
        }
        // No fsync: readers check a sum, and what a power cut takes is rebuilt.
        await rename(temporary, path);
        return true;
      } catch {
        await unlink(temporary).catch(() => undefined);
        return false;
      }
    },
    async remove(kind, name) {
      await rm(place(kind, name), { force: true });
    },
    async names(kind) {
      return readdir(join(folder, kind)).catch(() => []);
    },
  };
}

function openCachedFile(path: string): CachedFile | undefined {
  let file: number;
  try {
    file = openSync(path, "r");
  } catch {
    return undefined;
  }
  return {
    lengthBytes: fstatSync(file).size,
    readAt(offset, lengthBytes) {
      const bytes = Buffer.allocUnsafe(lengthBytes);
      if (lengthBytes > 0 && readSync(file, bytes, 0, lengthBytes, offset) !== lengthBytes)
        throw new RangeError("a cached file is shorter than it says");
      return bytes;
    },
    [Symbol.dispose]: () => closeSync(file),
  };
}

/** Written by one call, and in memory at the same time. */
const mostGroupBytes: number = 4 * 1024 * 1024;
const mostGroupParts = 1000;

function* inGroups(parts: Iterable<Uint8Array>): Generator<Uint8Array[]> {
  let group: Uint8Array[] = [];
  let bytes = 0;
  for (const part of parts) {
    group.push(part);
    bytes += part.length;
    if (bytes < mostGroupBytes && group.length < mostGroupParts) continue;
    yield group;
    [group, bytes] = [[], 0];
  }
  if (group.length > 0) yield group;
}
