/** What ranking answers, by examples: what comes first, what is refused and why, and ways out. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseDuration } from "#time";
import { combinationId, parseCombination } from "../model/index.ts";
import type { BusinessRequirements, Requirements } from "../requirements/index.ts";
import {
  combinationsFor,
  type Constraint,
  downtimeCostPerHour,
  paybackEvents,
  rank,
  type Ranked,
  rankOne,
  type Violation,
  type WayOut,
  waysOut,
} from "./index.ts";
import { accepted, businessWith, objectives, siteWith } from "./site.fixture.ts";

type Site = { readonly business: BusinessRequirements; readonly requirements: Requirements };

function waysOutOf(business: BusinessRequirements, requirements: Requirements): readonly WayOut[] {
  const ranking = rank(business, requirements);
  assert.deepEqual(ranking.feasible, []);
  return waysOut(ranking);
}

/** The way out by these constraints alone. */
function wayBy(ways: readonly WayOut[], ...constraints: readonly Constraint[]): WayOut {
  const found = ways.find((way) => way.constraints.join() === constraints.join());
  return found ?? assert.fail(`no way out by ${constraints.join()}`);
}

function feasibleAgain(nearest: Ranked, site: Site): void {
  const { violations } = rankOne(nearest.evaluation.combination, site);
  assert.deepEqual(
    violations.map(({ reason }) => reason),
    [],
  );
}

/** "lose at most 1 d instead of nothing" → ms; of several violations the most that is asked. */
function durationAsked(violations: readonly Violation[], pattern: RegExp): number {
  const texts = violations.map(({ change }) => pattern.exec(change)?.[1]);
  return Math.max(...texts.map((text) => parseDuration(text ?? assert.fail("no duration"))));
}

test("a Dovecot server with 60 GB: a deduplicated copy of the living store, duplicated offsite, comes first", () => {
  const { feasible } = rank(businessWith(), siteWith());
  const first = feasible[0] ?? assert.fail("nothing is feasible");
  const { combination, oneSource, recovery } = first.evaluation;
  assert.equal(combination.source, "live-object");
  assert.equal(combination.operational.method, "disk-deduplicated");
  assert.equal(combination.disaster?.option, "duplicate-object-storage");
  // Why: copies as often as they can be had make the expected outages cheapest, one source does both, no array.
  assert.equal(combination.operational.everyHours, 0.25);
  assert.deepEqual([oneSource, first.onFront], [true, true]);
  assert.equal(recovery.site?.layer, "disaster");
  assert.deepEqual(first.missing, ["disaster"], "of equal cost what this version runs comes first");
});

test("what this version runs whole is found where the loss of the site is accepted", () => {
  const { feasible } = rank(accepted(businessWith()), siteWith(), { availableOnly: true });
  const methods = new Set<string>();
  for (const { missing, evaluation } of feasible) {
    assert.deepEqual(missing, []);
    methods.add(evaluation.combination.operational.method);
  }
  // Tapes and clones want a stable source; delta snapshots do not survive the loss of the volumes.
  assert.deepEqual([...methods].toSorted(), ["clones", "disk-deduplicated", "journal", "tape"]);
});

test("a journal of objects is offered where mail is in files, and not of a server's own database", () => {
  const methodsOn = (kind: "dovecot-dbox" | "exchange"): ReadonlySet<string> => {
    const { feasible } = rank(accepted(businessWith()), siteWith({ server: { kind } }), {
      availableOnly: true,
    });
    return new Set(feasible.map(({ evaluation }) => evaluation.combination.operational.method));
  };
  assert.ok(methodsOn("dovecot-dbox").has("journal"));
  assert.ok(methodsOn("exchange").size > 0 && !methodsOn("exchange").has("journal"));
});

test("RPO 0 with tape only: the RPO has to give way, or tape", () => {
  const requirements = siteWith({ only: { operational: ["tape"] }, server: { mayStopHours: 8 } });
  const business = businessWith({ operational: objectives(0, 8, 14 * 24) });
  const ways = waysOutOf(business, requirements);
  const { nearest } = wayBy(ways, "operational RPO");
  for (const { reason } of nearest.violations)
    assert.match(reason, /up to 1 d of mail would be lost, and nothing is allowed$/);
  const loseAtMostMs = durationAsked(nearest.violations, /^lose at most (.+) instead of nothing$/);
  feasibleAgain(nearest, {
    business: { ...business, operational: { ...business.operational, loseAtMostMs } },
    requirements,
  });
  assert.equal(wayBy(ways, "choice").nearest.evaluation.combination.operational.method, "cdp");
});

test("RTO below what the network can carry back: the time that it takes is named, rounded up", () => {
  const requirements = siteWith({
    only: { operational: ["deltas"], disaster: ["duplicate-disk"] },
  });
  const business = businessWith({ operational: objectives(24, 0.2, 14 * 24) });
  const { nearest } = wayBy(waysOutOf(business, requirements), "operational RTO");
  assert.match(
    nearest.violations[0]?.reason ?? "",
    /volumes .* destroyed: back after .*, 12 min are/,
  );
  assert.match(nearest.evaluation.recovery.hardware?.rto.basis ?? "", /network_rate/);
  const backWithinMs = durationAsked(nearest.violations, /^be back within (.+) instead of 12 min$/);
  feasibleAgain(nearest, {
    business: { ...business, operational: { ...business.operational, backWithinMs } },
    requirements,
  });
});

test("a budget of 1: the smallest budget that does is named", () => {
  const business = businessWith({ budgetPerYear: 1 });
  const { nearest } = wayBy(waysOutOf(business, siteWith()), "budget");
  const [, amount] =
    /^a budget of ([\d,]+) EUR a year$/.exec(nearest.violations[0]?.change ?? "") ?? [];
  const budgetPerYear = Number(amount?.replaceAll(",", ""));
  feasibleAgain(nearest, { business: { ...business, budgetPerYear }, requirements: siteWith() });
  const less = { ...business, budgetPerYear: budgetPerYear - 1 };
  assert.deepEqual(
    rank(less, siteWith()).feasible.map(({ evaluation }) => evaluation.id),
    [],
    "no other combination is cheaper",
  );
});

test("only mirrors although history is asked for: a layer that keeps images is what is missing", () => {
  const disaster = ["mirror-application", "mirror-host", "mirror-array", "mirror-sync"] as const;
  const ways = waysOutOf(businessWith(), siteWith({ only: { disaster } }));
  const { nearest } = wayBy(ways, "window");
  assert.match(
    nearest.violations[0]?.reason ?? "",
    /^the disaster layer: nothing covers from now to 30 days ago/,
  );
  assert.equal(nearest.violations[0]?.change, "a layer that keeps images");
});

test("deltas alone do not bring destroyed volumes back, and that reason is given and no other", () => {
  const requirements = siteWith({ only: { operational: ["deltas"], disaster: [] } });
  const { nearest } = wayBy(waysOutOf(accepted(businessWith()), requirements), "loss not survived");
  assert.deepEqual(
    nearest.violations.map(({ constraint }) => constraint),
    ["loss not survived"],
  );
  assert.match(nearest.violations[0]?.reason ?? "", /volumes .* destroyed \(“delta snapshots only/);
  const short = parseCombination("hot-split/deltas-4h-24h/none") ?? assert.fail();
  const late = rankOne(short, { business: accepted(businessWith()), requirements: siteWith() });
  const attack = late.violations.find(({ reason }) => reason.includes("an attack found"));
  assert.doesNotMatch(attack?.reason ?? "", /physically damaged/);
});

test("ways out are minimal: none asks for what another does and more", () => {
  const ways = waysOutOf(
    businessWith({ operational: objectives(0.1, 0.1, 400 * 24), budgetPerYear: 5 }),
    siteWith({ not: { operational: ["journal", "cdp"] } }),
  );
  assert.ok(ways.length > 1);
  for (const [index, { constraints }] of ways.entries())
    for (const [other, way] of ways.entries())
      if (index !== other)
        assert.ok(!way.constraints.every((one) => constraints.includes(one)), constraints.join());
});

test("$1M payroll an hour and 30% of productivity lost are $300k an hour (§1.4.4)", () => {
  assert.equal(downtimeCostPerHour(1_000_000, 0.3), 300_000);
});

test("$500K that turns 2 hours into 20 minutes pays back with the first event, $500,001 with the second", () => {
  const event = { downtimePerHour: 300_000, minutesBefore: 120, minutesAfter: 20 };
  assert.equal(paybackEvents(500_000, event), 1);
  assert.equal(paybackEvents(500_001, event), 2);
  assert.equal(paybackEvents(0, event), 0);
  // 0.015 ÷ 0.015 is 1.0000000000000002: rounding asks for no event more.
  const cents = { downtimePerHour: 0.3, minutesBefore: 3, minutesAfter: 0 };
  assert.equal(paybackEvents(0.015, cents), 1);
  assert.equal(paybackEvents(1, { ...event, minutesAfter: 120 }), Infinity);
});

test("who tolerates risk plans with the middle of a range, others with its worst end", () => {
  const requirements = siteWith({
    server: { mayStopHours: 8 },
    parameters: { tape_rate: { low: 10 * 1024 ** 2, high: 300 * 1024 ** 2 } },
  });
  const id = "offline/tape-24h-21d/duplicate-tapes-24h-60d";
  const broken = (risk: "medium" | "high"): readonly string[] => {
    const business = businessWith({ risk, operational: objectives(24, 1, 14 * 24) });
    const combination = parseCombination(id) ?? assert.fail();
    return rankOne(combination, { business, requirements }).violations.map(
      ({ constraint }) => constraint,
    );
  };
  assert.ok(broken("medium").includes("operational RTO"));
  assert.ok(!broken("high").includes("operational RTO"));
});

test("every candidate's id reads back as itself, however odd the site's times are", () => {
  const sites: readonly Site[] = [
    { business: businessWith(), requirements: siteWith() },
    { business: accepted(businessWith()), requirements: siteWith() },
    {
      business: businessWith({ disaster: objectives(48, 72, 3 * 8760) }),
      requirements: siteWith({
        server: { kind: "exchange-2003" },
        parameters: { hold: 1.5, transit: 0.25 },
      }),
    },
  ];
  for (const { business, requirements } of sites) {
    const candidates = combinationsFor(business, requirements);
    assert.ok(candidates.length > 500);
    for (const candidate of candidates)
      assert.deepEqual(parseCombination(combinationId(candidate)), candidate);
    assert.equal(new Set(candidates.map(combinationId)).size, candidates.length);
  }
});

test("what promises more than there can be is no combination", () => {
  for (const id of [
    "backup-api/tape-24h+logs-0h-21d/none",
    "backup-api/tape-24h+logs-24h-21d/none",
    "hot-split/clones-12h+logs-1h-21d/none",
    "live-write/cdp-0h/none",
    "backup-api/disk-24h-21d/mirror-sync+logs",
    "live-write/cdp-2d/protected-cdp-2d+logs",
  ])
    assert.equal(parseCombination(id), undefined, id);
});
