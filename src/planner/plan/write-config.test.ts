import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseConfig, requireConfig } from "#policy";
import { todaysParameters } from "../parameters.ts";
import {
  type BusinessRequirements,
  type Requirements,
  standardTiers,
} from "../requirements/index.ts";
import { checkConfiguration, missingLines } from "./check-config.ts";
import { makePlan } from "./plan.ts";
import { keepRules, writeConfiguration } from "./write-config.ts";

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

function business(change: Partial<BusinessRequirements> = {}): BusinessRequirements {
  return {
    name: "everyone",
    mailboxes: ["*"],
    mailShare: 1,
    operational: { loseAtMostMs: hourMs, backWithinMs: 4 * hourMs, reachBackMs: 30 * dayMs },
    granularity: "message",
    risk: "medium",
    hardwareFailure: "operational",
    downtimePerHour: 100,
    ...change,
  };
}

function requirements(lines: readonly BusinessRequirements[]): Requirements {
  return {
    currency: "EUR",
    timeZone: "Europe/Berlin",
    server: {
      name: "mx1",
      kind: "dovecot-maildir",
      path: "/srv/mail",
      mayStopHours: 0,
      bearsLoad: true,
      logsApart: false,
    },
    copyPath: "/srv/recovery",
    parameters: todaysParameters(),
    has: ["disk for copies"],
    only: {},
    not: {},
    tiers: standardTiers,
    linesOfBusiness: lines,
    outages: {
      userErrors: 10,
      corruptions: 0.2,
      lateAttacks: 0.1,
      hardwareFailures: 0.1,
      siteLosses: 0.02,
    },
    licences: {},
    repurposing: [],
  };
}

const disaster = { loseAtMostMs: dayMs, backWithinMs: 2 * dayMs, reachBackMs: 90 * dayMs };

test("the configuration of a plan validates and, checked again, meets the requirements it came from", () => {
  const objectives = fc.record({
    loseAtMostMs: fc.integer({ min: 15, max: 3000 }).map((minutes) => minutes * 60_000),
    backWithinMs: fc.integer({ min: 45, max: 3000 }).map((minutes) => minutes * 60_000),
    reachBackMs: fc.integer({ min: 1, max: 800 }).map((days) => days * dayMs),
  });
  const names = fc.constantFrom("sales", "no", "1", "everyone else", "R&D", "Größe", "null");
  const risk = fc.constantFrom("medium" as const, "high" as const, "low" as const);
  fc.assert(
    fc.property(objectives, names, risk, (operational, name, tolerated) => {
      const asked = requirements([business({ name, operational, risk: tolerated })]);
      const plan = makePlan(asked, { availableOnly: true });
      assert.ok(plan.lines[0]?.chosen !== undefined, JSON.stringify(operational));
      const { text, notInForce } = writeConfiguration(plan);
      assert.deepEqual(notInForce, []);
      const parsed = parseConfig(text, { fileName: "config.yaml" });
      assert.deepEqual(parsed.problems, [], text);
      const config = requireConfig(parsed);
      const [line] = checkConfiguration(config, { requirements: asked, against: true });
      assert.equal(line?.name, name);
      assert.deepEqual(
        line?.findings.filter(({ severity }) => severity === "error"),
        [],
        text,
      );
      assert.deepEqual(missingLines(config, asked), []);
    }),
    { numRuns: 25 },
  );
});

test("what this version does not do is a comment in the file, and said", () => {
  const plan = makePlan(requirements([business({ disaster })]));
  const { text, notInForce } = writeConfiguration(plan);
  assert.equal(notInForce.length, 1);
  assert.match(notInForce[0]?.words ?? "", /recovers from the loss of the site/);
  assert.match(text, /^ {4}# disaster:$/m);
  const parsed = parseConfig(text, { fileName: "config.yaml" });
  assert.deepEqual(parsed.problems, []);
  const [line] = checkConfiguration(requireConfig(parsed), {
    requirements: plan.requirements,
    against: true,
  });
  const errors = line?.findings.filter(({ severity }) => severity === "error") ?? [];
  assert.ok(errors.length > 0, "the check must not pass");
  for (const { text: reason } of errors) assert.match(reason, /the site gone|disaster layer/);
});

test("a configuration that promises less than is required does not pass", () => {
  const asked = requirements([business()]);
  const { text } = writeConfiguration(makePlan(asked, { availableOnly: true }));
  const check = (change: (text: string) => string): readonly string[] => {
    const changed = change(text);
    assert.notEqual(changed, text);
    const config = requireConfig(parseConfig(changed, { fileName: "config.yaml" }));
    return checkConfiguration(config, { requirements: asked, against: true }).flatMap(
      ({ findings }) =>
        findings.filter(({ severity }) => severity === "error").map(({ text: reason }) => reason),
    );
  };
  assert.match(
    check((before) => before.replace(/lose_at_most: [^#\n]+/, "lose_at_most: 5 hours "))[0] ?? "",
    /up to 5 h of mail would be lost, 1 h/,
  );
  assert.ok(
    check((before) => before.replace(/keep: .*/, "keep: [last 3]")).some((reason) =>
      /nothing covers from/.test(reason),
    ),
  );
  assert.match(
    check((before) => before.replace(/back_within: .*/, "back_within: 9 hours"))[0] ?? "",
    /back_within promises less/,
  );
});

test("a required line of business that the file lacks is named", () => {
  const asked = requirements([business()]);
  const { text } = writeConfiguration(makePlan(asked, { availableOnly: true }));
  const config = requireConfig(parseConfig(text, { fileName: "config.yaml" }));
  const more = requirements([business(), business({ name: "sales" })]);
  assert.deepEqual(missingLines(config, more), ["sales"]);
});

test("without requirements a configuration is held to its own promise, and its silence is remarked", () => {
  const text = `version: 1
servers:
  mx1: {type: maildir, path: /srv/mail}
copies:
  here: {layer: operational, path: /srv/recovery, key: credential:here}
tiers:
  gold: {operational: {method: backup to disk, copy: here, back_within: 1 minute}}
lines_of_business:
  everyone: {mailboxes: ["*"], tier: gold}
`;
  const config = requireConfig(parseConfig(text, { fileName: "config.yaml" }));
  const [line] = checkConfiguration(config, {
    requirements: requirements([business()]),
    against: false,
  });
  const [error, ...others] = line?.findings.filter(({ severity }) => severity === "error") ?? [];
  assert.match(error?.text ?? "", /back after .*, 1 min are allowed/);
  assert.ok(others.every(({ text: reason }) => /back after/.test(reason)));
  assert.ok(line?.findings.some(({ text: remark }) => /no lose_at_most/.test(remark)));
  assert.ok(line?.findings.some(({ text: remark }) => /loss of the site/.test(remark)));
});

test("a rotation in the words of retention keeps its promise, slot by slot", () => {
  assert.deepEqual(
    keepRules(
      [
        { fromHours: 0, untilHours: 48, everyHours: 0.25 },
        { fromHours: 48, untilHours: 336, everyHours: 1 },
        { fromHours: 336, untilHours: 2160, everyHours: 24 },
        { fromHours: 2160, untilHours: 9480, everyHours: 720 },
      ],
      0.25,
    ),
    [
      "every change for 48 hours",
      "one per hour for 15 days",
      "one per day for 91 days",
      "one per month for 396 days",
    ],
  );
});
