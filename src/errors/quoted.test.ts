import assert from "node:assert/strict";
import { test } from "node:test";
import { quoted } from "./quoted.ts";

test("quoted() keeps text readable, short and on its line", () => {
  assert.equal(quoted("Grüße"), '"Grüße"');
  assert.equal(quoted("a\u001b[2J\nb\u202e"), '"a\u{fffd}[2J\u{fffd}b\u{fffd}"');
  assert.equal(quoted("x".repeat(1000)).length, 83);
});
