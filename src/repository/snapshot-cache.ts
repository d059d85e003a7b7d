/**
 * Snapshots as they were read, in one local file: who lists ten thousand moments would otherwise open,
 * decrypt and parse as many files. Snapshot files never change, so what is kept under an ID does
 * not go stale; which of them are there still, storage says.
 */
import { decodeSnapshots, encodeSnapshots } from "./kept-snapshots.ts";
import type { LocalCache } from "./local-cache.ts";
import type { Snapshot } from "./repository.ts";

const cacheKind = "snapshots";
const cacheName = "columns";

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
