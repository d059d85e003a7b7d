import assert from "node:assert/strict";
import { test } from "node:test";
import { runForTest } from "../surroundings.fixture.ts";

test("peer refuses to talk to a person at a terminal", async () => {
  const { exitCode, messages, output } = await runForTest(["peer"], {
    terminal: { outputIsTerminal: true },
  });
  assert.equal(exitCode, 2);
  assert.match(messages, /does not speak the protocol/);
  assert.equal(output, "");
});
