import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { Deadlines } from "./deadlines.ts";

test("a limit is told when it is reached, never before, and not when it was taken back", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
  let nowMs = 5;
  const pass = (durationMs: number): void => {
    for (let step = 0; step < durationMs; step += 50) {
      nowMs += 50;
      t.mock.timers.tick(50);
    }
  };
  const deadlines = new Deadlines(() => nowMs);
  const [short, long, takenBack, shortTakenBack] = [mock.fn(), mock.fn(), mock.fn(), mock.fn()];
  deadlines.after(100, short);
  deadlines.after(10_000, long);
  deadlines.after(6000, takenBack)[Symbol.dispose]();
  deadlines.after(100, shortTakenBack)[Symbol.dispose]();
  pass(100);
  assert.equal(short.mock.callCount(), 1);
  pass(9850);
  assert.equal(long.mock.callCount(), 0);
  pass(300);
  assert.equal(long.mock.callCount(), 1);
  pass(20_000);
  const counts = [short, long, takenBack, shortTakenBack].map((one) => one.mock.callCount());
  assert.deepEqual(counts, [1, 1, 0, 0]);
});

test("what a limit sets while others are told counts from then; nothing ticks when none is left", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
  let nowMs = 0;
  let looks = 0;
  const deadlines = new Deadlines(() => {
    looks += 1;
    return nowMs;
  });
  const told: string[] = [];
  deadlines.after(6000, () => {
    told.push("first");
    deadlines.after(6000, () => told.push("second"));
  });
  for (nowMs = 100; nowMs <= 13_000; nowMs += 100) t.mock.timers.tick(100);
  assert.deepEqual(told, ["first", "second"]);
  const before = looks;
  t.mock.timers.tick(20_000);
  assert.equal(looks, before);
});
