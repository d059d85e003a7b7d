import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { phaseClock, totalMs } from "./phase-clock.ts";

/** A clock that stands where the test puts it. */
function handClock(): { now: number } {
  return { now: 1000 };
}

test("phases follow each other, and what a person took between them is nobody's", () => {
  const hand = handClock();
  const clock = phaseClock(() => hand.now);
  clock.begin("find");
  hand.now += 30;
  clock.begin("open");
  hand.now += 5;
  clock.pause();
  hand.now += 60_000;
  clock.begin("restore");
  hand.now += 100;
  clock.pause();
  assert.deepEqual(clock.phases(), [
    { name: "find", ms: 30 },
    { name: "open", ms: 5 },
    { name: "restore", ms: 100 },
  ]);
  assert.equal(totalMs(clock.phases()), 135);
  assert.equal(totalMs(clock.phases(), ["find", "restore", "recall"]), 130);
});

test("a phase that begins again goes on, in its first place", () => {
  const hand = handClock();
  const clock = phaseClock(() => hand.now);
  for (const [name, ms] of [
    ["read", 1],
    ["write", 2],
    ["read", 4],
  ] as const) {
    clock.begin(name);
    hand.now += ms;
  }
  clock.pause();
  assert.deepEqual(clock.phases(), [
    { name: "read", ms: 5 },
    { name: "write", ms: 2 },
  ]);
});

test("a phase that has not ended is not told", () => {
  const clock = phaseClock(() => 0);
  clock.pause();
  clock.begin("find");
  assert.deepEqual(clock.phases(), []);
});

test("property: phases add up to the time between begin and pause, and none is below nothing", () => {
  const step = fc.record({
    name: fc.constantFrom("find", "open", "restore"),
    ms: fc.integer({ min: -50, max: 1000 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
      const hand = handClock();
      const clock = phaseClock(() => hand.now);
      for (const { name, ms } of steps) {
        clock.begin(name);
        hand.now += ms;
      }
      clock.pause();
      const expected = steps.reduce((total, { ms }) => total + Math.max(0, ms), 0);
      assert.equal(totalMs(clock.phases()), expected);
      assert.ok(clock.phases().every(({ ms }) => ms >= 0));
    }),
  );
});
