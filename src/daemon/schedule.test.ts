import assert from "node:assert/strict";
import { test } from "node:test";
import { backOffMs } from "./back-off.ts";
import { baseDue } from "./base-schedule.ts";

test("a group that fails again and again waits longer, up to about five minutes", () => {
  assert.deepEqual(
    [1, 2, 3, 10, 1000].map((failures) => backOffMs(failures, 0.5)),
    [1000, 2000, 4000, 300_000, 300_000],
  );
  assert.deepEqual(
    [0, 1].map((spread) => backOffMs(1, spread)),
    [750, 1250],
  );
});

test("a base is due when the newest is old enough, at once without one, and never late by a clock set back", () => {
  const day = 86_400_000;
  const nowNs = 1_764_160_000_000_000_000n;
  const hour = 3_600_000_000_000n;
  const dueAfter = (newestNs: bigint | undefined): number =>
    baseDue({ everyMs: day }, { newestNs, nowNs });
  assert.equal(dueAfter(undefined), 0);
  assert.equal(dueAfter(nowNs - 25n * hour), 0);
  assert.equal(dueAfter(nowNs - hour), day - 3_600_000);
  assert.equal(dueAfter(nowNs + 100n * hour), day);
});
