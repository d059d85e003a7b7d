/** Holds docs/paper.md and the first page to the data, and the data to the paper, to the files and to what works. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { dataSources, disasterOptions, operationalMethods } from "../figure-1/index.ts";
import { isInPaper, paperSections, withoutPaper } from "../figure-1/paper-words.fixture.ts";
import { figure6, figure7 } from "../model/index.ts";
import { type Available, available } from "../ranking/index.ts";
import {
  type BoxForm,
  figure1Statements,
  printedMethods,
  printedOptions,
  printedSources,
} from "./figure-1-boxes.ts";
import { figure1Legend, figure1Markdown } from "./figure-1-page.ts";
import { paperMarkdown } from "./paper-page.ts";
import { type BoxId, boxGrade, standingOf, type Statement } from "./statement.ts";
import { statements } from "./statements.ts";

const projectRoot = join(import.meta.dirname, "../../..");
const boxes: readonly BoxId[] = [
  ...Object.keys(dataSources).map((id) => `source:${id}` as BoxId),
  ...Object.keys(operationalMethods).map((id) => `method:${id}` as BoxId),
  ...Object.keys(disasterOptions).map((id) => `option:${id}` as BoxId),
];
const forms: readonly BoxForm[] = [...printedSources, ...printedMethods, ...printedOptions].flatMap(
  (box) => box.forms,
);
const nothing: Available = { sources: {}, operational: {}, disaster: {} };

function read(path: string): string {
  return readFileSync(join(projectRoot, path), "utf8");
}

function isWorking(statement: Statement): boolean {
  return standingOf(statement).state === "works";
}

/** A file of tests, a contract that adapters run, or a folder that has one somewhere. */
function hasTests(path: string): boolean {
  const whole = join(projectRoot, path);
  if (!existsSync(whole)) return false;
  if (!statSync(whole).isDirectory()) return path.endsWith(".test.ts");
  return readdirSync(whole, { recursive: true }).some((name) => String(name).endsWith(".test.ts"));
}

const howToWrite =
  "write it anew with: node --input-type=module -e \"import { writeFileSync } from 'node:fs'; import { paperMarkdown } from '#planner'; writeFileSync('docs/paper.md', paperMarkdown());\"";

test("docs/paper.md is what the data makes", () => {
  assert.ok(read("docs/paper.md") === paperMarkdown(), howToWrite);
});

test("the first page shows Figure 1 with the state of every box", () => {
  const [, shown = ""] =
    /<!-- figure 1 -->\n\n([\s\S]*?)\n\n<!-- \/figure 1 -->/.exec(read("README.md")) ?? [];
  assert.equal(shown, `${figure1Markdown()}\n\n${figure1Legend()}`);
});

test("every box of Figure 1 is told once, and works exactly where a plan may count on it", () => {
  assert.deepEqual(forms.map(({ id }) => id).toSorted(), boxes.toSorted());
  assert.equal(figure1Statements.length, boxes.length);
  const counted = new Set([
    ...Object.keys(available.sources).map((id) => `source:${id}`),
    ...Object.keys(available.operational).map((id) => `method:${id}`),
    ...Object.keys(available.disaster).map((id) => `option:${id}`),
  ]);
  for (const statement of figure1Statements) {
    const [box] = statement.rests as readonly BoxId[];
    assert.equal(isWorking(statement), counted.has(box ?? ""), statement.here);
  }
});

test("a statement about a box that this version does not do is planned, wherever it stands", () => {
  const rooms = forms.filter(({ id }) => boxGrade(id) === undefined).map(({ place }) => place);
  const others = forms.filter(({ id }) => boxGrade(id) !== undefined).map(({ place }) => place);
  const planned = rooms.filter((room) => !others.includes(room));
  assert.ok(planned.length > 0);
  for (const statement of statements) {
    const within = statement.places.find((place) => planned.some((room) => place.startsWith(room)));
    if (within !== undefined) assert.ok(!isWorking(statement), `${within}: ${statement.words}`);
  }
});

test("no statement works without a test, and every path that one names is there", () => {
  const working = statements.filter(isWorking);
  const isThere = (place: string): boolean => existsSync(join(projectRoot, place));
  const missing = new Set([
    ...working.flatMap(({ places }) => places).filter((place) => !isThere(place)),
    ...working.flatMap(({ tests }) => tests).filter((path) => !hasTests(path)),
  ]);
  assert.deepEqual([...missing], []);
  for (const { section, words, places, tests } of statements) {
    assert.ok(tests.length > 0 && places.length > 0, `§${section}: ${words}`);
    for (const path of [...places, ...tests])
      assert.match(path, /^(?:src|docs|test)\/\S*[^/.]\.(?:ts|md)$|^src\/\S+\/$/, path);
  }
});

test("a statement that rests on boxes has the evidence of the least shown of them", () => {
  const statement = { rests: ["method:clones", "source:offline"] } as const;
  const has = (clones: "A" | "C" | undefined): Available => ({
    sources: { offline: "B" },
    operational: clones === undefined ? {} : { clones },
    disaster: {},
  });
  assert.deepEqual(standingOf(statement, has("A")), { state: "works", grade: "B" });
  assert.deepEqual(standingOf(statement, has("C")), { state: "works", grade: "C" });
  assert.deepEqual(standingOf(statement, has(undefined)), { state: "planned" });
  assert.deepEqual(standingOf({ rests: [] }, has("A")), { state: "planned" });
});

test("what rests on Figure 1 switches with it: nothing of it works where nothing is available", () => {
  assert.doesNotMatch(figure1Markdown(nothing), /\*\*/);
  for (const statement of statements)
    if (typeof statement.rests !== "string")
      assert.equal(standingOf(statement, nothing).state, "planned", statement.words);
  assert.notEqual(paperMarkdown(nothing), paperMarkdown());
});

test("every row of Figures 1, 6 and 7 is there", () => {
  const rows = (figure: string): number =>
    statements.filter(({ section }) => section === figure).length;
  assert.deepEqual(
    [rows("Figure 1"), rows("Figure 6"), rows("Figure 7")],
    [boxes.length, figure6.length, figure7.length],
  );
  for (const { words } of statements) assert.notEqual(words, "");
});

test("no sentence is told twice in a section", () => {
  const told = statements
    .filter(({ section }) => !section.startsWith("Figure"))
    .map(({ section, words }) => `§${section}: ${words}`);
  assert.equal(new Set(told).size, told.length);
});

test("every quoted sentence is in the paper, word for word", { skip: withoutPaper }, () => {
  assert.ok(!isInPaper("Restante makes backups obsolete"), "the comparison can fail");
  for (const { section, words } of statements) assert.ok(isInPaper(words), `§${section}: ${words}`);
});

test(
  "every numbered section of the paper from 1.1 to 4.2 has its statements",
  { skip: withoutPaper },
  () => {
    const told = new Set(statements.map(({ section }) => section));
    const numbered = paperSections();
    assert.ok(numbered.includes("1.4.2") && numbered.includes("3.5.6") && numbered.includes("4.2"));
    // Of 1.1, 1.4 and 3.1 to 3.5 the paper has the headings alone.
    const isTold = (section: string): boolean =>
      told.has(section) || [...told].some((other) => other.startsWith(`${section}.`));
    assert.deepEqual(
      numbered.filter((section) => !isTold(section)),
      [],
    );
    const leaves = numbered.filter((one) => !numbered.some((other) => other.startsWith(`${one}.`)));
    assert.deepEqual(
      leaves.filter((section) => !told.has(section)),
      [],
    );
    const unknown = [...told].filter(
      (section) => /^\d\.\d/.test(section) && !numbered.includes(section),
    );
    assert.deepEqual(unknown, []);
  },
);
