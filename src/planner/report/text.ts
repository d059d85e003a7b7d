import { displayWidth } from "./display-width.ts";
import { origins, originsIn } from "./origins.ts";
import { scatterTable, timelineTables } from "./plot-table.ts";
import type { Block, Inline, Report, Section } from "./report.ts";
import { safeCodeLines, safeLabel } from "./safe-text.ts";
import { inlinePieces, painted, wrapPieces, widthOf, type Piece } from "./text-pieces.ts";
import type { TextStyle } from "./text-style.ts";
import { tableLines } from "./text-table.ts";
import { timelineLines } from "./text-timeline.ts";

export type RenderTextOptions = {
  /** Width of the terminal. Code blocks keep their lines: they are to be copied. */
  readonly columns: number;
  readonly style: TextStyle;
};

const narrowest = 20;
const widestProse = 100;

/** The report for a terminal. Bases of numbers are left out: they are asked for one by one. */
export function renderText(report: Report, options: RenderTextOptions): string {
  const columns = Math.max(narrowest, Math.floor(options.columns) || narrowest);
  const context = { columns, style: options.style };
  const { dim } = options.style;
  const lines = [
    ...headingLines(report.title, "=", context),
    ...optionalLines(report.subtitle, context),
    ...optionalLines(report.generatedAt, context).map(dim),
    "",
    ...report.sections.flatMap((section) => sectionLines(section, context)),
    ...legendLines(report, context),
  ];
  return `${lines.join("\n").trimEnd()}\n`;
}

function sectionLines(
  { heading, level, blocks }: Section,
  options: RenderTextOptions,
): readonly string[] {
  const underline = ({ 1: "=", 2: "-", 3: "" } as const)[level];
  const content = blocks.flatMap((block) => [...blockLines(block, options), ""]);
  return [...headingLines(heading, underline, options), "", ...content];
}

function headingLines(
  text: string,
  underline: string,
  { columns, style }: RenderTextOptions,
): readonly string[] {
  const lines = wrapPieces([{ text: safeLabel(text), paint: style.bold }], columns);
  const width = lines.reduce((most, line) => Math.max(most, widthOf(line)), 0);
  const rule = underlineOf(underline, style).repeat(width);
  return [...lines.map(painted), ...(rule === "" ? [] : [style.dim(rule)])];
}

function underlineOf(underline: string, { ascii }: TextStyle): string {
  if (ascii || underline === "") return underline;
  return underline === "=" ? "═" : "─";
}

function optionalLines(text: string | undefined, options: RenderTextOptions): readonly string[] {
  return text === undefined ? [] : proseLines(text, options);
}

function blockLines(block: Block, options: RenderTextOptions): readonly string[] {
  switch (block.kind) {
    case "paragraph":
      return proseLines(block.text, options);
    case "list":
      return block.items.flatMap((item, index) =>
        proseLines(item, options, {
          text: block.ordered ? `${index + 1}. ` : options.style.ascii ? "* " : "• ",
        }),
      );
    case "table":
      return tableLines(block, options);
    case "note":
      return noteLines(block, options);
    case "code":
      return safeCodeLines(block.text).map((line) => `    ${line}`.trimEnd());
    case "definitions":
      return block.pairs.flatMap(({ term, definition }) => [
        ...wrapPieces(bold(term, options.style), options.columns).map(painted),
        ...proseLines(definition, options, { text: "    " }),
      ]);
    case "scatter":
      return tableLines(scatterTable(block), options);
    case "timeline":
      return [
        ...wrapPieces(
          [{ text: safeLabel(block.title), paint: options.style.bold }],
          options.columns,
        ).map(painted),
        ...timelineLines(block, options),
        ...timelineTables(block).flatMap((table) => ["", ...tableLines(table, options)]),
      ];
  }
}

function bold(text: Inline, style: TextStyle): readonly Piece[] {
  return inlinePieces(text, style).map((piece) => ({ text: piece.text, paint: style.bold }));
}

/** Wrapped, with what leads the first line (a bullet) in front and the rest set in below it. */
function proseLines(
  text: Inline,
  { columns, style }: RenderTextOptions,
  lead: Piece = { text: "" },
): readonly string[] {
  const indent = displayWidth(lead.text);
  const lines = wrapPieces(inlinePieces(text, style), Math.min(columns, widestProse) - indent);
  return lines.map((line, index) =>
    index === 0 ? painted([lead, ...line]) : " ".repeat(indent) + painted(line),
  );
}

const noteForms = {
  info: { lead: "Note: ", paint: "bold" },
  warn: { lead: "Warning: ", paint: "warn" },
  bad: { lead: "Problem: ", paint: "bad" },
} as const;

function noteLines(
  { tone, text }: Extract<Block, { kind: "note" }>,
  options: RenderTextOptions,
): readonly string[] {
  const { lead, paint } = noteForms[tone];
  return proseLines(text, options, { text: lead, paint: options.style[paint] });
}

function legendLines(report: Report, options: RenderTextOptions): readonly string[] {
  const { style } = options;
  const marks = originsIn(report).map((origin) => {
    const { mark, ascii, legend } = origins[origin];
    return `${style.ascii ? ascii : mark} ${legend}`;
  });
  if (marks.length === 0) return [];
  return proseLines(marks.join("; "), options).map(style.dim);
}
