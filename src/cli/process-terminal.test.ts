import assert from "node:assert/strict";
import { test } from "node:test";
import { LineEditor } from "./process-terminal.ts";

test("LineEditor takes a line with its corrections, in whole characters", () => {
  let echoed = "";
  const line = new LineEditor({ echo: (text) => (echoed += text) });
  assert.equal(line.type(Buffer.from("pasü\u007f")), "more");
  assert.equal(line.type(Buffer.from("s\b\b\bwss")), "more");
  assert.equal(line.text(), "pwss");
  assert.equal(line.type(Buffer.from("\u0015new\r")), "done");
  assert.equal(line.text(), "new");
  assert.ok(echoed.startsWith("pas"));
});

test("LineEditor ends at an interrupt key and at the end of input", () => {
  assert.equal(
    new LineEditor({ echo: () => undefined }).type(Buffer.from("abc\u0003")),
    "interrupted",
  );
  assert.equal(new LineEditor({ echo: () => undefined }).type(Buffer.from([0x04])), "done");
});
