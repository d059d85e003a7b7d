import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
} from "node:fs";
import type { BigIntStats } from "node:fs";
import { setImmediate } from "node:timers/promises";
import { systemErrorCode } from "#errors";
import { type Entry, entryTypeOf } from "./entry.ts";
import { addDescribed } from "./folder-stats.ts";
import { notAFolder, notFound, reasonOf, unlistable } from "./image-error.ts";
import { type Listing, ListingBuilder, type ListingBuilderOptions } from "./listing.ts";
import { joinRawPath, type RawName, type RawPath } from "./raw-path.ts";

/** Entries that are described before other work gets its turn: about 10 ms. */
const sliceEntries = 4096;
/** How often a listing is taken again when a name went away between the listing and its description. */
const attempts = 4;

export type ListFolderOptions = ListingBuilderOptions & {
  /** Absolute, with symbolic links resolved. */
  readonly root: RawPath;
  readonly path: RawPath;
  readonly signal?: AbortSignal | undefined;
  /** Entries that are taken over from an earlier listing when their name is in it. */
  readonly known?: Listing | undefined;
  /** The folder is in use: names that go away meanwhile are no news. */
  readonly inUse?: boolean;
};

/**
 * The names of a folder with what lstat(2) says of each. A name that goes away in between makes
 * the listing be taken again, a few times; then it is reported as vanished.
 */
export async function listFolder(options: ListFolderOptions): Promise<Listing> {
  for (let attempt = 1; ; attempt++) {
    const builder = await listOnce(options);
    const vanished = builder.problems.some((problem) => problem.code === "vanished");
    if (!vanished || attempt >= attempts) return builder.build();
  }
}

async function listOnce(options: ListFolderOptions): Promise<ListingBuilder> {
  const { root, path } = options;
  const descriptor = openFolder(root, path);
  try {
    const names = readNames(root, path);
    const builder = new ListingBuilder({ ...options, expected: names.length });
    await describeAll(names, { ...options, descriptor, builder });
    return builder;
  } finally {
    closeSync(descriptor);
  }
}

async function describeAll(
  names: readonly RawName[],
  options: ListFolderOptions & {
    readonly descriptor: number;
    readonly builder: ListingBuilder;
  },
): Promise<void> {
  const { root, path, signal, known, descriptor, builder } = options;
  const prefix = folderPrefix(root, path);
  for (let index = 0; index < names.length; index++) {
    if (index % sliceEntries === sliceEntries - 1) {
      await setImmediate();
      signal?.throwIfAborted();
    }
    const name = names[index] as RawName;
    const knownIndex = known === undefined ? -1 : known.indexOf(name);
    if (known !== undefined && knownIndex >= 0) {
      builder.add(known.bareEntry(knownIndex));
      continue;
    }
    if (addDescribed(descriptor, name, builder)) continue;
    try {
      const entry = describe(prefix, name);
      if (entry !== undefined) builder.add(entry);
      else if (options.inUse !== true)
        builder.problems.push(vanishedProblem(joinRawPath(path, name)));
    } catch (error) {
      if (systemErrorCode(error) === undefined) throw error;
      builder.problems.push({
        path: joinRawPath(path, name),
        code: "unreadable",
        message: `Its attributes cannot be read: ${reasonOf(error)}.`,
      });
    }
  }
}

export function vanishedProblem(path: RawPath): {
  path: RawPath;
  code: "vanished";
  message: string;
} {
  return {
    path,
    code: "vanished",
    message: "It was there when its folder was listed, and then was gone.",
  };
}

/** What lstat(2) says of a name; undefined when it is not there. `prefix` ends with a slash. */
export function describe(prefix: RawPath, name: RawName): Entry | undefined {
  const path = systemPath(prefix + name);
  const stats = statsOf(path);
  if (stats === undefined) return undefined;
  const entry = entryOf(name, stats);
  if (entry.type !== "symlink") return entry;
  try {
    return { ...entry, linkTarget: readlinkSync(path, { encoding: "latin1" }) as RawPath };
  } catch (error) {
    // Replaced by something else or removed since lstat: as good as gone, the listing is taken again.
    if (systemErrorCode(error) === "ENOENT" || systemErrorCode(error) === "EINVAL")
      return undefined;
    throw error;
  }
}

/** lstat(2); undefined where there is nothing, or no folder on the way there. */
export function statsOf(path: string | Buffer): BigIntStats | undefined {
  try {
    return lstatSync(path, { bigint: true, throwIfNoEntry: false });
  } catch (error) {
    if (systemErrorCode(error) === "ENOTDIR") return undefined;
    throw error;
  }
}

export function entryOf(name: RawName, stats: BigIntStats): Entry {
  const statMode = Number(stats.mode);
  const type = entryTypeOf(statMode);
  const isDevice = type === "block-device" || type === "character-device";
  const entry = {
    name,
    type,
    mode: statMode & 0o7777,
    uid: Number(stats.uid),
    gid: Number(stats.gid),
    sizeBytes: Number(stats.size),
    mtimeNs: stats.mtimeNs,
    ctimeNs: stats.ctimeNs,
    inode: stats.ino,
    deviceId: stats.dev,
    links: Number(stats.nlink),
  };
  return isDevice ? { ...entry, device: stats.rdev } : entry;
}

/** Plain ASCII goes to the system as a string, which costs less than bytes. */
export function systemPath(path: string): string | Buffer {
  // oxlint-disable-next-line no-control-regex
  return /^[\x01-\x7f]*$/.test(path) ? path : Buffer.from(path, "latin1");
}

export function absolutePath(root: RawPath, path: RawPath): RawPath {
  return path === "" ? root : joinRawPath(root, path);
}

export function folderPrefix(root: RawPath, path: RawPath): RawPath {
  const folder = absolutePath(root, path);
  return (folder.endsWith("/") ? folder : `${folder}/`) as RawPath;
}

/** Whether a path stays within the Image: no empty, "." or ".." step, no NUL. */
export function staysWithin(path: RawPath): boolean {
  return path === "" || (!path.includes("\0") && !/(?:^|\/)\.{0,2}(?:\/|$)/.test(path));
}

function readNames(root: RawPath, path: RawPath): RawName[] {
  const absolute = systemPath(absolutePath(root, path));
  try {
    return readdirSync(absolute, { encoding: "latin1" }) as RawName[];
  } catch (error) {
    throw folderError(path, error);
  }
}

/** Throws unless the path is a folder that is reached without a symbolic link. */
export function checkFolder(root: RawPath, path: RawPath): BigIntStats {
  const descriptor = openFolder(root, path);
  try {
    return fstatSync(descriptor, { bigint: true });
  } finally {
    closeSync(descriptor);
  }
}

/** A descriptor of the folder, which is reached without a symbolic link; else throws. */
function openFolder(root: RawPath, path: RawPath): number {
  if (!staysWithin(path)) throw notFound(path);
  const absolute = absolutePath(root, path);
  let descriptor: number;
  try {
    const flags =
      constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
    descriptor = openSync(systemPath(absolute), flags);
  } catch (error) {
    throw folderError(path, error);
  }
  if (isAt(descriptor, absolute)) return descriptor;
  closeSync(descriptor);
  throw notFound(path);
}

/**
 * Whether an open file lies where it was asked for. A symbolic link anywhere on the way, also
 * one that was put there a moment ago, shows in the path that the kernel knows the file by.
 */
export function isAt(descriptor: number, absolute: RawPath): boolean {
  let actual: string;
  try {
    actual = readlinkSync(`/proc/self/fd/${descriptor}`, { encoding: "latin1" });
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
    // Without /proc only the last step is guarded (O_NOFOLLOW).
    return true;
  }
  return actual === absolute;
}

function folderError(path: RawPath, error: unknown): Error {
  const code = systemErrorCode(error);
  if (code === undefined) return error as Error;
  if (code === "ENOENT") return notFound(path, error);
  if (code === "ENOTDIR" || code === "ELOOP") return notAFolder(path, error);
  return unlistable(path, error);
}
