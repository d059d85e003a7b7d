import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { unshowable } from "./hostile-report.fixture.ts";
import { safeCodeLines, safeLabel, safeText } from "./safe-text.ts";

test("safeText() is one line without controls, direction overrides or halves of letters", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      const safe = safeText(text);
      assert.doesNotMatch(safe, unshowable);
      assert.doesNotMatch(safe, /\n/);
    }),
  );
  assert.equal(safeText("a\u202eb\u0000c"), "a\u{fffd}b\u{fffd}c");
  assert.equal(safeText("two\r\nlines\tand more"), "two lines and more");
});

test("safeText() leaves names of all languages as they are", () => {
  for (const name of ["Grüße", "営業部", "مبيعات", "می‌خواهم", "👩‍👩‍👧 family", "Vertrieb & Co. <x>"]) {
    assert.equal(safeText(name), name);
  }
});

test("a name of a megabyte is clipped, and not within a letter", () => {
  assert.equal(safeText("x".repeat(1_000_000)).length, 4001);
  assert.equal(safeLabel("x".repeat(1_000_000)).length, 301);
  assert.equal(safeText("abcdef", 3), "abc…");
  assert.equal(safeText("a👩b", 2), "a…");
});

test("code keeps its lines and its blanks", () => {
  assert.deepEqual(safeCodeLines("a:\n\tb: 1\r\n  c\u0007"), ["a:", "  b: 1", "  c\u{fffd}"]);
});
