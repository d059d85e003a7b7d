/** What this room does with files whose names are bytes. Everything throws the system's own error. */
import { spawn } from "node:child_process";
import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  lstatSync,
  openSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  statfsSync,
  unlinkSync,
} from "node:fs";
import { setImmediate } from "node:timers/promises";
import { systemErrorCode } from "#errors";
import { writeDurably } from "#files";
import { joinRawPath, type RawName, type RawPath, rawPathToBytes } from "#image";

const largestFileBytes = 64 * 1024 * 1024;
const sliceEntries = 256;

/** A folder that is held open: its place leads to it, in plain characters, whatever its name is by now. */
export function openFolder(
  path: RawPath,
): Disposable & { readonly descriptor: number; readonly place: string } {
  const flags = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
  const descriptor = openSync(rawPathToBytes(path), flags);
  return {
    descriptor,
    place: `/proc/self/fd/${descriptor}`,
    [Symbol.dispose]: () => closeSync(descriptor),
  };
}

export function syncNames(path: RawPath): void {
  using folder = openFolder(path);
  fsyncSync(folder.descriptor);
}

export async function writeIn(
  folder: RawPath,
  name: RawName,
  { bytes, exclusive = false }: { readonly bytes: Uint8Array; readonly exclusive?: boolean },
): Promise<void> {
  using open = openFolder(folder);
  await writeDurably(`${open.place}/${name}`, bytes, { exclusive });
}

/** The text of a plain file; undefined where there is none. */
export function readIn(folder: RawPath, name: RawName): string | undefined {
  let descriptor: number;
  try {
    const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
    descriptor = openSync(rawPathToBytes(joinRawPath(folder, name)), flags);
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return undefined;
    throw error;
  }
  try {
    const stats = fstatSync(descriptor);
    if (!stats.isFile() || stats.size > largestFileBytes)
      throw new Error("it is no plain file of a usual size");
    return readFileSync(descriptor, "utf8");
  } finally {
    closeSync(descriptor);
  }
}

export function namesIn(folder: RawPath): readonly RawName[] {
  const names = readdirSync(rawPathToBytes(folder), { encoding: "latin1" }) as RawName[];
  return names.sort();
}

export function exists(path: RawPath): boolean {
  return lstatSync(rawPathToBytes(path), { throwIfNoEntry: false }) !== undefined;
}

export function isFolder(path: RawPath): boolean {
  return lstatSync(rawPathToBytes(path), { throwIfNoEntry: false })?.isDirectory() === true;
}

export type Room = { readonly freeBytes: number; readonly totalBytes: number };

/** What this user may still fill, and all there is, on the filesystem of a folder. */
export function roomOn(folder: RawPath): Room {
  const { bavail, blocks, bsize } = statfsSync(rawPathToBytes(folder));
  return { freeBytes: bavail * bsize, totalBytes: blocks * bsize };
}

/** Bytes allocated to what lies below a folder; a file of several names counts once. */
export async function allocatedBytes(folder: RawPath, signal?: AbortSignal): Promise<number> {
  const linked = new Set<bigint>();
  const waiting: RawPath[] = [folder];
  let total = 0n;
  let seen = 0;
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    for (const name of namesIn(path)) {
      if (++seen % sliceEntries === 0) await setImmediate();
      signal?.throwIfAborted();
      const below = joinRawPath(path, name);
      const stats = lstatSync(rawPathToBytes(below), { bigint: true });
      if (stats.isDirectory()) waiting.push(below);
      if (stats.nlink > 1n && !stats.isDirectory()) {
        if (linked.has(stats.ino)) continue;
        linked.add(stats.ino);
      }
      total += stats.blocks * 512n;
    }
  }
  return Number(total);
}

/**
 * Removes a folder of ours and all in it, links never followed. What is gone already is no error:
 * two may be at it. No recursion: depth is mail's choice.
 */
export async function removeFolder(folder: RawPath, signal?: AbortSignal): Promise<void> {
  if (!exists(folder)) return;
  await setImmutable(folder, false);
  const stack: { readonly path: RawPath; readonly names: RawName[] }[] = [];
  const enter = (path: RawPath): void => {
    ignoreGone(() => stack.push({ path, names: [...namesIn(path)] }));
  };
  enter(folder);
  let seen = 0;
  for (let open = stack.at(-1); open !== undefined; open = stack.at(-1)) {
    if (++seen % sliceEntries === 0) await setImmediate();
    signal?.throwIfAborted();
    const name = open.names.pop();
    if (name === undefined) {
      stack.pop();
      ignoreGone(() => rmdirSync(rawPathToBytes(open.path)));
      continue;
    }
    const path = joinRawPath(open.path, name);
    if (isFolder(path)) enter(path);
    else ignoreGone(() => unlinkSync(rawPathToBytes(path)));
  }
}

function ignoreGone(work: () => void): void {
  try {
    work();
  } catch (error) {
    if (systemErrorCode(error) !== "ENOENT") throw error;
  }
}

/** sync(1) of one filesystem: everything written so far is on disk when this returns. */
export async function syncFilesystem(folder: RawPath): Promise<void> {
  if (await runOn("sync", ["-f"], folder)) return;
  throw Object.assign(new Error("EIO: the filesystem could not be synced"), { code: "EIO" });
}

/**
 * Asks for the immutable attribute on everything in a folder, so that not even root writes there by
 * mistake. Where that is refused (no root, no such attribute) the folder's mode alone protects it.
 */
export async function setImmutable(folder: RawPath, isImmutable: boolean): Promise<void> {
  if (process.geteuid?.() !== 0) return;
  await runOn("chattr", ["-R", "-f", isImmutable ? "+i" : "-i"], folder);
}

async function runOn(program: string, words: readonly string[], folder: RawPath): Promise<boolean> {
  using open = openFolder(folder);
  const child = spawn(program, [...words, "/proc/self/fd/3/."], {
    stdio: ["ignore", "ignore", "ignore", open.descriptor],
  });
  return await new Promise((resolve) => {
    child.once("error", () => resolve(false));
    child.once("exit", (code) => resolve(code === 0));
  });
}
