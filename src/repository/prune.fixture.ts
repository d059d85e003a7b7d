/** Repositories in memory with something to prune. */
import assert from "node:assert/strict";
import type { MemoryNodes } from "#image";
import { fileTypes, memoryStorage, type Storage } from "#storage";
import {
  captureNodes,
  contentOf,
  coreOfRepository,
  filesOf,
  messages,
  reopen,
  startNs,
} from "./duplicate.fixture.ts";
import { IndexFiles } from "./index-files.ts";
import type { PruneOptions, PruneResult } from "./prune-result.ts";
import { quickRepository } from "./repository.fixture.ts";
import type { Snapshot } from "./repository.ts";

const password = "geheim";
const never: AbortSignal = new AbortController().signal;

export type PruneScene = { readonly storage: Storage; readonly snapshots: readonly Snapshot[] };

/** A moment for each store, one after another. */
export async function sceneOf(...stores: readonly MemoryNodes[]): Promise<PruneScene> {
  const storage = await quickRepository(password);
  const snapshots: Snapshot[] = [];
  for (const [second, nodes] of stores.entries()) {
    await using repository = await reopen(storage);
    snapshots.push(await captureNodes(repository, nodes, { second }));
  }
  return { storage, snapshots };
}

/** Three moments that share some messages and each have some of their own; the first is forgotten. */
export async function sceneWithWaste(): Promise<
  PruneScene & { readonly kept: readonly Snapshot[] }
> {
  const scene = await sceneOf(
    messages(40),
    { ...messages(20), ...messages(20, 100) },
    messages(10, 110),
  );
  await using repository = await reopen(scene.storage);
  await repository.removeSnapshots([scene.snapshots[0]?.id ?? ""]);
  return { ...scene, kept: scene.snapshots.slice(1) };
}

export async function prune(
  storage: Storage,
  options: Partial<PruneOptions> = {},
): Promise<PruneResult> {
  await using repository = await reopen(storage);
  return await repository.prune({ now: () => startNs, ...options });
}

/** Every moment reads back whole, and verification has nothing to say, not even warnings. */
export async function assertWhole(
  storage: Storage,
  expected: ReadonlyMap<string, Record<string, string>>,
): Promise<void> {
  await using repository = await reopen(storage);
  for (const snapshot of await repository.snapshots()) {
    const content = await contentOf(repository, snapshot);
    if (expected.has(snapshot.id)) assert.deepEqual(content, expected.get(snapshot.id));
  }
  const ids = (await repository.snapshots()).map(({ id }) => id);
  for (const id of expected.keys()) assert.ok(ids.includes(id), `moment ${id} is gone`);
  assert.deepEqual((await repository.verify({ readData: true })).findings, []);
  assert.deepEqual(await filesOf(storage, "lock"), []);
}

export async function contentsOf(
  storage: Storage,
  snapshots: readonly Snapshot[],
): Promise<ReadonlyMap<string, Record<string, string>>> {
  await using repository = await reopen(storage);
  const contents = new Map<string, Record<string, string>>();
  for (const snapshot of snapshots)
    contents.set(snapshot.id, await contentOf(repository, snapshot));
  return contents;
}

/** The same files in another memory, to be broken. */
export async function copyOf(storage: Storage): Promise<Storage> {
  const copy = memoryStorage({ location: storage.location });
  await copy.create();
  for (const type of fileTypes) {
    for await (const { name } of storage.list(type))
      await copy.save({ type, name }, [await storage.load({ type, name })]);
  }
  return copy;
}

export async function bytesIn(storage: Storage, type: "data" | "index"): Promise<number> {
  let bytes = 0;
  for await (const { sizeBytes } of storage.list(type)) bytes += sizeBytes;
  return bytes;
}

/** ID and type of each blob, with how often it is stored. */
export async function blobsIn(storage: Storage): Promise<ReadonlyMap<string, number>> {
  await using repository = await reopen(storage);
  const index = (await IndexFiles.load(coreOfRepository(repository), never)).toIndex();
  const blobs = new Map<string, number>();
  for (let blob = 0; blob < index.length; blob++) {
    const name = `${index.typeOf(blob)} ${Buffer.from(index.idOf(blob)).toString("hex")}`;
    blobs.set(name, (blobs.get(name) ?? 0) + 1);
  }
  return blobs;
}

export async function assertRefused(
  storage: Storage,
  code: string,
  message: RegExp,
): Promise<void> {
  const before = [await filesOf(storage, "data"), await filesOf(storage, "index")];
  await assert.rejects(
    prune(storage, { maxUnusedShare: 0 }),
    (error: Error & { code?: string }) => {
      assert.equal(error.code, code);
      assert.match(error.message, message);
      return true;
    },
  );
  assert.deepEqual([await filesOf(storage, "data"), await filesOf(storage, "index")], before);
  assert.deepEqual(await filesOf(storage, "lock"), []);
}
