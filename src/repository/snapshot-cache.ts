/**
 * Snapshots as they were read, in one local file: who lists ten thousand moments would otherwise open,
 * decrypt and parse as many files. Snapshot files never change, so what is kept under an ID does
 * not go stale; which of them are there still, storage says.
 *
 * File: u32 crc32 of the rest ‖ JSON: {"format":1,"snapshots":[…]}, numbers of nanoseconds as text
 */
import { crc32 } from "node:zlib";
import type { LocalCache } from "./local-cache.ts";
import type { Snapshot, SnapshotSummary } from "./repository.ts";

const cacheKind = "snapshots";
const cacheName = "all";
const format = 1;

/** The file is written anew for so many that it lacks: for each one alone it would be written at every capture. */
const leastNew = 16;
const leastNewShare: number = 1 / 64;

export async function readSnapshotCache(cache: LocalCache): Promise<ReadonlyMap<string, Snapshot>> {
  const bytes = await cache.get(cacheKind, cacheName);
  const kept = bytes === undefined ? undefined : decodeSnapshots(bytes);
  return new Map((kept ?? []).map((snapshot) => [snapshot.id, snapshot]));
}

/** Keeps what is there now, where the file lacks enough of it or has too much that is gone. */
export async function keepSnapshots(
  cache: LocalCache,
  {
    there,
    kept,
  }: { readonly there: readonly Snapshot[]; readonly kept: ReadonlyMap<string, Snapshot> },
): Promise<void> {
  const known = there.reduce((count, { id }) => count + (kept.has(id) ? 1 : 0), 0);
  const differing = there.length - known + (kept.size - known);
  if (differing < Math.max(leastNew, there.length * leastNewShare)) return;
  await cache.put({ kind: cacheKind, name: cacheName, parts: [encodeSnapshots(there)] });
}

type KeptSummary = Omit<SnapshotSummary, "backupStartNs" | "backupEndNs"> & {
  readonly backupStartNs: string;
  readonly backupEndNs: string;
};
type KeptSnapshot = Omit<Snapshot, "timeNs" | "summary"> & {
  readonly timeNs: string;
  readonly summary?: KeptSummary;
};

export function encodeSnapshots(snapshots: readonly Snapshot[]): Buffer {
  const kept = snapshots.map(({ summary, ...snapshot }): KeptSnapshot => {
    const own = { ...snapshot, timeNs: String(snapshot.timeNs) };
    if (summary === undefined) return own;
    const { backupStartNs, backupEndNs } = summary;
    return {
      ...own,
      summary: {
        ...summary,
        backupStartNs: String(backupStartNs),
        backupEndNs: String(backupEndNs),
      },
    };
  });
  const json = Buffer.from(JSON.stringify({ format, snapshots: kept }));
  const sum = Buffer.alloc(4);
  sum.writeUInt32LE(crc32(json), 0);
  return Buffer.concat([sum, json]);
}

/** Undefined where the bytes are not what was written, or by another version: it is made again then. */
export function decodeSnapshots(bytes: Buffer): readonly Snapshot[] | undefined {
  // The sum of nothing is 0: four bytes of zeros are no file of ours.
  if (bytes.length <= 4 || crc32(bytes.subarray(4)) !== bytes.readUInt32LE(0)) return undefined;
  // The sum says that these are bytes of ours, which had been checked when they were read.
  const value = JSON.parse(bytes.toString("utf8", 4)) as {
    readonly format: number;
    readonly snapshots: readonly KeptSnapshot[];
  };
  if (value.format !== format) return undefined;
  return value.snapshots.map(({ summary, ...snapshot }): Snapshot => {
    const own = { ...snapshot, timeNs: BigInt(snapshot.timeNs) };
    if (summary === undefined) return own;
    const { backupStartNs, backupEndNs } = summary;
    return {
      ...own,
      summary: {
        ...summary,
        backupStartNs: BigInt(backupStartNs),
        backupEndNs: BigInt(backupEndNs),
      },
    };
  });
}
