import assert from "node:assert/strict";
import { test } from "node:test";
import { TimeBudget } from "./time-budget.ts";

const hour = 3_600_000;

function budgetOf(clock: { ms: number }, controller: AbortController): TimeBudget {
  return new TimeBudget({ totalMs: hour, clockMs: () => clock.ms, signal: controller.signal });
}

test("work is interrupted when the time is over, and that is told from a person's wish", () => {
  const clock = { ms: 5 };
  const controller = new AbortController();
  using budget = budgetOf(clock, controller);
  const aborted = (): unknown => {
    try {
      budget.signal.throwIfAborted();
      return undefined;
    } catch (error) {
      return error;
    }
  };
  clock.ms = hour + 4;
  assert.equal(budget.isOver(), false);
  assert.equal(budget.remainingMs, 1);
  assert.equal(aborted(), undefined);
  clock.ms = hour + 5;
  assert.equal(budget.isOver(), true);
  assert.equal(budget.isCutOff(aborted()), true);
  assert.equal(budget.isCutOff(new RangeError("a bug")), false);
  controller.abort();
  assert.throws(() => budget.isCutOff(aborted()), { name: "AbortError" });
});

test("a share of the time ends for one phase and not for all", () => {
  const clock = { ms: 0 };
  using budget = budgetOf(clock, new AbortController());
  clock.ms = hour / 2;
  const isOver = budget.share(0.25);
  assert.equal(isOver(), false);
  clock.ms = hour * 0.75;
  assert.equal(isOver(), true);
  assert.equal(budget.isOver(), false);
});

test("a person's wish to end is an end for every phase", () => {
  const controller = new AbortController();
  using budget = budgetOf({ ms: 0 }, controller);
  controller.abort();
  assert.equal(budget.isOver(), true);
  assert.throws(() => budget.throwIfInterrupted(), { name: "AbortError" });
});
