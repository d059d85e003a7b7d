import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { BlobFinder } from "./blob-finder.ts";
import { loadIndex, type LoadIndexOptions } from "./load-index.ts";
import { openLocalCache } from "./local-cache.ts";
import { encodeIndex, type IndexedPack } from "./parsed-index.ts";
import { idOf, memoryContext } from "./repository.fixture.ts";
import { saveUnpacked } from "./unpacked-file.ts";

let folder = "";
let options: LoadIndexOptions;
/** Files that were read from storage, listings aside. */
let loads = 0;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "restante-finder-"));
  const context = await memoryContext();
  const { storage } = context;
  const counting = {
    ...storage,
    list: storage.list.bind(storage),
    save: storage.save.bind(storage),
    remove: storage.remove.bind(storage),
    load: (...given: Parameters<typeof storage.load>) => {
      loads++;
      return storage.load(...given);
    },
  } as typeof storage;
  options = { context: { ...context, storage: counting }, cache: openLocalCache(folder) };
  loads = 0;
});
afterEach(async () => await rm(folder, { recursive: true }));

const pack = (n: number): IndexedPack => ({
  packId: idOf(1000 + n).toString("hex"),
  blobs: [{ id: idOf(n), type: "data", offset: n, lengthBytes: 40 + n, rawLengthBytes: 0 }],
});

async function saveIndex(packs: readonly IndexedPack[]): Promise<string> {
  return await saveUnpacked(options.context, "index", { json: encodeIndex(packs) });
}

async function placeOf(finder: BlobFinder, n: number): Promise<number | undefined> {
  return (await finder.find(idOf(n), { type: "data" }))?.offset;
}

test("without a cache all is read, once; from then on a few blobs are searched for", async () => {
  await saveIndex([pack(1), pack(2)]);
  await saveIndex([pack(3)]);
  const first = await BlobFinder.open(options);
  assert.equal(first.isSearching, false);
  assert.deepEqual([await placeOf(first, 1), await placeOf(first, 3)], [1, 3]);
  loads = 0;
  const second = await BlobFinder.open(options);
  assert.equal(second.isSearching, true);
  for (const n of [1, 2, 3]) assert.equal(await placeOf(second, n), n);
  assert.equal(loads, 0);
  second.endSearch();
  assert.equal(second.isSearching, false);
  assert.equal(await placeOf(second, 2), 2);
});

test("what the search does not know is looked for in the whole index", async () => {
  await saveIndex([pack(1)]);
  await loadIndex(options);
  const finder = await BlobFinder.open(options);
  await saveIndex([pack(9)]);
  assert.equal(await placeOf(finder, 9), 9);
  assert.equal(finder.isSearching, false);
  assert.equal(await placeOf(finder, 7), undefined);
});

test("after many searches all is read", async () => {
  await saveIndex([pack(1)]);
  await loadIndex(options);
  const finder = await BlobFinder.open(options);
  for (let n = 0; n < 600; n++) assert.equal(await placeOf(finder, 1), 1);
  assert.equal(finder.isSearching, false);
});

test("a cached file that is not what it was is made again", async () => {
  const id = await saveIndex([pack(1), pack(2)]);
  await loadIndex(options);
  const path = join(folder, "index", id);
  const whole = await readFile(path);
  for (const bytes of [whole.subarray(0, 30), Buffer.alloc(whole.length), Buffer.alloc(0)]) {
    await writeFile(path, bytes);
    const finder = await BlobFinder.open(options);
    assert.equal(await placeOf(finder, 2), 2);
    assert.deepEqual(await readFile(path), whole);
    finder.endSearch();
  }
});

test("a prune's index files are not searched any more", async () => {
  const old = await saveIndex([pack(1)]);
  await loadIndex(options);
  await saveIndex([{ ...pack(1), packId: idOf(5).toString("hex") }]);
  await options.context.storage.remove({ type: "index", name: old });
  const finder = await BlobFinder.open(options);
  const found = await finder.find(idOf(1), { type: "data" });
  assert.equal(found?.packId, idOf(5).toString("hex"));
});
