import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { combinationsFor, judgeTogether, type Ranked, rankOne } from "./index.ts";
import { businessWith, objectives, siteWith } from "./site.fixture.ts";
import type { Constraint } from "./violation.ts";

const business = businessWith({ operational: objectives(4, 2, 14 * 24) });
const requirements = siteWith();
const site = { business, requirements };
const all = combinationsFor(business, requirements);
const ranked = fc
  .integer({ min: 0, max: all.length - 1 })
  .map((index) => rankOne(all[index] as (typeof all)[number], site));

/** What another way beside it can only mend. */
const ofLosses: ReadonlySet<Constraint> = new Set<Constraint>([
  "operational RPO",
  "operational RTO",
  "disaster RPO",
  "disaster RTO",
  "loss not survived",
  "window",
]);

function ofTheLosses(ways: readonly [Ranked, ...Ranked[]]): number {
  return judgeTogether(ways, site).filter(({ constraint }) => ofLosses.has(constraint)).length;
}

test("one way by itself is judged as it is", () => {
  fc.assert(
    fc.property(ranked, (way) => {
      assert.equal(judgeTogether([way], site), way.violations);
    }),
    { numRuns: 50 },
  );
});

test("another way beside it takes away nothing that one recovers, and its own needs are added", () => {
  fc.assert(
    fc.property(ranked, ranked, (left, right) => {
      const missedLosses = ({ violations }: Ranked): ReadonlySet<string> =>
        new Set(
          violations
            .filter(({ constraint }) => ofLosses.has(constraint) && constraint !== "window")
            .map(({ reason }) => reason.split(":")[0] ?? ""),
        );
      if (missedLosses(left).size === 0) {
        const together = judgeTogether([left, right], site).filter(
          ({ constraint }) => ofLosses.has(constraint) && constraint !== "window",
        );
        assert.deepEqual(together, []);
      }
      const own = ({ violations }: Ranked): number =>
        violations.filter(({ constraint }) => constraint === "server").length;
      const server = judgeTogether([left, right], site).filter(
        ({ constraint }) => constraint === "server",
      );
      assert.equal(server.length, own(left) + own(right));
    }),
    { numRuns: 200 },
  );
});

test("the same way twice misses no more than once, and costs twice but for its equipment", () => {
  fc.assert(
    fc.property(ranked, (way) => {
      assert.equal(ofTheLosses([way, way]), ofTheLosses([way]));
    }),
    { numRuns: 100 },
  );
  const way = rankOne(all[0] as (typeof all)[number], site);
  const once = way.cost.protectionPerYear.high;
  const tight = { ...business, budgetPerYear: once * 1.01 };
  const twice = judgeTogether([way, way], { ...site, business: tight });
  assert.ok(twice.some(({ constraint }) => constraint === "budget"));
  const enough = { ...business, budgetPerYear: once * 2 };
  assert.ok(
    !judgeTogether([way, way], { ...site, business: enough }).some(
      ({ constraint }) => constraint === "budget",
    ),
  );
});
