import assert from "node:assert/strict";
import { test } from "node:test";
import { closestWord } from "./closest-word.ts";

test("closestWord() finds the word with a slip", () => {
  assert.equal(closestWord("serevrs", ["version", "servers", "copies"]), "servers");
  assert.equal(closestWord("Hours", ["hour", "day"]), "hour");
  assert.equal(closestWord("dovecott", ["maildir", "dovecot"]), "dovecot");
});

test("closestWord() keeps silent when nothing is near", () => {
  assert.equal(closestWord("zebra", ["servers", "copies"]), undefined);
  assert.equal(closestWord("", ["a"]), undefined);
  assert.equal(closestWord("x".repeat(100_000), ["x".repeat(100_001)]), undefined);
});
