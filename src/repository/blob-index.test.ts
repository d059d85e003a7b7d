import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { BlobIndex } from "./blob-index.ts";
import { indexOfPacks } from "./parsed-index.ts";
import { idOf } from "./repository.fixture.ts";

type Blob = {
  id: Buffer;
  type: "data" | "tree";
  offset: number;
  lengthBytes: number;
  rawLengthBytes: number;
};

const blob: fc.Arbitrary<Blob> = fc.record({
  // Few numbers, so that IDs repeat within and across packs.
  id: fc.integer({ min: 0, max: 60 }).map(idOf),
  type: fc.constantFrom("data" as const, "tree" as const),
  offset: fc.nat(1e6),
  lengthBytes: fc.nat(1e6),
  rawLengthBytes: fc.nat(1e6),
});
const indexes = fc.array(
  fc.array(
    fc.record({
      packId: fc.integer({ min: 0, max: 5 }).map((n) => idOf(1000 + n).toString("hex")),
      blobs: fc.array(blob, { maxLength: 15 }),
    }),
    { maxLength: 4 },
  ),
  { maxLength: 4 },
);

test("an index finds what a Map finds, the first where a blob is in several packs", () => {
  fc.assert(
    fc.property(indexes, (files) => {
      const index = new BlobIndex(files.map(indexOfPacks));
      const expected = new Map<string, object>();
      const packNumbers = new Map<string, number>();
      let length = 0;
      for (const { packId, blobs } of files.flat()) {
        if (!packNumbers.has(packId)) packNumbers.set(packId, packNumbers.size);
        for (const { id, type, ...place } of blobs) {
          length++;
          const key = `${type} ${id.toString("hex")}`;
          if (!expected.has(key))
            expected.set(key, { packId, packNumber: packNumbers.get(packId), ...place });
        }
      }
      assert.equal(index.length, length);
      assert.deepEqual(index.packs, [...packNumbers.keys()]);
      for (let n = 0; n <= 62; n++) {
        for (const type of ["data", "tree"] as const) {
          const found = index.lookup(idOf(n), type);
          assert.deepEqual(found, expected.get(`${type} ${idOf(n).toString("hex")}`));
          assert.equal(index.has(idOf(n), type), found !== undefined);
        }
      }
    }),
  );
});

test("every blob can be visited by its number", () => {
  const pack = {
    packId: idOf(7).toString("hex"),
    blobs: Array.from({ length: 500 }, (_, n) => ({
      id: idOf(n),
      type: n % 3 === 0 ? ("tree" as const) : ("data" as const),
      offset: n,
      lengthBytes: n + 32,
      rawLengthBytes: 0,
    })),
  };
  const index = new BlobIndex([indexOfPacks([pack])]);
  for (const [n, { id, type, offset }] of pack.blobs.entries()) {
    assert.deepEqual(Buffer.from(index.idOf(n)), id);
    assert.equal(index.typeOf(n), type);
    assert.equal(index.location(n).offset, offset);
    assert.equal(index.find(id, type), n);
  }
});

test("IDs that agree in their first bytes are told apart", () => {
  const ids = Array.from({ length: 50 }, (_, n) => {
    const id = Buffer.alloc(32);
    id[31] = n;
    return id;
  });
  const blobs = ids.map((id, n) => ({
    id,
    type: "data" as const,
    offset: n,
    lengthBytes: 32,
    rawLengthBytes: 0,
  }));
  const index = new BlobIndex([indexOfPacks([{ packId: idOf(1).toString("hex"), blobs }])]);
  for (const [n, id] of ids.entries()) assert.equal(index.lookup(id, "data")?.offset, n);
  assert.equal(index.lookup(Buffer.alloc(32, 1), "data"), undefined);
});

test("an empty index finds nothing", () => {
  assert.equal(new BlobIndex([]).find(idOf(1), "data"), -1);
});
