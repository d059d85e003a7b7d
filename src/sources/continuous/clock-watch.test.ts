import assert from "node:assert/strict";
import { test } from "node:test";
import { ClockWatch } from "./clock-watch.ts";

const second = 1_000_000_000n;

function clocks(): { wallNs: bigint; steadyMs: number } {
  return { wallNs: 1000n * second, steadyMs: 0 };
}

test("a clock that goes as the steady one does not jump, nor one that is slewed", () => {
  const at = clocks();
  const watch = new ClockWatch({ nowNs: () => at.wallNs, steadyMs: () => at.steadyMs });
  for (const ms of [1, 5000, 20, 3_600_000]) {
    at.steadyMs += ms;
    at.wallNs += BigInt(ms) * 1_000_000n;
    assert.deepEqual(watch.look(), { nowNs: at.wallNs });
  }
  for (let look = 0; look < 100; look++) {
    at.steadyMs += 5000;
    at.wallNs += 5n * second - 400_000_000n;
    assert.equal(watch.look().jump, undefined);
  }
});

test("a clock that is set back or ahead is told once, with where it would be", () => {
  const at = clocks();
  const watch = new ClockWatch({ nowNs: () => at.wallNs, steadyMs: () => at.steadyMs });
  for (const by of [-3n, 3n, -86_400n, 86_400n]) {
    at.steadyMs += 1000;
    const expectedNs = at.wallNs + second;
    at.wallNs = expectedNs + by * second;
    const { jump } = watch.look();
    assert.deepEqual(jump, { expectedNs, nowNs: at.wallNs });
    assert.equal(watch.look().jump, undefined);
  }
  at.wallNs -= second;
  assert.equal(watch.look().jump, undefined, "labels may be this much out of order anyway");
});

test("a program that stood still between the two clocks reads them again", () => {
  const at = clocks();
  let stalls = 0;
  const nowNs = (): bigint => {
    const read = at.wallNs;
    if (stalls-- > 0) {
      at.steadyMs += 60_000;
      at.wallNs += 60n * second;
    }
    return read;
  };
  const watch = new ClockWatch({ nowNs, steadyMs: () => at.steadyMs });
  stalls = 1;
  assert.deepEqual(watch.look(), { nowNs: at.wallNs });
  assert.equal(watch.look().jump, undefined);
});
