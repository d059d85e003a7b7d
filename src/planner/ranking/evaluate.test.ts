/** Regressions of what a combination achieves, costs and fails. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseCombination } from "../model/index.ts";
import type { BusinessRequirements, Requirements } from "../requirements/index.ts";
import { combinationsFor, payback, type Ranked, rankOne } from "./index.ts";
import { paretoFront } from "./pareto.ts";
import { accepted, businessWith, objectives, siteWith } from "./site.fixture.ts";

type Asked = {
  readonly business?: BusinessRequirements;
  readonly requirements?: Requirements;
};

function ranked(id: string, { business, requirements }: Asked = {}): Ranked {
  const combination = parseCombination(id) ?? assert.fail(`${id} is no combination`);
  return rankOne(combination, {
    business: business ?? businessWith(),
    requirements: requirements ?? siteWith(),
  });
}

function broken(id: string, asked: Asked = {}): readonly string[] {
  return ranked(id, asked).violations.map(({ constraint }) => constraint);
}

const exchange = siteWith({ server: { kind: "exchange-2003", mayStopHours: 8 } });

test("tape plus mirrors for logs meets an RPO of 0 for the site (Figure 7), tape alone does not", () => {
  const business = businessWith({ disaster: objectives(0, 72, 30 * 24) });
  const asked = { business, requirements: exchange };
  const alone = "backup-api/tape-24h-21d/duplicate-tapes-24h-60d";
  assert.ok(broken(alone, asked).includes("disaster RPO"));
  assert.ok(!broken(`${alone}+logs`, asked).includes("disaster RPO"));
  // A mirror of the logs has their corruption too.
  const { recovery } = ranked(`${alone}+logs`, asked).evaluation;
  assert.deepEqual([recovery.site?.rpo.high, recovery.corruption?.rpo.high], [0, 24]);
});

test("of two ways back the one that meets the objectives is taken, though the other be quicker", () => {
  const id = "backup-api/disk-24h-21d/mirror-host";
  const business = businessWith({ operational: objectives(1, 8, 24) });
  const { recovery } = ranked(id, { business }).evaluation;
  assert.equal(recovery.hardware?.layer, "disaster");
  const lax = businessWith({ operational: objectives(24, 8, 24) });
  assert.equal(ranked(id, { business: lax }).evaluation.recovery.hardware?.layer, "operational");
});

test("a tape that is held for a day is at hand today, and recalled for an attack three days ago (§2.2.1)", () => {
  const requirements = siteWith({ parameters: { hold: 24, recall: 8 } });
  const { recovery } = ranked("offline/tape-24h-21d/ship-tapes-24h-60d", {
    requirements,
  }).evaluation;
  const extra = (recovery["late-attack"]?.rto.high ?? NaN) - (recovery.corruption?.rto.high ?? NaN);
  assert.ok(Math.abs(extra - 8 * 60) < 1e-6, `${extra} minutes`);
});

test("shipped tapes are the operational ones: counted once as images, bought once for the longer reach", () => {
  const { evaluation } = ranked("offline/tape-24h-21d/ship-tapes-24h-2y");
  const tapes = (of: Ranked["evaluation"]): number =>
    [...of.operational.stored, ...(of.disaster?.stored ?? [])].reduce(
      (sum, one) => sum + (one.tapes?.high ?? 0),
      0,
    );
  const apart = ranked("offline/tape-24h-21d/duplicate-tapes-24h-2y").evaluation;
  assert.equal(evaluation.images, apart.disaster?.images);
  const twice = tapes(ranked("offline/tape-24h-21d/none").evaluation);
  assert.equal(tapes(evaluation), tapes(apart) - twice);
  assert.ok(tapes(evaluation) > twice, "two years of tapes are not those of three weeks");
});

test("every rotation that is thought of reaches as far back as is asked", () => {
  // Hourly copies for exactly 14 days, or daily ones for 7, lacked their last hour or day.
  for (const days of [2, 7, 14, 15, 35, 90, 91, 365]) {
    const business = businessWith({
      operational: objectives(48, 100, days * 24),
      disaster: objectives(100, 1000, days * 24),
    });
    const methods = new Map<string, boolean>();
    for (const combination of combinationsFor(
      business,
      siteWith({ parameters: { network_rate: Infinity } }),
    )) {
      const { method } = combination.operational;
      if (method === "clones" || method === "deltas" || method === "cdp") continue;
      if (combination.disaster?.option !== "duplicate-disk") continue;
      const { violations, evaluation } = rankOne(combination, {
        business,
        requirements: siteWith(),
      });
      const lapses = violations.filter(({ constraint }) => constraint === "window");
      assert.deepEqual(
        lapses.map(({ reason }) => reason),
        [],
        `${days} days: ${evaluation.id}`,
      );
      methods.set(method, true);
    }
    assert.equal(methods.size, 6);
  }
});

test("a combination that Figure 1 does not have is refused, even when it is asked for by name", () => {
  assert.ok(broken("offline/cdp-2d/none").includes("combination"));
  assert.ok(broken("backup-api/disk-24h-21d/protected-cdp-2d").includes("combination"));
  assert.ok(!broken("backup-api/disk-24h-21d/duplicate-disk-24h-60d").includes("combination"));
});

test("a walk of the living store is refused where mail is in databases", () => {
  const id = "live-object/disk-deduplicated-1h-15d/duplicate-disk-24h-60d";
  assert.ok(broken(id, { requirements: exchange }).includes("server"));
  assert.ok(!broken(id).includes("server"));
});

test("who leaves destroyed volumes to the disaster objectives is told which of them does not hold", () => {
  const business = businessWith({
    hardwareFailure: "disaster",
    operational: objectives(24, 100, 24),
    disaster: objectives(2, 0.1, 24),
  });
  const { violations } = ranked("hot-split/deltas-1h-15d/duplicate-disk-24h-60d", { business });
  const hardware = violations.filter(({ reason }) => reason.includes("volumes of the mail server"));
  assert.deepEqual(
    hardware.map(({ constraint }) => constraint),
    ["disaster RPO", "disaster RTO"],
  );
});

test("a database is what clones bring back: asking for one is no reason to refuse them", () => {
  const id = "app-snapshot/clones-12h-15d/duplicate-disk-24h-60d";
  const requirements = exchange;
  const business = businessWith({ granularity: "database" });
  assert.ok(!broken(id, { business, requirements }).includes("granularity"));
  assert.ok(broken(id, { requirements }).includes("granularity"));
});

test("a mirror over a network that its writes do not get through is refused", () => {
  const id = "backup-api/disk-24h-21d/mirror-host";
  const requirements = siteWith({ parameters: { network_rate: 1024 } });
  assert.ok(broken(id, { requirements }).includes("copy time"));
  assert.ok(!broken(id).includes("copy time"));
});

test("an objective that is missed by a second does not read as if it were met", () => {
  const business = businessWith({ disaster: objectives(4, 72, 24) });
  const { violations } = ranked("hot-split/disk-deduplicated-1h-15d/duplicate-disk-4h-60d", {
    business,
  });
  const rpo = violations.find(({ constraint }) => constraint === "disaster RPO");
  assert.match(rpo?.reason ?? "", /up to 4 h 1 min of mail would be lost, 4 h are allowed/);
});

test("an accepted loss of the site costs nobody: protection from it does not look dearer than none", () => {
  const business = accepted(businessWith());
  const none = ranked("backup-api/disk-24h-21d/none", { business }).cost.outagesPerYear.high;
  const far = ranked("backup-api/disk-24h-21d/duplicate-tapes-24h-60d", { business });
  assert.equal(far.cost.outagesPerYear.high, none);
});

test("what replicas earn is shared by lines of business, and delta snapshots on production disks earn nothing", () => {
  const requirements = siteWith({ repurposing: [{ name: "reporting", valuePerYear: 3000 }] });
  const earned = (id: string, mailShare: number): number =>
    ranked(id, { business: businessWith({ mailShare }), requirements }).cost.repurposedPerYear.high;
  const clones = "hot-split/clones-12h-15d/duplicate-disk-24h-60d";
  assert.equal(earned(clones, 0.4) + earned(clones, 0.6), 3000);
  assert.equal(earned("hot-split/deltas-4h-15d/duplicate-disk-24h-60d", 1), 0);
});

test("clones that reach back for weeks are not said to reach back for a day", () => {
  const told = (id: string): string => ranked(id).evaluation.caveats.join("\n");
  assert.match(told("hot-split/clones-12h-24h/none"), /reach back a day or so/);
  assert.doesNotMatch(told("hot-split/clones-12h-15d/none"), /reach back a day or so/);
});

test("what never brings the mail back never pays back", () => {
  const none = ranked("live-write/cdp-2d/none");
  const dear = { ...none, cost: { ...none.cost, purchase: { ...none.cost.purchase, high: 1e9 } } };
  const recovery = { ...none.evaluation.recovery };
  delete (recovery as { corruption?: unknown }).corruption;
  delete (recovery as { site?: unknown }).site;
  const lost = (one: Ranked): Ranked => ({ ...one, evaluation: { ...one.evaluation, recovery } });
  assert.equal(payback(lost(none), lost(dear), 1000).events, Infinity);
  assert.equal(payback(lost(none), dear, 1000).events, 1);
});

test("of two that cost the same, the one that loses more is not on the front", () => {
  const worse = ranked("backup-api/disk-24h-21d/none");
  const { operational } = worse.evaluation;
  const lost = { ...operational.rpo.logsLost, high: 1 };
  const rpo = { ...operational.rpo, logsLost: lost };
  const better = {
    ...worse,
    evaluation: { ...worse.evaluation, operational: { ...operational, rpo } },
  };
  assert.deepEqual([...paretoFront([worse, better])], [better]);
  assert.deepEqual([...paretoFront([better, worse])], [better]);
});
