import { type EvidenceGrade, evidenceGrades } from "../figure-1/index.ts";
import { type Available, available } from "../ranking/index.ts";
import { figure1Markdown } from "./figure-1-page.ts";
import { markdownTable } from "./markdown-table.ts";
import { standingOf, type Statement } from "./statement.ts";
import { type Part, parts } from "./statements.ts";

const gradeIds = Object.keys(evidenceGrades) as readonly EvidenceGrade[];

/** docs/paper.md, as it must be committed: a test compares. */
export function paperMarkdown(has: Available = available): string {
  return [
    "# The paper, statement by statement",
    "What the SNIA paper _ILM Best Practices in Data Recovery for Email_ (2004) says, in its own words, what does it here, which test shows it, and how sure that is. Missing from the paper as we have it are section 5, the drawings of Figures 2 to 5 and the references, and so they are missing here.",
    "This page is made from the planner's own data (`paperMarkdown()` in `src/planner/paper/paper-page.ts`), and a test holds it to that: every path named is there, every sentence is in the paper, and a method of Figure 1 works here exactly where a plan may count on it (`src/planner/ranking/available.ts`).",
    "“Works” has the evidence behind it:",
    gradeIds.map((grade) => `- ${grade}: ${evidenceGrades[grade]}`).join("\n"),
    "What is computed, advised or refused by the planner has D, however well it is tested: it is the paper's knowledge applied, and no server was tried for it. Where several parts are needed, the least shown of them counts. Of what is planned the paths are those that it will have.",
    "## How much of it",
    summaryTable(has),
    "## Figure 1",
    "Bold is what works.",
    figure1Markdown(has),
    ...parts.flatMap((part) => [`## ${part.title}`, ...sectionsOf(part, has)]),
  ]
    .join("\n\n")
    .concat("\n");
}

function summaryTable(has: Available): string {
  const rows = parts.map(({ title, statements }) => {
    const standings = statements.map((statement) => standingOf(statement, has));
    const works = standings.filter(({ state }) => state === "works").length;
    return [title, works, statements.length - works] as const;
  });
  const total = rows.reduce(
    ([, works, planned], [, more, less]) => ["**together**", works + more, planned + less] as const,
    ["", 0, 0] as const as readonly [string, number, number],
  );
  return markdownTable(
    ["part", "works", "planned"],
    [...rows, total].map((row) => row.map(String)),
  );
}

/** Each section's statements under its number, once, in the paper's order. */
function sectionsOf({ statements }: Part, has: Available): readonly string[] {
  const sections = Map.groupBy(statements, ({ section }) => section);
  return [...sections].flatMap(([section, some]) => {
    const list = some.map((statement) => itemOf(statement, has)).join("\n");
    return section.startsWith("Figure") ? [list] : [`### §${section}`, list];
  });
}

function itemOf(statement: Statement, has: Available): string {
  const standing = standingOf(statement, has);
  const works = standing.state === "works";
  const state = works ? `**works (${standing.grade})**` : "planned";
  const places = statement.places.map((place) => pathText(place, works)).join(", ");
  const tests = statement.tests.map((path) => pathText(path, works)).join(", ");
  return [
    `- “${quoted(statement.words)}”: ${state}`,
    `  - ${statement.here}: ${places}`,
    ...(tests === "" ? [] : [`  - test: ${tests}`]),
  ].join("\n");
}

/** Documents are links, once they are there; modules and tests are names, since a package has no sources. */
function pathText(path: string, isThere: boolean): string {
  if (!isThere || !path.startsWith("docs/")) return `\`${path}\``;
  const below = path.slice("docs/".length);
  return `[${below}](${below})`;
}

/** Quotation marks within a quotation become single ones; what Markdown would take for its own is escaped. */
function quoted(words: string): string {
  return words
    .replaceAll(/[“”"]/g, (mark) => (mark === "“" ? "‘" : "’"))
    .replaceAll("[…]", "…")
    .replaceAll(/[\\*_`<>~|]/g, (character) => `\\${character}`);
}
