import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { encodeColumns, indexOfHeaders } from "./index-of-headers.ts";
import { encodePackHeader, parsePackHeader } from "./pack-format.ts";
import { encodeIndex, indexOfPacks } from "./parsed-index.ts";
import { idOf } from "./repository.fixture.ts";

const headers = fc.array(
  fc
    .array(
      fc.record({
        id: fc.nat().map(idOf),
        type: fc.constantFrom("data" as const, "tree" as const),
        offset: fc.constant(0),
        lengthBytes: fc.integer({ min: 32, max: 0xff_ffff }),
        rawLengthBytes: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 0xffff_ffff })),
      }),
      { maxLength: 20 },
    )
    .map((blobs) => encodePackHeader(blobs)),
  { maxLength: 6 },
);

test("columns and JSON from headers are those from the packs' blobs one by one", () => {
  fc.assert(
    fc.property(headers, (list) => {
      const packs = list.map((header, n) => ({ packId: idOf(n).toString("hex"), header }));
      const parsed = packs.map(({ packId, header }) => ({
        packId,
        blobs: parsePackHeader(header, packId),
      }));
      const index = indexOfHeaders(packs);
      assert.deepEqual(index, indexOfPacks(parsed));
      assert.deepEqual(Buffer.from(encodeColumns(index)), encodeIndex(parsed));
    }),
  );
});
