import { type Dirent, statSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { systemErrorCode } from "#errors";
import type { FileType, ListOptions, StoredFile } from "./storage.ts";
import { isStoredName, placeNotFound, storageErrorOf } from "./storage-error.ts";

/** Restic's default layout (restic design: Repository Layout). */
export const folderOf: Readonly<Record<Exclude<FileType, "config">, string>> = {
  key: "keys",
  lock: "locks",
  snapshot: "snapshots",
  index: "index",
  data: "data",
};

/** Entries looked at before other work gets its turn. */
const sliceLength = 512;

/** Whose files a folder holds, and of which repository. */
export type ListedFolder = {
  readonly type: FileType;
  /** The repository's folder, for errors. */
  readonly location: string;
  readonly mayBeMissing?: boolean;
};

/** Names in a folder; none where it may be missing and is. */
export async function namesIn(folder: string, of: ListedFolder): Promise<readonly string[]> {
  return await reading(of, () => readdir(folder));
}

/** The files of these names with their sizes; what was removed meanwhile, and what is none, is left out. */
export async function* filesWithSizes(
  folder: string,
  { names, location }: ListedFolder & { readonly names: readonly string[] },
  { signal }: ListOptions,
): AsyncIterable<StoredFile> {
  for (let index = 0; index < names.length; index++) {
    if (index % sliceLength === 0) {
      signal?.throwIfAborted();
      if (index > 0) await setImmediate();
    }
    const name = names[index] as string;
    if (!isStoredName(name)) continue;
    const found = sizeOf(join(folder, name), location);
    if (found !== undefined) yield { name, sizeBytes: found };
  }
}

/** Of ten thousand snapshots the names alone are wanted; a look at each takes longer than reading them. */
export async function* filesByName(
  folder: string,
  of: ListedFolder,
  { signal }: ListOptions,
): AsyncIterable<StoredFile> {
  for (const entry of await reading(of, () => readdir(folder, { withFileTypes: true }))) {
    signal?.throwIfAborted();
    if (!isStoredName(entry.name)) continue;
    if (entry.isFile() || isFileBehind(entry, folder, of)) yield { name: entry.name, sizeBytes: 0 };
  }
}

/** What a link leads to, and what the filesystem does not tell, is looked at. */
function isFileBehind(entry: Dirent, folder: string, { location }: ListedFolder): boolean {
  return !entry.isDirectory() && sizeOf(join(folder, entry.name), location) !== undefined;
}

/** Size of a file; undefined where it was removed since the folder was read, or is none. */
function sizeOf(path: string, location: string): number | undefined {
  try {
    const found = statSync(path, { throwIfNoEntry: false });
    return found?.isFile() === true ? found.size : undefined;
  } catch (error) {
    throw storageErrorOf(error, "list files", location);
  }
}

async function reading<Found>(
  { type, location, mayBeMissing }: ListedFolder,
  read: () => Promise<readonly Found[]>,
): Promise<readonly Found[]> {
  try {
    return await read();
  } catch (error) {
    const code = systemErrorCode(error);
    // A stray file among the data folders is not one of them.
    if (mayBeMissing === true && (code === "ENOENT" || code === "ENOTDIR")) return [];
    if (code === "ENOENT")
      throw placeNotFound(`list ${type} files`, location, type === "config" ? "." : folderOf[type]);
    throw storageErrorOf(error, `list ${type} files`, location);
  }
}
