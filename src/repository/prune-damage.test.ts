/** What a prune does where something is damaged: it removes nothing that could still be of use. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Storage } from "#storage";
import {
  coreOfRepository,
  filesOf,
  messages,
  reopen,
  replaceFile,
  startNs,
} from "./duplicate.fixture.ts";
import { IndexFiles } from "./index-files.ts";
import { assertRefused, prune, sceneOf, sceneWithWaste } from "./prune.fixture.ts";
import { saveSnapshot } from "./snapshot-file.ts";
import { markUsedBlobs } from "./used-blobs.ts";

const everything = { maxUnusedShare: 0 } as const;

test("prune() refuses while a snapshot file is damaged, for what it needs is not known", async () => {
  const { storage, snapshots } = await sceneWithWaste();
  const name = snapshots[1]?.id ?? "";
  await replaceFile(storage, { type: "snapshot", name }, (bytes) =>
    bytes.with(30, 1 ^ (bytes[30] as number)),
  );
  await assertRefused(storage, "repository.prune-unsure", new RegExp(name.slice(0, 8)));
});

test("prune() refuses while a tree is lost, for what lies below it is not known", async () => {
  const { storage, snapshots } = await sceneWithWaste();
  await using repository = await reopen(storage);
  const { context } = coreOfRepository(repository);
  const [snapshot] = snapshots.slice(1);
  assert.ok(snapshot !== undefined);
  await saveSnapshot(context, { ...snapshot, tree: "ab".repeat(32) });
  await assertRefused(storage, "repository.prune-unsure", /abababab/);
});

test("prune() refuses while index files are missing and trees with them, and removes none of their packs", async () => {
  const { storage } = await sceneWithWaste();
  for (const name of await filesOf(storage, "index")) await storage.remove({ type: "index", name });
  await assertRefused(storage, "repository.prune-unsure", /tree/);
});

test("prune() keeps packs without an index while a moment lacks content that they may hold", async () => {
  // Content and trees lie in packs, and so in index files, of their own: only the content's index goes.
  const { storage, snapshots } = await sceneOf(messages(12));
  const dataPacks = await splitIndexByType(storage);
  const result = await prune(storage, everything);
  assert.ok(result.lostBlobs >= 12);
  assert.deepEqual(result.strayPacksKept.toSorted(), dataPacks.toSorted());
  const there = await filesOf(storage, "data");
  for (const pack of dataPacks) assert.ok(there.includes(pack));
  assert.equal(snapshots.length, 1);
});

/** Leaves an index of the tree packs alone; returns the packs of content. */
async function splitIndexByType(storage: Storage): Promise<readonly string[]> {
  await using repository = await reopen(storage);
  const core = coreOfRepository(repository);
  const signal = new AbortController().signal;
  const files = await IndexFiles.load(core, signal);
  const index = files.toIndex();
  const packs = new Set<string>();
  for (let blob = 0; blob < index.length; blob++)
    if (index.typeOf(blob) === "data") packs.add(index.location(blob).packId);
  await files.forget(packs, { guard: async () => undefined, signal });
  return [...packs];
}

test("prune() keeps a pack of which something cannot be read, and says which", async () => {
  const { storage, kept } = await sceneWithWaste();
  const damaged = await damageUsedBlob(storage);
  const result = await prune(storage, everything);
  assert.deepEqual(result.unreadablePacks, [damaged]);
  assert.ok((await filesOf(storage, "data")).includes(damaged));
  await using repository = await reopen(storage);
  const errors = (await repository.verify({ readData: true })).findings.filter(
    ({ severity }) => severity === "error",
  );
  // The damage that there was, and no more.
  assert.deepEqual([...new Set(errors.map(({ code }) => code))].toSorted(), [
    "blob-damaged",
    "blob-missing",
    "pack-damaged",
  ]);
  assert.equal(kept.length, 2);
});

async function damageUsedBlob(storage: Storage): Promise<string> {
  await using repository = await reopen(storage);
  const core = coreOfRepository(repository);
  const index = (await IndexFiles.load(core, new AbortController().signal)).toIndex();
  // The first message is in the moments that stay; its pack holds forgotten ones too.
  let blob = 0;
  const plan = await repository.prune({ now: () => startNs, dryRun: true, maxUnusedShare: 0 });
  assert.ok(plan.packsRepacked > 0);
  const { isUsed } = await markUsedBlobs(core, {
    index,
    rootTrees: (await repository.snapshots()).map(({ tree }) => tree),
    copies: new Map(),
    signal: new AbortController().signal,
    onTree: () => undefined,
  });
  while (isUsed[blob] !== 1 || index.typeOf(blob) !== "data" || !sharesPackWithUnused(blob)) blob++;
  function sharesPackWithUnused(one: number): boolean {
    for (let other = 0; other < index.length; other++)
      if (isUsed[other] === 0 && index.packNumberOf(other) === index.packNumberOf(one)) return true;
    return false;
  }
  const { packId, offset } = index.location(blob);
  const file = { type: "data", name: packId } as const;
  const bytes = await storage.load(file);
  await storage.remove(file);
  await storage.save(file, [bytes.with(offset + 20, 1 ^ (bytes[offset + 20] as number))]);
  return packId;
}
