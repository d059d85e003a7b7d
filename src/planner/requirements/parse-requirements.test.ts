import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { formatProblem } from "#policy";
import { todaysParameters } from "../parameters.ts";
import { parseRequirements, requirementsJsonSchema, standardTiers } from "./index.ts";
import { problemIn, problemsOf, read, readWith, small } from "./requirements.fixture.ts";

const root = join(import.meta.dirname, "../../..");
const example = readFileSync(join(root, "requirements.example.yaml"), "utf8");
const hour = 3_600_000;
const day = 24 * hour;

test("requirements.example.yaml parses without problems", () => {
  const requirements = read(example);
  const [sales, production, others] = requirements.linesOfBusiness;
  assert.equal(sales?.downtimePerHour, 3600);
  assert.equal(sales.mailShare, 0.4);
  assert.equal(sales.disaster?.reachBackMs, 365 * day);
  assert.equal(sales.budgetPerYear, 5000);
  assert.equal(production?.tier, "gold");
  assert.equal(production.operational.backWithinMs, hour);
  assert.equal(production.risk, "low");
  assert.equal(production.mailShare, 0.3);
  assert.equal(others?.mailShare, 0.3);
  assert.equal(others.disaster, undefined);
  assert.equal(requirements.server.mayStopHours, 2);
  assert.deepEqual(requirements.not, { disaster: ["mirror-failover"] });
  assert.deepEqual(requirements.licences, { clones: 5000 });
  assert.deepEqual(requirements.repurposing, [{ name: "reporting", valuePerYear: 3000 }]);
  const line = example.split("\n").findIndex((text) => text.includes("tape_rate:")) + 1;
  assert.deepEqual(requirements.parameters.tape_rate, {
    low: 100e6,
    high: 300e6,
    unit: "bytes/s",
    origin: "stated",
    basis: `r.yaml:${line}`,
  });
});

test("requirements.schema.json is what requirementsJsonSchema() makes", () => {
  const path = join(root, "requirements.schema.json");
  const committed: unknown = JSON.parse(readFileSync(path, "utf8"));
  assert.deepEqual(committed, requirementsJsonSchema());
});

test("parseRequirements() fills in what may be left out", () => {
  const { parameters, linesOfBusiness, tiers, ...rest } = read(small);
  assert.deepEqual(tiers, standardTiers);
  const { mail, ...others } = parameters;
  const { mail: _, ...today } = todaysParameters();
  assert.equal(mail.high, 60e9);
  assert.equal(mail.origin, "stated");
  assert.deepEqual(others, today);
  assert.deepEqual(rest, {
    currency: "EUR",
    timeZone: "UTC",
    server: {
      name: "mail",
      kind: "dovecot-maildir",
      path: "/var/mail",
      mayStopHours: 0,
      bearsLoad: true,
      logsApart: false,
    },
    copyPath: "/srv/recovery",
    has: [],
    only: {},
    not: {},
    outages: {
      userErrors: 24,
      corruptions: 0.2,
      lateAttacks: 0.1,
      hardwareFailures: 0.1,
      siteLosses: 0.02,
    },
    licences: {},
    repurposing: [],
  });
  assert.deepEqual(linesOfBusiness, [
    {
      name: "everyone",
      mailboxes: ["*"],
      mailShare: 1,
      operational: { loseAtMostMs: hour, backWithinMs: hour, reachBackMs: 14 * day },
      disaster: { loseAtMostMs: day, backWithinMs: day, reachBackMs: 365 * day },
      granularity: "message",
      risk: "medium",
      hardwareFailure: "operational",
      downtimePerHour: 0,
    },
  ]);
});

test("parseRequirements() knows the slips that people make", () => {
  const slips: readonly (readonly [string | RegExp, string, string, string | undefined])[] = [
    ["kind: dovecot-maildir", "kind: dovecot-mialdir", "config.unknown-value", "dovecot-maildir"],
    ["kind: dovecot-maildir, ", "", "config.missing", undefined],
    ["mail: 60 GB", "mail: 60", "planner.quantity", undefined],
    ["mail: 60 GB", "mail: 0 GB", "planner.quantity", undefined],
    ["mail: 60 GB", "mail: 60 GB, hosts: 0", "planner.quantity", undefined],
    ["mail: 60 GB", "mail: 60 GB, name: a/b", "config.name", undefined],
    ["mail: 60 GB", "mail: 60 GB, path: mail", "config.path", undefined],
    ["mail: 60 GB", "mail: 60 GB, path: /srv", "config.path", undefined],
    ["mail: 60 GB", "mail: 60 GB, bears_load: yes", "config.type", "true"],
    ["mail: 60 GB", "mail: 60 GB, may_stop: 25 hours", "config.duration", undefined],
    ["mail: 60 GB", "mail: 60 GB, password: x", "config.inline-secret", undefined],
    ["mail: 60 GB", "mail: [60 GB]", "config.type", undefined],
    ["version: 1", "version: 1\ncurrency: eur", "planner.currency", "EUR"],
    ["version: 1", "version: 1\ntime_zone: Europe/Berln", "config.time-zone", "Europe/Berlin"],
    ["lose_at_most: 1 hour", "lose_at_most: 15", "config.duration", "15 minutes"],
    ["lose_at_most: 1 hour", "lose_at_most: 1 huor", "config.duration", "1 hour"],
    ["back_within: 1 hour", "back_within: 0", "config.duration", undefined],
    ["reach_back: 14 days", "reach_back: 1 yaer", "config.duration", "1 year"],
    [
      "reach_back: 14 days",
      "reach_bakc: 14 days, reach_back: 1 day",
      "config.unknown-key",
      "reach_back",
    ],
    [/ {4}disaster: .*\n/, "", "config.missing", undefined],
    [/disaster: .*/, "disaster:", "config.missing", undefined],
    [/disaster: .*/, "disaster: acepted", "config.unknown-value", "accepted"],
    [/disaster: .*/, "disaster: [accepted]", "config.type", undefined],
    [
      "back_within: 1 day",
      "back_wihin: 1 day, back_within: 1 day",
      "config.unknown-key",
      "back_within",
    ],
    ['["*"]', '["*"]\n    risk: lwo', "config.unknown-value", "low"],
    [/ {4}productivity_lost_without_mail: .*\n/, "", "config.downtime", undefined],
    ['["*"]', '["*"]\n    budget: 5000 EUR', "config.money", "5000 EUR per year"],
    ['["*"]', '["*"]\n    budget: 5000 USD per year', "planner.currency", undefined],
    [/$/, "site: {has: snapshots}\n", "config.type", undefined],
    [/$/, "site: {has: [snapshot]}\n", "config.unknown-value", "snapshots"],
    [/$/, "outages: {user_errors: 24}\n", "planner.frequency", "24 per year"],
    [/$/, "outages: {user_errors: often}\n", "planner.frequency", undefined],
    [/$/, "licences: {clone: 5 EUR per year}\n", "config.unknown-key", "clones"],
    [/$/, "licences: {clones: 5 USD per year}\n", "planner.currency", undefined],
    [/$/, "repurposing: {a/b: 5 EUR per year}\n", "config.name", undefined],
    [/$/, "consider: {only: {operational: [backup]}}\n", "config.unknown-value", undefined],
    [/$/, "consider: {only: {operational: []}}\n", "config.missing", undefined],
    [/$/, 'in_place: ""\n', "planner.no-combination", undefined],
    [
      /$/,
      "in_place: live-object/disk-deduplicated-24h/none\n",
      "planner.no-combination",
      undefined,
    ],
  ];
  for (const [from, to, code, suggestion] of slips) {
    const problem = problemIn(from, to);
    assert.equal(problem.code, code, to);
    assert.equal(problem.severity, "error", to);
    assert.equal(problem.suggestion, suggestion, to);
  }
});

test("the site's loss is accepted only by saying so", () => {
  const problem = problemIn(/ {4}disaster: .*\n/, "");
  assert.equal(
    formatProblem(problem),
    'r.yaml:5:5  "disaster" is missing\n  Say what must be reached when the site is lost, or that its loss is accepted: disaster: accepted.      (docs: config.missing)',
  );
  assert.equal(
    readWith(/disaster: .*/, "disaster: accepted").linesOfBusiness[0]?.disaster,
    undefined,
  );
});

test("nothing, months and years are durations here", () => {
  const lines = readWith(
    /operational: .*/,
    "operational: {lose_at_most: nothing, back_within: 90 s, reach_back: 1 year 6 months}",
  ).linesOfBusiness;
  assert.deepEqual(lines[0]?.operational, {
    loseAtMostMs: 0,
    backWithinMs: 90_000,
    reachBackMs: (365 + 180) * day,
  });
  assert.equal(
    readWith("lose_at_most: 1 hour", "lose_at_most: 0").linesOfBusiness[0]?.operational
      .loseAtMostMs,
    0,
  );
});

test("a server may be stopped for hours of a day, or never", () => {
  for (const [text, hours] of [
    ["2 hours", 2],
    ["90 minutes a day", 1.5],
    ["1 hour per day", 1],
    ["never", 0],
    ["0", 0],
  ] as const)
    assert.equal(
      readWith("mail: 60 GB", `mail: 60 GB, may_stop: ${text}`).server.mayStopHours,
      hours,
    );
});

test("outages are events a year", () => {
  const { outages } = readWith(
    /$/,
    "outages: {user_errors: 2 per month, corruptions: once every 5 years, late_attacks: never, hardware_failures: 0.1 per year}\n",
  );
  assert.deepEqual(outages, {
    userErrors: 24,
    corruptions: 0.2,
    lateAttacks: 0,
    hardwareFailures: 0.1,
    siteLosses: 0.02,
  });
});

test("parseRequirements() reports every problem, in the file's order", () => {
  const text = small
    .replace("dovecot-maildir", "x1")
    .replace('["*"]', "[x y]")
    .replace("lose_at_most: 1 hour", "lose_at_most: x3");
  assert.deepEqual(
    problemsOf(text)
      .filter(({ severity }) => severity === "error")
      .map((problem) => problem.line),
    [2, 5, 6],
  );
});

test("parseRequirements() never throws, whatever the damage", () => {
  const damage = fc.record({
    at: fc.nat(example.length),
    length: fc.nat(40),
    text: fc.oneof(
      fc.string({ maxLength: 8 }),
      fc.constantFrom(
        "[",
        "{",
        "*a",
        "&a",
        "\n",
        ": ",
        "- ",
        "'",
        "0",
        "-1",
        ".inf",
        "1e400",
        "null",
        "~",
      ),
    ),
  });
  fc.assert(
    fc.property(damage, ({ at, length, text }) => {
      const { requirements, problems } = parseRequirements(
        example.slice(0, at) + text + example.slice(at + length),
        { fileName: "r" },
      );
      const hasError = problems.some((problem) => problem.severity === "error");
      assert.equal(requirements === undefined, hasError);
      assert.ok(problems.every((problem) => problem.line >= 1 && problem.column >= 1));
      if (requirements === undefined) return;
      for (const { low, high } of Object.values(requirements.parameters))
        assert.ok(Number.isFinite(low) && low >= 0 && low <= high && Number.isFinite(high));
    }),
    { numRuns: 200 },
  );
});

test("parseRequirements() takes any value in any place without throwing", () => {
  const text = fc.oneof(
    fc.string({ maxLength: 20 }),
    fc.stringMatching(
      /^\d{0,3}[-–. ]?\d{0,20} ?(GB|MB\/s|years|mo|EUR per|%|km|×|per|in|a)? ?\w{0,6}$/,
    ),
    fc.constantFrom("__proto__", "toString", "9".repeat(100), "1 per 0 years", "0 B in 0 s"),
  );
  const value = fc.oneof(
    text,
    fc.double(),
    fc.constant(null),
    fc.boolean(),
    fc.array(text, { maxLength: 2 }),
  );
  const place = fc.constantFrom(
    ...[...example.matchAll(/^( *)([a-z_]+):.*$/gm)].map(([whole]) => whole),
  );
  fc.assert(
    fc.property(place, value, (whole, written) => {
      const key = whole.slice(0, whole.indexOf(":") + 1);
      const changed = example.replace(whole, () => `${key} ${JSON.stringify(written) ?? "null"}`);
      const { requirements, problems } = parseRequirements(changed, { fileName: "r" });
      const hasError = problems.some((problem) => problem.severity === "error");
      assert.equal(requirements === undefined, hasError);
    }),
    { numRuns: 300 },
  );
});
