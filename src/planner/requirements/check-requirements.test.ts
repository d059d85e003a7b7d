import assert from "node:assert/strict";
import { test } from "node:test";
import { parseRequirements } from "./index.ts";
import { problemIn, problemsOf, read, small } from "./requirements.fixture.ts";

const line = (name: string, more: string): string =>
  `  ${name}: {mailboxes: ["*@${name.replaceAll(" ", "")}.example.org"], operational: {lose_at_most: 1 hour, back_within: 1 hour, reach_back: 14 days}, disaster: accepted, payroll: 0 EUR per hour, productivity_lost_without_mail: 0%${more}}\n`;
const lines = (...more: readonly string[]): string =>
  small.replace("  everyone:\n", `${more.join("")}  everyone:\n`);

test("mail that nobody claims goes evenly to the lines that say nothing", () => {
  const { linesOfBusiness } = read(
    lines(line("a", ", mail: 15 GB"), line("b", ", mail_share: 25%"), line("c", "")),
  );
  assert.deepEqual(
    linesOfBusiness.map(({ mailShare }) => mailShare),
    [0.25, 0.25, 0.25, 0.25],
  );
});

test("shares that are too many, too few or leave nothing are said", () => {
  const [over] = problemsOf(lines(line("a", ", mail_share: 60%"), line("b", ", mail: 30 GB")));
  assert.deepEqual([over?.code, over?.severity, over?.line], ["planner.shares", "error", 3]);
  assert.match(over?.message ?? "", /110%/);
  const [none] = problemsOf(lines(line("a", ", mail_share: 100%")));
  assert.deepEqual([none?.code, none?.severity], ["planner.shares", "warning"]);
  const rest = problemIn('["*"]', '["*"]\n    mail_share: 40%');
  assert.deepEqual([rest.code, rest.severity], ["planner.shares", "warning"]);
  const [twice] = problemsOf(lines(line("a", ", mail_share: 60%, mail: 3 GB")));
  assert.equal(twice?.code, "planner.stated-twice");
  read(
    lines(line("a", ", mail_share: 33.3%"), line("b", ", mail_share: 33.3%")).replace(
      '["*"]',
      '["*"]\n    mail_share: 33.3%',
    ),
  );
});

test("lines of business that no mailbox reaches, or that have one name, are said", () => {
  const late = `${small}${line("late", "")}`;
  assert.deepEqual(
    problemsOf(late).map(({ code, severity }) => [code, severity]),
    [["config.unreachable", "warning"]],
  );
  assert.ok(parseRequirements(late, { fileName: "r" }).requirements !== undefined);
  assert.equal(
    problemsOf(lines(line("sales", ""), line("Sales", "")))[0]?.code,
    "config.duplicate-key",
  );
  assert.equal(problemIn('["*"]', '["*@example.org"]').code, "config.unprotected");
});

test("objectives that contradict each other are said", () => {
  const cases: readonly (readonly [string | RegExp, string, string, string])[] = [
    ["lose_at_most: 1 hour", "lose_at_most: 14 days", "planner.contradiction", "error"],
    ["lose_at_most: 1 day", "lose_at_most: 2 years", "planner.contradiction", "error"],
    ["lose_at_most: 1 hour", "lose_at_most: 2 days", "planner.ranking", "warning"],
    ["back_within: 1 hour", "back_within: 2 days", "planner.ranking", "warning"],
    ["mail: 60 GB", "mail: 60 GB, new_per_day: 70 GB", "planner.contradiction", "warning"],
    [
      /disaster: .*/,
      "disaster: accepted\n    hardware_failure: disaster",
      "planner.contradiction",
      "error",
    ],
    [
      /$/,
      "consider: {only: {operational: [tape]}, not: {operational: [disk, tape]}}\n",
      "planner.contradiction",
      "error",
    ],
  ];
  for (const [from, to, code, severity] of cases) {
    const [problem] = problemsOf(small.replace(from, to));
    assert.deepEqual([problem?.code, problem?.severity], [code, severity], to);
  }
});

test("lines of business that rank otherwise when the site is lost are said (paper, section 4.2)", () => {
  const strict = line("strict", "")
    .replace("lose_at_most: 1 hour", "lose_at_most: 1 minute")
    .replace("accepted", "{lose_at_most: 2 days, back_within: 1 hour, reach_back: 1 year}");
  const found = problemsOf(lines(strict));
  assert.deepEqual(
    found.map(({ code, severity, line: at }) => [code, severity, at]),
    [["planner.ranking", "warning", 4]],
  );
  assert.match(found[0]?.message ?? "", /"strict" ranks before "everyone"/);
});

test("destroyed volumes are back by the disaster objectives where risk is tolerated", () => {
  const hardware = (text: string): unknown => read(text).linesOfBusiness[0]?.hardwareFailure;
  const risky = small.replace('["*"]', '["*"]\n    risk: high');
  assert.equal(hardware(risky), "disaster");
  assert.equal(hardware(risky.replace(/disaster: .*/, "disaster: accepted")), "operational");
  assert.equal(
    hardware(risky.replace("risk: high", "risk: high\n    hardware_failure: operational")),
    "operational",
  );
});
