import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decodeCachedIndex, encodeCachedIndex } from "./cached-index.ts";
import { type IndexedPack, encodeIndex, indexOfPacks, parseIndex } from "./parsed-index.ts";
import { idOf } from "./repository.fixture.ts";

const packs: fc.Arbitrary<readonly IndexedPack[]> = fc.array(
  fc.record({
    packId: fc.nat().map((n) => idOf(n).toString("hex")),
    blobs: fc.array(
      fc.record({
        id: fc.nat().map(idOf),
        type: fc.constantFrom("data" as const, "tree" as const),
        offset: fc.integer({ min: 0, max: 0xffff_ffff }),
        lengthBytes: fc.integer({ min: 0, max: 0xffff_ffff }),
        rawLengthBytes: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 0xffff_ffff })),
      }),
      { maxLength: 20 },
    ),
  }),
  { maxLength: 6 },
);

const someId = idOf(1).toString("hex");
const onePack = (blob: object): Uint8Array =>
  Buffer.from(JSON.stringify({ packs: [{ id: someId, blobs: [blob] }] }));
const goodBlob = { id: someId, type: "data", offset: 0, length: 40, uncompressed_length: 10 };

test("an index is parsed to what it was made of, and its columns are those of the packs", () => {
  fc.assert(
    fc.property(packs, (list) => {
      assert.deepEqual(parseIndex(encodeIndex(list), "index"), indexOfPacks(list));
    }),
  );
});

test("the JSON of an index is that of restic", () => {
  const json = encodeIndex([
    {
      packId: someId,
      blobs: [
        { id: idOf(2), type: "data", offset: 0, lengthBytes: 38, rawLengthBytes: 0 },
        { id: idOf(3), type: "tree", offset: 38, lengthBytes: 112, rawLengthBytes: 511 },
      ],
    },
  ]);
  assert.equal(
    Buffer.from(json).toString(),
    `{"packs":[{"id":"${someId}","blobs":[{"id":"${idOf(2).toString("hex")}","type":"data","offset":0,"length":38},` +
      `{"id":"${idOf(3).toString("hex")}","type":"tree","offset":38,"length":112,"uncompressed_length":511}]}]}`,
  );
});

test("an index of an old repository, an array of packs, is read", () => {
  const old = [{ id: someId, blobs: [{ id: someId, type: "tree", offset: 5, length: 40 }] }];
  const index = parseIndex(Buffer.from(JSON.stringify(old)), "index");
  assert.deepEqual(
    [index.packs, index.length, index.types[0], index.offsets[0]],
    [[someId], 1, 1, 5],
  );
});

test("supersedes, null and missing lists are read", () => {
  const other = idOf(9).toString("hex");
  const json = { supersedes: [other], packs: null, future: { field: 1 } };
  const index = parseIndex(Buffer.from(JSON.stringify(json)), "index");
  assert.deepEqual([index.supersedes, index.length], [[other], 0]);
  assert.equal(parseIndex(Buffer.from("{}"), "index").length, 0);
});

test("what is not an index is damaged", () => {
  const hostile = [
    Buffer.from("not json"),
    Buffer.from("{"),
    Buffer.from('{"packs":5}'),
    Buffer.from('{"packs":[5]}'),
    Buffer.from('{"packs":[null]}'),
    Buffer.from(`{"packs":[{"id":"${someId}"}]}`),
    Buffer.from(`{"packs":[{"id":"short","blobs":[]}]}`),
    Buffer.from(`{"packs":[{"id":"${someId}","blobs":[null]}]}`),
    Buffer.from(`{"packs":[{"id":"${someId}","blobs":"text"}]}`),
    onePack({ ...goodBlob, id: "xyz" }),
    onePack({ ...goodBlob, type: "other" }),
    onePack({ ...goodBlob, offset: -1 }),
    onePack({ ...goodBlob, offset: 1.5 }),
    onePack({ ...goodBlob, length: 2 ** 32 }),
    onePack({ ...goodBlob, length: "40" }),
    onePack({ ...goodBlob, uncompressed_length: -5 }),
  ];
  for (const json of hostile) {
    assert.throws(() => parseIndex(json, "index"), { code: "repository.damaged" }, json.toString());
  }
  assert.equal(parseIndex(onePack(goodBlob), "index").length, 1);
});

test("the cached form gives back the same columns", () => {
  fc.assert(
    fc.property(packs, (list) => {
      const index = { ...indexOfPacks(list), supersedes: [someId] };
      assert.deepEqual(decodeCachedIndex(Buffer.from(encodeCachedIndex(index))), index);
    }),
  );
});

test("a damaged cached index is not used", () => {
  const index = indexOfPacks([
    {
      packId: someId,
      blobs: [{ id: idOf(2), type: "tree", offset: 0, lengthBytes: 40, rawLengthBytes: 9 }],
    },
  ]);
  const bytes = Buffer.from(encodeCachedIndex(index));
  for (let at = 0; at < bytes.length; at++) {
    const damaged = Buffer.from(bytes);
    damaged[at]! ^= 0x10;
    assert.equal(decodeCachedIndex(damaged), undefined, `byte ${at}`);
  }
  for (let length = 0; length < bytes.length; length++) {
    assert.equal(decodeCachedIndex(bytes.subarray(0, length)), undefined);
  }
  assert.equal(decodeCachedIndex(Buffer.concat([bytes, Buffer.alloc(1)])), undefined);
});
