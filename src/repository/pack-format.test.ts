import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type PackedBlob, encodePackHeader, parsePackHeader } from "./pack-format.ts";
import { idOf } from "./repository.fixture.ts";

const blobs: fc.Arbitrary<readonly PackedBlob[]> = fc
  .array(
    fc.record({
      id: fc.nat().map(idOf),
      type: fc.constantFrom("data" as const, "tree" as const),
      lengthBytes: fc.integer({ min: 32, max: 0x1ff_ffff }),
      rawLengthBytes: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 0xffff_ffff })),
    }),
    { maxLength: 50 },
  )
  .map((list) => {
    let offset = 0;
    return list.map((blob) => {
      const placed = { ...blob, offset };
      offset += blob.lengthBytes;
      return placed;
    });
  });

test("a header is parsed to the blobs it was made of", () => {
  fc.assert(
    fc.property(blobs, (list) => {
      const parsed = parsePackHeader(encodePackHeader(list), "pack");
      assert.deepEqual(
        parsed.map((blob) => ({ ...blob, id: Buffer.from(blob.id) })),
        list,
      );
    }),
  );
});

test("the bytes of a header are those of restic's design document", () => {
  const id = idOf(1);
  const header = encodePackHeader([
    { id, type: "data", offset: 0, lengthBytes: 0x01020304, rawLengthBytes: 0 },
    { id, type: "tree", offset: 0, lengthBytes: 40, rawLengthBytes: 0 },
    { id, type: "data", offset: 0, lengthBytes: 50, rawLengthBytes: 0x0a0b0c0d },
    { id, type: "tree", offset: 0, lengthBytes: 60, rawLengthBytes: 70 },
  ]);
  const hex = id.toString("hex");
  assert.equal(
    Buffer.from(header).toString("hex"),
    `0004030201${hex}` +
      `0128000000${hex}` +
      `02320000000d0c0b0a${hex}` +
      `033c00000046000000${hex}`,
  );
});

test("a header that is cut, of an unknown kind or with a blob too short is damaged", () => {
  const header = encodePackHeader([
    { id: idOf(1), type: "data", offset: 0, lengthBytes: 40, rawLengthBytes: 0 },
    { id: idOf(2), type: "tree", offset: 40, lengthBytes: 40, rawLengthBytes: 90 },
  ]);
  for (let length = 1; length < header.length; length++) {
    if (length === 37) continue;
    assert.throws(() => parsePackHeader(header.subarray(0, length), "pack"), {
      code: "repository.damaged",
    });
  }
  const unknown = Uint8Array.from(header);
  unknown[0] = 4;
  assert.throws(() => parsePackHeader(unknown, "pack"), { code: "repository.damaged" });
  const short = Uint8Array.from(header);
  short[1] = 31;
  assert.throws(() => parsePackHeader(short, "pack"), { code: "repository.damaged" });
});

test("an empty header has no blobs", () => {
  assert.deepEqual(parsePackHeader(new Uint8Array(0), "pack"), []);
});
