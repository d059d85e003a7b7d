import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { GatheredLines } from "./gathered-lines.ts";

test("lines that come together are said together, and never out of order", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const write = mock.fn((_text: string) => undefined);
  const lines = new GatheredLines(write);
  lines.add("one");
  lines.add("two");
  assert.equal(write.mock.callCount(), 0);
  t.mock.timers.tick(1000);
  lines.add("three");
  lines.say("four");
  t.mock.timers.tick(1000);
  lines.flush();
  assert.deepEqual(
    write.mock.calls.map(({ arguments: [text] }) => text),
    ["one\ntwo\n", "three\nfour\n"],
  );
});

test("a hundred lines wait for nothing", () => {
  const write = mock.fn((_text: string) => undefined);
  const lines = new GatheredLines(write);
  for (let number = 1; number <= 100; number++) lines.add(String(number));
  assert.equal(write.mock.callCount(), 1);
});
