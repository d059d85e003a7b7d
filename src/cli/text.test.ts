import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { jsonText } from "./output.ts";
import { clipped, countText, plural, safeLines, safeText, tableText } from "./text.ts";

test("safeText() leaves no control character that could move a cursor or retype a line", () => {
  assert.equal(safeText("a\u001b[2Jb\r\nc"), "a\\x1b[2Jb\\x0d\\x0ac");
  assert.equal(safeText("Grüße ✓"), "Grüße ✓");
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      assertNoControls(safeText(text));
    }),
  );
});

test("safeLines() keeps the line breaks that are ours", () => {
  assert.equal(safeLines("what\n  why\u0007"), "what\n  why\\x07");
});

test("jsonText() is JSON of the same value and leaves no control character bare", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const text = jsonText(value);
      assert.deepEqual(JSON.parse(text), JSON.parse(JSON.stringify(value)));
      assertNoControls(text);
    }),
  );
  assert.equal(jsonText("\u009b31m\u202e"), '"\\u009b31m\\u202e"');
});

test("countText() groups thousands and plural() agrees with its number", () => {
  assert.deepEqual([0, 999, 1000, 1234567].map(countText), ["0", "999", "1,000", "1,234,567"]);
  assert.deepEqual(
    [0, 1, 2].map((count) => plural(count, "message")),
    ["0 messages", "1 message", "2 messages"],
  );
  assert.equal(plural(2, "mailbox", "mailboxes"), "2 mailboxes");
});

test("tableText() aligns columns and leaves no blanks at the ends of lines", () => {
  assert.equal(
    tableText(
      [
        ["a", "1", "x"],
        ["bbb", "22", ""],
      ],
      { right: [1] },
    ),
    "a     1  x\nbbb  22\n",
  );
});

test("clipped() says with an ellipsis that something was cut", () => {
  assert.equal(clipped("abcdef", 6), "abcdef");
  assert.equal(clipped("abcdefg", 6), "abcde…");
});

/** C0, DEL, C1, and what changes the direction of text. */
function assertNoControls(text: string): void {
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    const isControl =
      code < 0x20 ||
      (code >= 0x7f && code < 0xa0) ||
      (code >= 0x202a && code <= 0x202e) ||
      (code >= 0x2066 && code <= 0x2069);
    assert.equal(isControl, false, `U+${code.toString(16)}`);
  }
}
