import { evidenceGrades } from "../figure-1/index.ts";
import { type Available, available } from "../ranking/index.ts";
import {
  type BoxForm,
  printedMethods,
  printedOptions,
  printedSources,
  type PrintedBox,
} from "./figure-1-boxes.ts";
import { markdownTable } from "./markdown-table.ts";
import { boxGrade } from "./statement.ts";

/**
 * Figure 1 as a table of Markdown, one column for each of the paper's: bold is what works, with its
 * evidence. A test holds the first page to it.
 */
export function figure1Markdown(has: Available = available): string {
  const columns = [printedSources, printedMethods, printedOptions].map((boxes) =>
    boxes.map((box) => cellOf(box, has)),
  );
  const height = Math.max(...columns.map(({ length }) => length));
  return markdownTable(
    ["Data source (§2.1)", "→ Operational recovery (§3)", "→ Disaster recovery (§2.2)"],
    Array.from({ length: height }, (_, row) => columns.map((column) => column[row] ?? "")),
  );
}

/** What stands below the table on the first page. */
export function figure1Legend(): string {
  const grades = Object.entries(evidenceGrades).map(([grade, words]) => `${grade} ${words}`);
  return `The letter is the evidence: ${grades.join(", ")}. [The paper, statement by statement](docs/paper.md) has the rest.`;
}

/** "**Backup to disk**: **deduplicated** (A); planned: full copies". */
function cellOf({ name, forms }: PrintedBox, has: Available): string {
  const working = forms.filter(({ id }) => boxGrade(id, has) !== undefined);
  const planned = forms.filter(({ id }) => boxGrade(id, has) === undefined);
  if (working.length === 0) return `${name}: planned`;
  const [only, ...others] = forms;
  if (others.length === 0 && only?.form === "") return `**${name}** (${boxGrade(only.id, has)})`;
  const parts = [
    working.map((form) => formText(form, has)).join(", "),
    ...(planned.length === 0 ? [] : [`planned: ${planned.map(({ form }) => form).join(", ")}`]),
  ];
  return `**${name}**: ${parts.join("; ")}`;
}

function formText({ id, form }: BoxForm, has: Available): string {
  return `**${form}** (${boxGrade(id, has)})`;
}
