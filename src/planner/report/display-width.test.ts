import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { broken, displayWidth, fitted, padded } from "./display-width.ts";

test("wide letters and emoji take two columns, combining marks none", () => {
  const widths = ["abc", "営業", "e\u0301", "👩‍👩‍👧", "한글", "✓", ""].map(displayWidth);
  assert.deepEqual(widths, [3, 4, 1, 2, 4, 1, 0]);
});

test("fitted() is never wider than its columns and keeps what fits", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), fc.nat(30), (text, columns) => {
      const short = fitted(text, columns);
      assert.ok(displayWidth(short) <= columns);
      if (displayWidth(text) <= columns) assert.equal(short, text);
    }),
  );
  assert.equal(fitted("backup to tape", 8), "backup…");
  assert.equal(fitted("営業営業", 5), "営業…");
});

test("broken() loses nothing", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: "grapheme" }),
      fc.integer({ min: 2, max: 12 }),
      (text, columns) => {
        const pieces = broken(text, columns);
        assert.equal(pieces.join(""), text);
        for (const piece of pieces) assert.ok(displayWidth(piece) <= columns);
      },
    ),
  );
});

test("padded() fills to columns, not to characters", () => {
  assert.equal(padded("営業", 6), "営業  ");
  assert.equal(padded("12", 4, "right"), "  12");
});
