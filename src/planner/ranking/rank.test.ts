/** The answer as a whole: who is in it, in which order, what is on the front, and that its figures are figures. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { ParameterName } from "../parameters.ts";
import { byCost, combinationsFor, rank, type Ranked, rankOne } from "./index.ts";
import { accepted, businessWith, objectives, siteWith } from "./site.fixture.ts";

const GB = 1024 ** 3;

const rankings = [
  rank(businessWith(), siteWith()),
  rank(
    accepted(businessWith({ operational: objectives(4, 4, 72) })),
    siteWith({ server: { kind: "exchange-2003", bearsLoad: false } }),
  ),
];

test("every candidate is feasible or rejected, none is both; who is rejected knows why and what would help", () => {
  const [first] = rankings;
  const { feasible = [], rejected = [] } = first ?? {};
  const ids = [...feasible, ...rejected].map(({ evaluation }) => evaluation.id).toSorted();
  const thought = combinationsFor(businessWith(), siteWith()).map(
    (combination) =>
      rankOne(combination, { business: businessWith(), requirements: siteWith() }).evaluation.id,
  );
  assert.deepEqual(ids, thought.toSorted());
  assert.equal(new Set(ids).size, ids.length);
  for (const { violations } of feasible) assert.deepEqual(violations, []);
  for (const { violations, evaluation } of rejected) {
    assert.ok(violations.length > 0, evaluation.id);
    for (const { reason, change } of violations) {
      assert.match(reason, /\S.{10,}/, evaluation.id);
      assert.match(change, /\S.{5,}/, evaluation.id);
    }
  }
});

test("the order is total: shuffled, it comes back the same", () => {
  for (const { feasible } of rankings) {
    assert.ok(feasible.length > 20);
    fc.assert(
      fc.property(fc.shuffledSubarray([...feasible], { minLength: 2 }), (some) => {
        const order = new Map(feasible.map((one, index) => [one, index]));
        const sorted = some.toSorted(byCost);
        const places = sorted.map((one) => order.get(one) ?? NaN);
        assert.deepEqual(
          places,
          places.toSorted((left, right) => left - right),
        );
        assert.notEqual(byCost(sorted[0] as Ranked, sorted[1] as Ranked), 0);
      }),
      { numRuns: 30 },
    );
  }
});

test("nothing beats what is on the front, and something on it beats all the others", () => {
  const place = ({ cost, evaluation: { operational: o } }: Ranked): readonly number[] => [
    cost.protectionPerYear.high,
    o.rpo.logsLost.high,
    o.rto.logsSurvive.high,
  ];
  const beats = (left: readonly number[], right: readonly number[]): boolean =>
    left.every((value, index) => value <= (right[index] ?? NaN)) &&
    left.some((value, index) => value < (right[index] ?? NaN));
  for (const { feasible } of rankings) {
    const front = feasible.filter(({ onFront }) => onFront).map(place);
    assert.ok(front.length > 0 && front.length < feasible.length);
    for (const one of feasible)
      assert.equal(
        front.some((other) => beats(other, place(one))),
        !one.onFront,
        one.evaluation.id,
      );
  }
});

/** Every number below a value, with its path. */
function numbersIn(value: unknown, path = ""): readonly (readonly [string, number])[] {
  if (typeof value === "number") return [[path, value]];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, part]) => numbersIn(part, `${path}.${key}`));
}

const extremes: readonly Partial<Record<ParameterName, number>>[] = [
  { mail: 0, logs_per_day: 0, growth_per_year: 0, network_rate: Infinity },
  { mail: 1, logs_per_day: 0, mailboxes: 1, distance_km: 0, hold: 0, transit: 0, recall: 0 },
  { mail: 10 * 1024 ** 5, logs_per_day: 1024 ** 5, growth_per_year: 100, lifetime: 50 },
  { mail: 0, logs_per_day: 10 * GB, network_rate: Infinity, change_per_day: 0 },
];

for (const parameters of extremes)
  test(`no figure of a site with ${JSON.stringify(parameters)} is not a number`, () => {
    for (const kind of ["dovecot-maildir", "exchange-2003"] as const) {
      const requirements = siteWith({ parameters, server: { kind } });
      const step = 3;
      const all = combinationsFor(businessWith(), requirements);
      for (let index = 0; index < all.length; index += step) {
        const ranked = rankOne(all[index] ?? assert.fail(), {
          business: businessWith({ budgetPerYear: 0 }),
          requirements,
        });
        for (const [path, value] of numbersIn(ranked))
          if (Number.isNaN(value)) assert.fail(`${ranked.evaluation.id}${path}`);
      }
    }
  });
