import assert from "node:assert/strict";
import { test } from "node:test";
import { changeHintsContract } from "./change-hints.contract.ts";
import { openFolderWatch } from "./folder-watch.ts";
import { startHeartbeat } from "./heartbeat.ts";

changeHintsContract("folder-watch", openFolderWatch);

test("a heart that beats late tells since when nobody listened", () => {
  let [ms, ns] = [0, 0n];
  const stalls: (readonly [bigint, number])[] = [];
  using heart = startHeartbeat({
    nowNs: () => ns,
    steadyMs: () => ms,
    onStall: (since, late) => stalls.push([since, late]),
  });
  for (const step of [500, 600, 3000, 500]) {
    ms += step;
    ns += BigInt(step);
    heart.beat();
  }
  assert.deepEqual(stalls, [[1100n, 3000]]);
});
