import { lstatSync, readdirSync } from "node:fs";
import { closeSync } from "node:fs";
import { setImmediate } from "node:timers/promises";
import { joinRawPath, type RawName, type RawPath, rawPathToBytes } from "#image";
import { openSource } from "./copy-file.ts";
import { unsharedBytes } from "./native-calls.ts";

export type TreeSpace = {
  /** Allocated to files and folders; a file of several names counts once. */
  readonly totalBytes: number;
  /** Of those, in blocks that no other file has; undefined where the filesystem does not tell. */
  readonly unsharedBytes: number | undefined;
};

const sliceEntries = 256;
/** Unit of st_blocks (stat(2)). */
const blockBytes = 512;

/** Throws the system's error where a folder of the tree cannot be listed. */
export async function measureTree(folder: RawPath, signal?: AbortSignal): Promise<TreeSpace> {
  const waiting: RawPath[] = [folder];
  const linked = new Set<bigint>();
  let totalBytes = 0;
  let own: number | undefined = 0;
  let seen = 0;
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    const names = readdirSync(rawPathToBytes(path), { encoding: "latin1" }) as RawName[];
    totalBytes += Number(lstatSync(rawPathToBytes(path), { bigint: true }).blocks) * blockBytes;
    for (const name of names) {
      if (++seen % sliceEntries === 0) await setImmediate();
      signal?.throwIfAborted();
      const below = joinRawPath(path, name);
      const stats = lstatSync(rawPathToBytes(below), { bigint: true });
      if (stats.isDirectory()) {
        waiting.push(below);
        continue;
      }
      if (stats.nlink > 1n && linked.has(stats.ino)) continue;
      linked.add(stats.ino);
      totalBytes += Number(stats.blocks) * blockBytes;
      const unshared = stats.isFile() ? unsharedOf(below) : 0;
      own = own === undefined || unshared === undefined ? undefined : own + unshared;
    }
  }
  return { totalBytes, unsharedBytes: own };
}

function unsharedOf(path: RawPath): number | undefined {
  const source = openSource(path);
  if (source === undefined) return undefined;
  try {
    return unsharedBytes(source.descriptor);
  } finally {
    closeSync(source.descriptor);
  }
}
