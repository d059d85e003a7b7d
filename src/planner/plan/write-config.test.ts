import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formatProblem, parseConfig, requireConfig } from "#policy";
import { parseCombination } from "../model/index.ts";
import { todaysParameters } from "../parameters.ts";
import {
  type BusinessRequirements,
  type Requirements,
  standardTiers,
} from "../requirements/index.ts";
import { combinationsFor, missingParts, type Ranked, rankOne } from "../ranking/index.ts";
import { checkConfiguration, missingLines } from "./check-config.ts";
import { makePlan, type Plan } from "./plan.ts";
import { keepRules } from "./config-words.ts";
import { writeConfiguration } from "./write-config.ts";

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

/** A plan of one line of business with one combination, whatever would have been cheaper. */
function planOf(chosen: Ranked, asked: Requirements, line: BusinessRequirements): Plan {
  const nothing = { low: 0, high: 0 };
  const ranking = { business: line, feasible: [chosen], rejected: [] };
  return {
    requirements: asked,
    lines: [{ business: line, ranking, chosen, runsHere: chosen, waysOut: [], lapses: [] }],
    totals: { purchase: nothing, protectionPerYear: nothing, totalPerYear: nothing },
    recoveryOrder: [line.name],
    warnings: [],
  };
}

function errorsOf(text: string, asked: Requirements): readonly string[] {
  const parsed = parseConfig(text, { fileName: "config.yaml" });
  const unexpected = parsed.problems.filter(({ code }) => code !== "config.no-disaster-recovery");
  assert.deepEqual(unexpected.map(formatProblem), [], text);
  const lines = checkConfiguration(requireConfig(parsed), { requirements: asked, against: true });
  return lines.flatMap(({ findings }) =>
    findings.filter(({ severity }) => severity === "error").map(({ text: reason }) => reason),
  );
}

const slow = { backWithinMs: 4 * dayMs };
const daily = { loseAtMostMs: dayMs, ...slow, reachBackMs: 14 * dayMs };
const scenarios: readonly Partial<BusinessRequirements>[] = [
  { operational: daily },
  {
    operational: daily,
    risk: "high",
    hardwareFailure: "disaster",
    disaster: { loseAtMostMs: 9 * dayMs, ...slow, reachBackMs: 90 * dayMs },
  },
  {
    operational: { ...daily, reachBackMs: 100 * dayMs },
    risk: "low",
    disaster: { loseAtMostMs: 3 * dayMs, ...slow, reachBackMs: 400 * dayMs },
  },
  {
    operational: { ...daily, loseAtMostMs: hourMs },
    disaster: { loseAtMostMs: 5 * hourMs, ...slow, reachBackMs: dayMs },
  },
];

test("every combination that this version runs and that meets its requirements can be written so that it still does", () => {
  const seen = new Set<string>();
  for (const change of scenarios) {
    const line = business(change);
    const asked: Requirements = {
      ...requirements([line]),
      has: ["disk for copies", "tape drive", "snapshots", "second site"],
      server: { ...requirements([]).server, mayStopHours: 8 },
    };
    for (const combination of combinationsFor(line, asked)) {
      if (missingParts(combination, asked.server.kind).length > 0) continue;
      const ranked = rankOne(combination, { business: line, requirements: asked });
      if (ranked.violations.length > 0) continue;
      const { text, notInForce } = writeConfiguration(planOf(ranked, asked, line));
      assert.deepEqual(notInForce, [], text);
      assert.deepEqual(errorsOf(text, asked), [], text);
      const { source, operational, disaster: far } = combination;
      for (const part of [source, operational.method, far?.option ?? "none"]) seen.add(part);
    }
  }
  // Delta snapshots die with the volumes of the server (§3.4.2): they meet requirements only beside another method.
  const expected =
    "clones disk-deduplicated duplicate-disk hot-split journal live-object none offline protected-cdp ship-tapes tape";
  assert.deepEqual([...seen].toSorted(), expected.split(" "));
});

test("a journal that is mirrored is written so that the daemon reads it, and read back as what it is", () => {
  const line = business({ disaster: { ...disaster, loseAtMostMs: 5 * 60_000 } });
  const asked: Requirements = { ...requirements([line]), has: ["disk for copies", "second site"] };
  const [line0] = makePlan(asked, { availableOnly: true }).lines;
  assert.equal(line0?.chosen?.evaluation.combination.disaster?.option, "protected-cdp");
  const { text, notInForce } = writeConfiguration(makePlan(asked, { availableOnly: true }));
  assert.deepEqual([notInForce, errorsOf(text, asked)], [[], []], text);
  const config = requireConfig(parseConfig(text, { fileName: "config.yaml" }));
  const [tier] = config.tiers;
  assert.deepEqual(tier?.operational[0]?.journalMirror, {
    at: "another host",
    user: "restante",
    host: "vault.example.net",
    path: "/srv/journals",
  });
  // A replay begins with a base, which is duplicated.
  assert.equal(tier?.disaster?.method, "duplicate backup copies offsite");
  assert.equal(tier?.disaster?.from, tier?.operational[0]?.copy);
  const findingsOf = (changed: string): readonly string[] => {
    const read = requireConfig(parseConfig(changed, { fileName: "config.yaml" }));
    const [checked] = checkConfiguration(read, { requirements: asked, against: true });
    return checked?.findings.map(({ text: reason }) => reason) ?? [];
  };
  assert.deepEqual(findingsOf(text), []);
  const [checked] = checkConfiguration(config, { requirements: asked, against: true });
  const { combination } = checked?.ranked.evaluation ?? {};
  assert.equal(combination?.disaster?.option, "protected-cdp");
  assert.deepEqual(combination?.disaster?.kept?.[0], {
    fromHours: 0,
    untilHours: 48,
    everyHours: 0,
  });
  // Without its mirror the same file loses an hour and more.
  const alone = text.replace(/^ {6}journal:.*\n {8}mirror:.*\n/m, "");
  assert.notEqual(alone, text);
  assert.match(findingsOf(alone).join("\n"), /the site gone/);
});

test("delta snapshots that were asked for by name are written, and the check says what they do not survive", () => {
  const line = business({ operational: daily });
  const asked = { ...requirements([line]), has: ["disk for copies", "snapshots"] as const };
  const combination = parseCombination("hot-split/deltas-4h-15d/none");
  assert.ok(combination !== undefined);
  const ranked = rankOne(combination, { business: line, requirements: asked });
  const { text } = writeConfiguration(planOf(ranked, asked, line));
  assert.match(text, /method: rotation of delta snapshots/);
  assert.match(text, /images: 90$/m);
  const errors = errorsOf(text, asked);
  assert.equal(errors.length, 1);
  assert.match(errors[0] ?? "", /the volumes of the mail server destroyed.*\(§3\.4\.2\)/);
});

test("lines of business share their server's data source", () => {
  const lines = [
    business({ name: "sales", mailboxes: ["*@sales.example.org"], operational: daily }),
    business({ operational: daily }),
  ];
  const asked: Requirements = {
    ...requirements(lines),
    has: ["disk for copies", "tape drive", "snapshots"],
  };
  const chosen = ["live-object/disk-deduplicated-24h-15d/none", "hot-split/tape-24h-21d/none"];
  const plans = lines.map((line, index) => {
    const combination = parseCombination(chosen[index] ?? "");
    assert.ok(combination !== undefined);
    return planOf(rankOne(combination, { business: line, requirements: asked }), asked, line);
  });
  const plan = { ...plans[0], lines: plans.flatMap((one) => one.lines) } as Plan;
  const { text, notInForce, written } = writeConfiguration(plan);
  assert.match(text, /data_source: hot split snapshot/);
  assert.equal(written.get("sales")?.evaluation.id, "hot-split/disk-deduplicated-24h-15d/none");
  assert.deepEqual(
    notInForce.map(({ line }) => line),
    ["sales"],
  );
  assert.match(notInForce[0]?.words ?? "", /a server has one data source/);
  assert.deepEqual(errorsOf(text, asked), []);
});

test("what this version does not do is a comment in the file, and said", () => {
  const asked = requirements([business({ disaster })]);
  const plan = makePlan({
    ...asked,
    only: { disaster: ["mirror-array", "duplicate-object-storage"] },
  });
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
  // Of copies that are taken now and then: what continuous protection loses does not follow from its promise.
  const asked: Requirements = {
    ...requirements([business()]),
    only: { operational: ["disk-deduplicated"] },
  };
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

test("continuous data protection is written with its bases, and the check reads its rules as they are kept", () => {
  const line = business({ disaster });
  const asked = requirements([line]);
  const combination = parseCombination("live-object/journal-15d/duplicate-disk-4h-91d");
  assert.ok(combination !== undefined);
  const ranked = rankOne(combination, { business: line, requirements: asked });
  const { text, notInForce } = writeConfiguration(planOf(ranked, asked, line));
  assert.deepEqual(notInForce, []);
  assert.match(text, /`restante daemon --config FILE`/);
  assert.doesNotMatch(text, /call `restante capture`/);
  assert.match(text, /method: continuous data protection/);
  assert.match(text, /lose_at_most: 2 seconds #/);
  const [checked] = checkConfiguration(
    requireConfig(parseConfig(text, { fileName: "config.yaml" })),
    { requirements: asked, against: false },
  );
  const { operational, disaster: sent } = checked?.ranked.evaluation.combination ?? {};
  assert.deepEqual(
    operational?.kept?.map(({ untilHours, everyHours }) => [untilHours, everyHours]),
    [
      [48, 0],
      [15 * 24, 1],
      [16 * 24, 24],
    ],
  );
  assert.equal(sent?.everyHours, 4);
  // Bases once a day: nothing newer can be sent every four hours.
  const daily = text.replace("every: 1 hour #", "every: 1 day #");
  const [slower] = checkConfiguration(
    requireConfig(parseConfig(daily, { fileName: "config.yaml" })),
    { requirements: asked, against: false },
  );
  assert.equal(slower?.ranked.evaluation.combination.disaster?.everyHours, 24);
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
