/** Holds Figure 1's data to the paper: every statement of §2 and §3 about what goes with what. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { disasterRows } from "./compatibility-disaster.fixture.ts";
import { methodRows } from "./compatibility-methods.fixture.ts";
import { replicaRows } from "./compatibility-replicas.fixture.ts";
import type { Row } from "./compatibility-row.fixture.ts";
import { sourceRows } from "./compatibility-sources.fixture.ts";
import { disasterEdge } from "./disaster-edges.ts";
import { methodCaveats } from "./method-caveats.ts";
import {
  type DataSourceId,
  dataSources,
  type DisasterOptionId,
  disasterOptions,
  type OperationalMethodId,
  operationalMethods,
} from "./names.ts";
import { isInPaper, quotationsIn, withoutPaper } from "./paper-words.fixture.ts";
import { type Edge, sourceEdge } from "./source-edges.ts";
import { disasterTraits, operationalTraits } from "./traits.ts";

const rows: readonly Row[] = [...sourceRows, ...disasterRows, ...methodRows, ...replicaRows];
const methods = Object.keys(operationalMethods) as OperationalMethodId[];

type NamedEdge = Edge & { readonly of: Edge["of"]; readonly name: string };

const edges: readonly NamedEdge[] = methods.flatMap((method) => [
  ...(Object.keys(dataSources) as DataSourceId[]).map((source) => ({
    name: `${source} → ${method}`,
    ...sourceEdge(source, method),
  })),
  ...(Object.keys(disasterOptions) as DisasterOptionId[]).map((option) => ({
    name: `${method} → ${option}`,
    ...disasterEdge(method, option),
  })),
]);

for (const { section, words, assertion } of rows)
  test(`§${section}: ${words.slice(0, 100)}`, assertion);

test("every section of §2.1 to §3.5 that speaks of combinations has its rows", () => {
  const told = new Set(rows.map(({ section }) => section));
  const sections = ["2", "2.1", "2.2.1", "2.2.2", "2.2.3", "2.2.4"];
  for (const method of ["3.1", "3.2", "3.3", "3.4", "3.5"])
    sections.push(`${method}.1`, `${method}.5`, `${method}.6`);
  assert.deepEqual(
    sections.filter((section) => !told.has(section)),
    [],
  );
});

test("every statement is in the paper, word for word", { skip: withoutPaper }, () => {
  assert.ok(!isInPaper("Clones propagate corruption"), "the comparison can fail");
  for (const { section, words } of rows) assert.ok(isInPaper(words), `§${section}: ${words}`);
});

test("what edges of the paper quote is in the paper", { skip: withoutPaper }, () => {
  let quoted = 0;
  for (const { name, of, reason, caveats } of edges) {
    const texts = of === "paper" ? [reason, ...caveats] : caveats;
    for (const words of texts.flatMap(quotationsIn)) {
      assert.ok(isInPaper(words), `${name}: “${words}”`);
      quoted += 1;
    }
  }
  assert.ok(quoted > 100, `${quoted} quotations found`);
});

test("what traits and caveats of methods quote is in the paper", { skip: withoutPaper }, () => {
  for (const { method, words } of methodCaveats) assert.ok(isInPaper(words), `${method}: ${words}`);
  for (const traits of [...Object.values(operationalTraits), ...Object.values(disasterTraits)])
    for (const words of [traits.impactReason, traits.lacks ?? ""].flatMap(quotationsIn))
      assert.ok(isInPaper(words), words);
});

test("a reason that gives the paper's words names the section that they stand in", () => {
  for (const { name, section, of, reason } of edges) {
    assert.match(section, /^[23]\.\d/, name);
    if (of === "paper") assert.notEqual(reason, "", name);
  }
});

test("what explains a loss that a layer does not survive is said of such losses alone", () => {
  for (const [name, { survives, lacks, lacksFor = [] }] of [
    ...Object.entries(operationalTraits),
    ...Object.entries(disasterTraits),
  ]) {
    assert.equal(lacksFor.length > 0, lacks !== undefined, name);
    for (const loss of lacksFor) assert.ok(!survives.includes(loss), `${name}: ${loss}`);
  }
});
