/** A catalogue of tiers in a requirements file, and lines of business that choose from it (paper §1.2). */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { BusinessRequirements, Requirements } from "./index.ts";
import { businessOfTier, findTier, standardTiers } from "./index.ts";
import { changed, problemIn, problemsOf, read, small } from "./requirements.fixture.ts";

const hour = 3_600_000;
const day = 24 * hour;

/** The small file with a tier in place of its objectives. */
const tiered = small.replace(/ {4}operational: .*\n {4}disaster: .*\n/, "    tier: gold\n");
const bulk = `tiers:
  bulk:
    operational: {lose_at_most: 1 day, back_within: 2 days, reach_back: 7 days}
    disaster: accepted
`;

function everyone({ linesOfBusiness }: Requirements): BusinessRequirements {
  const [line] = linesOfBusiness;
  assert.ok(line !== undefined);
  return line;
}

test("a line of business that names a tier requires what the tier promises", () => {
  const gold = findTier("gold", standardTiers);
  assert.ok(gold !== undefined);
  const expected = businessOfTier(gold, { name: "everyone", mailboxes: ["*"], mailShare: 1 });
  assert.deepEqual(everyone(read(tiered)), expected);
  assert.deepEqual(everyone(read(tiered.replace("gold", '" Gold "'))), expected);
});

test("every tier of the catalogue is read from a file as businessOfTier() makes it of the tier", () => {
  for (const tier of standardTiers)
    assert.deepEqual(
      everyone(read(tiered.replace("tier: gold", `tier: ${tier.name}`))),
      businessOfTier(tier, { name: "everyone", mailboxes: ["*"], mailShare: 1 }),
    );
});

test("objectives, risk and an accepted loss beside a tier hold in place of the tier's", () => {
  const own = everyone(
    read(
      tiered.replace(
        "tier: gold",
        "tier: gold\n    operational: {lose_at_most: 5 minutes, back_within: 30 minutes, reach_back: 90 days}",
      ),
    ),
  );
  assert.equal(own.operational.loseAtMostMs, 5 * 60_000);
  assert.equal(own.disaster?.loseAtMostMs, 4 * hour);
  assert.equal(own.tier, "gold");
  const accepted = everyone(
    read(tiered.replace("tier: gold", "tier: gold\n    disaster: accepted")),
  );
  assert.equal(accepted.disaster, undefined);
  const risky = everyone(read(tiered.replace("tier: gold", "tier: gold\n    risk: high")));
  assert.deepEqual([risky.risk, risky.hardwareFailure], ["high", "disaster"]);
});

test("tiers of the file stand beside the standard ones, and take the place of one of their name", () => {
  const { tiers } = read(`${tiered}${bulk}`);
  assert.deepEqual(
    tiers.map(({ name }) => name),
    ["bronze", "silver", "gold", "platinum", "bulk"],
  );
  assert.deepEqual(tiers.at(-1), {
    name: "bulk",
    promise:
      "Everyday losses cost at most 1 day of mail and at most 2 days without it; the loss of the site is accepted.",
    operational: { loseAtMostMs: day, backWithinMs: 2 * day, reachBackMs: 7 * day },
    risk: "medium",
  });
  const own = read(
    `${tiered}${bulk.replace("bulk:", "Gold:\n    promise: Ours.\n    risk: high")}`,
  );
  assert.deepEqual(
    own.tiers.map(({ name }) => name),
    ["bronze", "silver", "Gold", "platinum"],
  );
  assert.equal(own.tiers[2]?.promise, "Ours.");
  assert.equal(everyone(own).operational.backWithinMs, 2 * day);
});

test("a tier that is none is said, with the one that was probably meant", () => {
  const [problem, ...others] = problemsOf(tiered.replace("tier: gold", "tier: glod"));
  assert.deepEqual(others, []);
  assert.deepEqual(
    [problem?.code, problem?.severity, problem?.suggestion, problem?.line, problem?.column],
    ["config.reference", "error", "gold", 6, 11],
  );
  const [own] = problemsOf(`${tiered.replace("tier: gold", "tier: bluk")}${bulk}`);
  assert.equal(own?.suggestion, "bulk");
});

test("a line with neither tier nor objectives, or with half of them, is refused", () => {
  const neither = problemIn(/ {4}operational: .*\n {4}disaster: .*\n/, "");
  assert.deepEqual([neither.code, neither.line, neither.column], ["config.missing", 4, 3]);
  assert.match(neither.message, /"everyone" has neither a tier nor objectives/);
  const half = problemIn(/ {4}operational: .*\n/, "");
  assert.equal(half.message, '"operational" is missing');
  assert.match(half.hint ?? "", /reach_back: 14 days/);
});

test("what is wrong with a tier is said where it stands", () => {
  const cases: readonly (readonly [string, string, string, number, "error" | "warning"])[] = [
    ["lose_at_most: 1 day", "lose_at_most: 7 days", "planner.contradiction", 12, "error"],
    ["disaster: accepted", "disaster: acepted", "config.unknown-value", 13, "error"],
    ["    disaster: accepted\n", "", "config.missing", 12, "error"],
    ["  bulk:\n", "  bulk:\n    risk: hihg\n", "config.unknown-value", 12, "error"],
    ["  bulk:\n", '  bulk:\n    promise: " "\n', "config.name", 12, "error"],
    ["  bulk:\n", "  bulk:\n    promse: x\n", "config.unknown-key", 12, "error"],
    ["bulk:", "a/b:", "config.name", 11, "error"],
    [
      "disaster: accepted",
      "disaster: {lose_at_most: 1 hour, back_within: 3 days, reach_back: 1 year}",
      "planner.ranking",
      12,
      "warning",
    ],
  ];
  for (const [from, to, code, line, severity] of cases) {
    const text = `${small}${bulk.replace(from, to)}`;
    const [problem, ...others] = problemsOf(text);
    assert.deepEqual(others, [], to);
    assert.deepEqual([problem?.code, problem?.line, problem?.severity], [code, line, severity], to);
  }
  assert.equal(problemsOf(`${small}tiers: {}\n`)[0]?.code, "config.missing");
  const twice = `${small}${bulk}${bulk.replace("tiers:\n", "").replace("bulk", "Bulk")}`;
  assert.equal(problemsOf(twice)[0]?.code, "config.duplicate-key");
});

test("lines of business are compared by the objectives that hold, wherever they stand (section 4.2)", () => {
  const strict = `  strict:
    mailboxes: ["*@strict.example.org"]
    payroll: 0 EUR per hour
    productivity_lost_without_mail: 0%
    tier: platinum
    disaster: {lose_at_most: 3 days, back_within: 4 hours, reach_back: 1 year}
`;
  const [problem, ...others] = problemsOf(
    tiered.replace("  everyone:\n", `${strict}  everyone:\n`),
  );
  assert.deepEqual(others, []);
  assert.deepEqual([problem?.code, problem?.line], ["planner.ranking", 9]);
  const accepted = tiered.replace("tier: gold", "tier: bulk\n    hardware_failure: disaster");
  assert.deepEqual(
    problemsOf(`${accepted}${bulk}`).map(({ code }) => code),
    ["planner.contradiction"],
  );
});

test("a line without payroll is planned, and it is said that its outages cost nothing", () => {
  const text = changed(/ {4}payroll: .*\n.*\n/, "");
  const [problem, ...others] = problemsOf(text);
  assert.deepEqual(others, []);
  assert.deepEqual(
    [problem?.code, problem?.severity, problem?.line, problem?.column],
    ["planner.no-value", "warning", 4, 3],
  );
  assert.match(problem?.message ?? "", /an hour without mail costs "everyone" nothing/);
});

test("names that objects have of themselves are neither tiers nor harm", () => {
  const name = fc.constantFrom("constructor", "toString", "hasOwnProperty", "valueOf", "__proto__");
  fc.assert(
    fc.property(name, (word) => {
      const [problem] = problemsOf(tiered.replace("tier: gold", `tier: ${word}`));
      assert.equal(problem?.code, "config.reference");
    }),
  );
  const own = read(
    `${tiered.replace("gold", "constructor")}${bulk.replace("bulk", "constructor")}`,
  );
  assert.equal(everyone(own).tier, "constructor");
});
