import { escapeMarkdown, fencedMarkdown, inlineMarkdown } from "./markdown-escape.ts";
import { origins, originsIn, states } from "./origins.ts";
import { scatterTable, timelineTables } from "./plot-table.ts";
import { columnsOf, detailOf, type Block, type Cell, type Report, type Table } from "./report.ts";
import { safeLabel } from "./safe-text.ts";

/**
 * Markdown as GitHub reads it. Plots are tables of the same numbers; an origin is a small letter, explained
 * at the end, and what a number is based on a footnote.
 */
export function renderMarkdown(report: Report): string {
  const { title, subtitle, generatedAt, sections } = report;
  const notes = footnotesOf(report);
  const pieces: string[] = [`# ${escapeMarkdown(safeLabel(title))}`];
  if (subtitle !== undefined) pieces.push(`**${escapeMarkdown(subtitle)}**`);
  if (generatedAt !== undefined) pieces.push(escapeMarkdown(generatedAt));
  for (const { heading, level, blocks } of sections) {
    pieces.push(`${"#".repeat(level + 1)} ${escapeMarkdown(safeLabel(heading))}`);
    pieces.push(...blocks.map((block) => blockMarkdown(block, notes)));
  }
  const used = originsIn(report).map(
    (origin) => `${origins[origin].mark} ${origins[origin].legend}`,
  );
  if (used.length > 0) pieces.push("---", used.join(" · "));
  for (const [basis, number] of notes) pieces.push(`[^${number}]: ${escapeMarkdown(basis)}`);
  return `${pieces.filter((piece) => piece !== "").join("\n\n")}\n`;
}

/** Basis → number, in the order in which they are read. */
type Footnotes = ReadonlyMap<string, number>;

function footnotesOf({ sections }: Report): Footnotes {
  const notes = new Map<string, number>();
  for (const block of sections.flatMap(({ blocks }) => blocks)) {
    if (block.kind !== "table") continue;
    for (const cell of block.rows.flat()) {
      const { title = "" } = detailOf(cell);
      if (title !== "" && !notes.has(title)) notes.set(title, notes.size + 1);
    }
  }
  return notes;
}

const noteKinds = { info: "NOTE", warn: "WARNING", bad: "CAUTION" } as const;

function blockMarkdown(block: Block, notes: Footnotes): string {
  switch (block.kind) {
    case "paragraph":
      return inlineMarkdown(block.text);
    case "list":
      return block.items
        .map((item, index) => `${block.ordered ? `${index + 1}.` : "-"} ${inlineMarkdown(item)}`)
        .join("\n");
    case "table":
      return tableMarkdown(block, notes);
    case "note":
      return `> [!${noteKinds[block.tone]}]\n> ${inlineMarkdown(block.text)}`;
    case "code":
      return fencedMarkdown(block.text);
    case "definitions":
      return block.pairs
        .map(
          ({ term, definition }) =>
            `- ${inlineMarkdown(typeof term === "string" ? [{ kind: "strong", text: term }] : term)}: ${inlineMarkdown(definition)}`,
        )
        .join("\n");
    case "scatter":
      return tableMarkdown(scatterTable(block), notes);
    case "timeline":
      return timelineTables(block)
        .map((table) => tableMarkdown(table, notes))
        .join("\n\n");
  }
}

function tableMarkdown(table: Table, notes: Footnotes): string {
  const columns = columnsOf(table);
  if (columns.length === 0) return "";
  const lines = [
    columns.map(({ heading }) => escapeMarkdown(safeLabel(heading))),
    columns.map(({ align }) => (align === "right" ? "---:" : ":---")),
    ...table.rows.map((row) => columns.map((_, index) => cellMarkdown(row[index] ?? "", notes))),
  ].map((cells) => `| ${cells.join(" | ")} |`);
  const caption =
    table.caption === undefined ? [] : [`**${escapeMarkdown(safeLabel(table.caption))}**`, ""];
  return [...caption, ...lines].join("\n");
}

function cellMarkdown(cell: Cell, notes: Footnotes): string {
  const { text, was, origin, state, title } = detailOf(cell);
  const old = was === undefined ? "" : inlineMarkdown(was);
  const number = title === undefined ? undefined : notes.get(title);
  const value = [
    state === undefined ? "" : states[state].sign,
    old === "" ? "" : `~~${old}~~`,
    inlineMarkdown(text),
    origin === undefined ? "" : origins[origin].mark,
  ];
  const reference = number === undefined ? "" : `[^${number}]`;
  return value.filter((part) => part !== "").join(" ") + reference;
}
