import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { hourMs, nightly } from "./quick-courier.fixture.ts";
import { shipRule } from "./ship-rule.ts";

test("the paper's example: nightly, held for 24 hours, then sent offsite, satisfies 48 hours", () => {
  assert.deepEqual(shipRule(nightly), {
    worstMs: 48 * hourMs,
    meets: true,
    sentence:
      "Interval, hold and transit are 1 d + 1 d + nothing = 2 d: within the 2 d that may be lost.",
  });
});

test("two hours on the road are two hours too many for it", () => {
  const late = shipRule({ ...nightly, transitMs: 2 * hourMs });
  assert.deepEqual([late.worstMs, late.meets], [50 * hourMs, false]);
  assert.match(late.sentence, /= 2 d 2 h: more than the 2 d that may be lost\.$/);
});

test("without an objective it says what may be lost, and judges nothing", () => {
  const { objectiveMs: _none, ...policy } = nightly;
  const { meets, sentence } = shipRule(policy);
  assert.equal(meets, undefined);
  assert.match(sentence, /= 2 d: so much may be lost with the site\.$/);
});

test("the rule holds just when the parts fit into the objective, whatever they are", () => {
  const span = fc.nat(100 * hourMs);
  fc.assert(
    fc.property(span, span, span, span, (intervalMs, holdMs, transitMs, objectiveMs) => {
      const { meets, worstMs } = shipRule({ intervalMs, holdMs, transitMs, objectiveMs });
      assert.equal(meets, objectiveMs - transitMs - holdMs >= intervalMs);
      assert.ok(worstMs >= Math.max(intervalMs, holdMs, transitMs));
    }),
  );
});
