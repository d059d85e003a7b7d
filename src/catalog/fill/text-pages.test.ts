import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { TextPages } from "./text-pages.ts";

test("texts of any length lie beside one another, each as it is in UTF-8", () => {
  const long = "長い".repeat(200_000);
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.string({ unit: "grapheme" }), fc.constant(long)), { maxLength: 8 }),
      (texts) => {
        const pages = new TextPages();
        const added = texts.map((text) => pages.add(text));
        assert.deepEqual(
          added.map((bytes) => Buffer.from(bytes).toString("utf8")),
          texts,
        );
        const lengths = texts.map((text) => Buffer.byteLength(text));
        assert.equal(
          pages.sizeBytes,
          lengths.reduce((sum, length) => sum + length, 0),
        );
      },
    ),
    { numRuns: 50 },
  );
});
