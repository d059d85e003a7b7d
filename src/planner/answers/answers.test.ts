/** Answers as reports: nothing unreadable in them, and every number can be asked where it comes from. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import {
  dataSources,
  disasterOptions,
  mailServers,
  operationalMethods,
} from "../figure-1/index.ts";
import { combinationsFor } from "../ranking/index.ts";
import { combinationId, figure6, figure7, paperSituation } from "../model/index.ts";
import { parameterNames, paperParameters, parameters, todaysParameters } from "../parameters.ts";
import { checkConfiguration, makePlan } from "../plan/index.ts";
import { renderHtml, renderMarkdown, renderText, type Report } from "../report/index.ts";
import { parseRequirements, type Requirements } from "../requirements/index.ts";
import { parseConfig, requireConfig } from "#policy";
import { siteSituation } from "../ranking/index.ts";
import { checkReport, figureCellsJson, figuresReport, planJson, planReport, why } from "./index.ts";

const root = join(import.meta.dirname, "../../..");
const examples = join(root, "docs/guide/planning");
const exampleNames = readdirSync(examples)
  .filter((name) => name.endsWith(".yaml"))
  .map((name) => name.slice(0, -".yaml".length));

function requirementsOf(name: string): Requirements {
  const fileName = `${name}.yaml`;
  const text = readFileSync(join(examples, fileName), "utf8");
  const { requirements, problems } = parseRequirements(text, { fileName });
  assert.deepEqual(problems, [], fileName);
  assert.ok(requirements !== undefined);
  return requirements;
}

const plain = (text: string): string => text;
const style = { bold: plain, dim: plain, good: plain, bad: plain, warn: plain, ascii: false };

function readable(report: Report): void {
  for (const text of [
    renderText(report, { columns: 120, style }),
    renderMarkdown(report),
    renderHtml(report),
  ]) {
    assert.doesNotMatch(text, /\bNaN\b|\bundefined\b|\[object /);
  }
}

test("the three worked examples are there", () => {
  assert.deepEqual(exampleNames.toSorted(), ["provider", "ten-person-firm", "university"]);
});

for (const name of exampleNames) {
  const plan = makePlan(requirementsOf(name));

  test(`the plan of ${name} meets every requirement of every line of business`, () => {
    for (const line of plan.lines) {
      assert.ok(line.chosen !== undefined, line.business.name);
      assert.deepEqual(line.chosen.violations, []);
      assert.deepEqual(line.lapses, []);
    }
  });

  // Written in docs/guide/planning by: restante plan NAME.yaml --no-measured --output NAME.md
  test(`the report of ${name} in the documents is what the planner writes`, () => {
    const committed = readFileSync(join(examples, `${name}.md`), "utf8");
    assert.equal(
      withoutDate(committed),
      withoutDate(
        renderMarkdown(planReport(plan, { generatedAt: "Wed 25 Nov 2026 12:00:00 UTC" })),
      ),
    );
  });

  test(`the report of ${name} is readable in every form, and its JSON has no unlimited number`, () => {
    readable(planReport(plan));
    assert.doesNotMatch(JSON.stringify(planJson(plan)), /NaN|Infinity/);
  });
}

/** The day on which a report was made is nobody's difference. */
function withoutDate(text: string): string {
  return text.replace(/^.*\b\d{1,2} [A-Z][a-z]{2} 20\d\d \d\d:\d\d:\d\d\b.*$/m, "");
}

const requirements = requirementsOf("ten-person-firm");
const options = { requirements, situation: siteSituation(requirements) };

test("every number can be asked where it comes from, and says the paper's own beside it", () => {
  for (const name of parameterNames) {
    const report = why(name, options);
    readable(report);
    const text = renderMarkdown(report);
    assert.ok(text.length > parameters[name].about.length, name);
  }
});

test("every box, server and row of the figures can be asked about", () => {
  const topics = [
    ...Object.keys(dataSources),
    ...Object.keys(operationalMethods),
    ...Object.keys(disasterOptions),
    ...Object.keys(mailServers),
    ...figure6.map(({ row }) => row),
    ...figure7.map(({ row }) => row),
  ];
  for (const topic of topics) readable(why(topic, options));
});

test("every pair of Figure 1 that can be asked about answers with its section", () => {
  for (const method of Object.keys(operationalMethods)) {
    for (const source of Object.keys(dataSources))
      assert.match(renderMarkdown(why(`${source} ${method}`, options)), /§\d/);
    for (const option of Object.keys(disasterOptions))
      assert.match(renderMarkdown(why(`${method} -> ${option}`, options)), /§\d/);
  }
});

test("any combination can be asked about, also one that does not meet the requirements", () => {
  const [business] = requirements.linesOfBusiness;
  assert.ok(business !== undefined);
  const all = combinationsFor(business, requirements);
  for (const index of [0, 100, Math.floor(all.length / 2), all.length - 1]) {
    const combination = all[index];
    assert.ok(combination !== undefined);
    readable(why(combinationId(combination), options));
  }
});

test("what nobody knows is an error that names the nearest", () => {
  assert.throws(() => why("delats", options), { code: "planner.no-topic", hint: /deltas/ });
  assert.throws(() => why("", options), { code: "planner.no-topic" });
  assert.throws(() => why("a".repeat(100_000), options), { code: "planner.no-topic" });
});

test("the figures are readable for the paper's site and for today's, with today's methods beside", () => {
  for (const parametersOf of [paperParameters(), todaysParameters()]) {
    const situation = paperSituation(parametersOf);
    readable(figuresReport({ situation, of: "a test" }));
    for (const cell of figureCellsJson({ situation })) assert.notEqual(cell.computed, undefined);
  }
});

test("a check is readable, and names a required line that is absent", () => {
  const text = `version: 1
servers: {mx1: {type: maildir, path: /srv/mail}}
copies: {here: {layer: operational, path: /srv/recovery, key: "credential:here"}}
tiers: {gold: {operational: {method: backup to disk, copy: here}}}
lines_of_business: {everyone: {mailboxes: ["*"], tier: gold}}
`;
  const config = requireConfig(parseConfig(text, { fileName: "config.yaml" }));
  const lines = checkConfiguration(config, { requirements, against: true });
  const report = checkReport(lines, { file: "config.yaml", against: "r.yaml", absent: ["sales"] });
  readable(report);
  assert.match(renderMarkdown(report), /sales[\s\S]*required and not in the file/);
});
