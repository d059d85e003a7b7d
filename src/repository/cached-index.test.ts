import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import fc from "fast-check";
import {
  decodeCachedIndex,
  encodeCachedIndex,
  type SearchedIndex,
  searchCachedIndex,
} from "./cached-index.ts";
import { openLocalCache } from "./local-cache.ts";
import { type IndexedPack, indexOfPacks } from "./parsed-index.ts";
import { cachedFile, idOf } from "./repository.fixture.ts";

const folder = await mkdtemp(join(tmpdir(), "restante-cached-index-"));
after(async () => await rm(folder, { recursive: true }));

function manyPacks(packs: number, blobsEach: number): readonly IndexedPack[] {
  return Array.from({ length: packs }, (_, pack) => ({
    packId: idOf(1_000_000 + pack).toString("hex"),
    blobs: Array.from({ length: blobsEach }, (_empty, n) => ({
      id: idOf(pack * blobsEach + n),
      type: n % 7 === 0 ? ("tree" as const) : ("data" as const),
      offset: n * 50,
      lengthBytes: 50,
      rawLengthBytes: n % 2 === 0 ? 0 : 100 + n,
    })),
  }));
}

function search(packs: readonly IndexedPack[]): SearchedIndex {
  return searchCachedIndex(cachedFile(Buffer.from(encodeCachedIndex(indexOfPacks(packs)))))!;
}

test("every blob is found where it lies, and no other", () => {
  for (const [packs, each] of [
    [0, 0],
    [1, 1],
    [3, 30],
    [9, 1000],
  ] as const) {
    const list = manyPacks(packs, each);
    const index = search(list);
    for (const { packId, blobs } of list) {
      for (const { id, type, ...place } of blobs) {
        assert.deepEqual(index.find(id, type), { packId, ...place });
        assert.equal(index.find(id, type === "tree" ? "data" : "tree"), undefined);
      }
    }
    for (let n = 0; n < 100; n++) assert.equal(index.find(idOf(-1 - n), "data"), undefined);
  }
});

test("IDs that begin alike are told apart by the rest of them", () => {
  const ids = Array.from({ length: 200 }, (_, n) => {
    const id = Buffer.alloc(32, n < 100 ? 0 : 0xff);
    return id.fill(n, 31);
  });
  const blobs = ids.map((id, n) => ({
    id,
    type: "data" as const,
    offset: n,
    lengthBytes: 1,
    rawLengthBytes: 0,
  }));
  const index = search([{ packId: idOf(1).toString("hex"), blobs }]);
  for (const [n, id] of ids.entries()) assert.equal(index.find(id, "data")?.offset, n);
  assert.equal(index.find(Buffer.alloc(32, 0x80), "data"), undefined);
});

test("a whole index comes out of it as it went in", () => {
  const index = indexOfPacks(manyPacks(5, 500));
  assert.deepEqual(decodeCachedIndex(Buffer.from(encodeCachedIndex(index))), index);
});

test("a damaged file gives what is there, nothing, or an error that is caught", () => {
  const list = manyPacks(2, 40);
  const bytes = Buffer.from(encodeCachedIndex(indexOfPacks(list)));
  const { id, type } = list[1]!.blobs[3]!;
  fc.assert(
    fc.property(
      fc.nat(bytes.length - 1),
      fc.integer({ min: 1, max: 255 }),
      fc.nat(bytes.length),
      (at, change, length) => {
        for (const damaged of [Buffer.from(bytes), bytes.subarray(0, length)]) {
          if (damaged.length === bytes.length && damaged !== bytes) damaged[at]! ^= change;
          try {
            const found = searchCachedIndex(cachedFile(damaged))?.find(id, type);
            assert.ok(found === undefined || /^[0-9a-f]{64}$/.test(found.packId));
          } catch (error) {
            assert.ok(error instanceof RangeError, String(error));
          }
        }
      },
    ),
    { numRuns: 2000 },
  );
});

test("it is searched in the file it is kept in", async () => {
  const cache = openLocalCache(folder);
  const list = manyPacks(3, 100);
  await cache.put({ kind: "index", name: "a", parts: [encodeCachedIndex(indexOfPacks(list))] });
  await cache.put({ kind: "index", name: "short", parts: [Buffer.from("RIX2")] });
  using index = searchCachedIndex(cache.openFile("index", "a")!)!;
  const { id, type, ...place } = list[2]!.blobs[50]!;
  assert.deepEqual(index.find(id, type), { packId: list[2]!.packId, ...place });
  using short = cache.openFile("index", "short")!;
  assert.throws(() => searchCachedIndex(short), RangeError);
  assert.equal(cache.openFile("index", "absent"), undefined);
});
