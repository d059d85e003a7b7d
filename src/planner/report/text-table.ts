import { displayWidth, padded } from "./display-width.ts";
import { columnsOf, type Column, type Table } from "./report.ts";
import { safeLabel } from "./safe-text.ts";
import {
  cellPieces,
  painted,
  plainOf,
  widthOf,
  wrapPieces,
  type Line,
  type Piece,
} from "./text-pieces.ts";
import type { TextStyle } from "./text-style.ts";

/** No column of text is made narrower than this; where that is not enough, each row becomes a list. */
const narrowestText = 10;
/** Nor narrower than its longest word, up to this. */
const longestWord = 14;
const gap = "  ";

/** Lines of a table that fits: the widest column of text is wrapped until it does. */
export function tableLines(
  table: Table,
  { columns: width, style }: { readonly columns: number; readonly style: TextStyle },
): readonly string[] {
  const columns = columnsOf(table);
  const headings = columns.map(({ heading }): Line => [
    { text: safeLabel(heading), paint: style.bold },
  ]);
  const rows = table.rows.map((row) =>
    columns.map((_, index) => cellPieces(row[index] ?? "", style)),
  );
  const caption =
    table.caption === undefined
      ? []
      : wrapPieces([{ text: safeLabel(table.caption), paint: style.bold }], width);
  const widths = widthsThatFit(columns, { cells: [headings, ...rows], width });
  const body =
    widths === undefined
      ? rows.flatMap((row) => recordLines(row, { headings, width }))
      : gridLines({ columns, headings, rows, widths, style });
  return [...caption.map(painted), ...body];
}

type Grid = {
  readonly columns: readonly Column[];
  readonly headings: readonly Line[];
  readonly rows: readonly (readonly (readonly Piece[])[])[];
  readonly widths: readonly number[];
  readonly style: TextStyle;
};

function gridLines({ columns, headings, rows, widths, style }: Grid): readonly string[] {
  const rule = widths.map((width) => (style.ascii ? "-" : "─").repeat(width)).join(gap);
  return [
    ...rowLines(headings, { columns, widths }),
    style.dim(rule),
    ...rows.flatMap((row) => rowLines(row, { columns, widths })),
  ];
}

function rowLines(
  cells: readonly (readonly Piece[])[],
  { columns, widths }: { readonly columns: readonly Column[]; readonly widths: readonly number[] },
): readonly string[] {
  const wrapped = cells.map((cell, index) => wrapPieces(cell, widths[index] ?? 1));
  const height = wrapped.reduce((most, lines) => Math.max(most, lines.length), 1);
  return Array.from({ length: height }, (_, lineIndex) =>
    wrapped
      .map((lines, index) => {
        const line = lines[lineIndex] ?? [];
        return paintedPadded(line, widths[index] ?? 1, columns[index]?.align ?? "left");
      })
      .join(gap)
      .trimEnd(),
  );
}

function paintedPadded(line: Line, width: number, align: Column["align"]): string {
  const blanks = padded("", width - widthOf(line));
  return align === "right" ? blanks + painted(line) : painted(line) + blanks;
}

/** Undefined where even the narrowest columns do not fit. */
function widthsThatFit(
  columns: readonly Column[],
  { cells, width }: { readonly cells: readonly (readonly Line[])[]; readonly width: number },
): readonly number[] | undefined {
  const room = width - gap.length * Math.max(0, columns.length - 1);
  const widths = columns.map((_, index) =>
    cells.reduce((most, row) => Math.max(most, widthOf(row[index] ?? [])), 1),
  );
  const floors = columns.map(({ align }, index) => floorOf(align, { cells, index }));
  let excess = widths.reduce((sum, columnWidth) => sum + columnWidth, 0) - room;
  while (excess > 0) {
    const widest = widestAbove(widths, floors);
    if (widest === undefined) return undefined;
    widths[widest] = (widths[widest] ?? 1) - 1;
    excess -= 1;
  }
  return widths;
}

/** Words stay whole, and so do numbers with their unit; a heading and "(was …)" may go to a line below. */
function floorOf(
  align: Column["align"],
  { cells, index }: { readonly cells: readonly (readonly Line[])[]; readonly index: number },
): number {
  const [heading = [], ...rows] = cells.map((row) => row[index] ?? []);
  const words = [heading, ...rows].map((cell) => wordWidth(plainOf(cell)));
  const widest = words.reduce((most, width) => Math.max(most, width), 1);
  if (align === "left") {
    const natural = rows.reduce((most, cell) => Math.max(most, widthOf(cell)), widthOf(heading));
    return Math.min(natural, Math.max(narrowestText, Math.min(widest, longestWord)));
  }
  return rows.reduce((most, cell) => Math.max(most, widthOf(valueOf(cell))), widest);
}

function wordWidth(text: string): number {
  return text.split(" ").reduce((most, word) => Math.max(most, displayWidth(word)), 0);
}

/** A cell without the value that it took the place of. */
function valueOf(cell: Line): Line {
  const separator = cell.findLastIndex(({ text }) => text === " ");
  return separator === -1 ? cell : cell.slice(0, separator);
}

function widestAbove(widths: readonly number[], floors: readonly number[]): number | undefined {
  let widest: number | undefined;
  for (const [index, width] of widths.entries()) {
    if (width <= (floors[index] ?? 1)) continue;
    if (widest === undefined || width > (widths[widest] ?? 0)) widest = index;
  }
  return widest;
}

/** One row as "heading: value" lines, for a terminal that is too narrow for the table. */
function recordLines(
  row: readonly (readonly Piece[])[],
  { headings, width }: { readonly headings: readonly Line[]; readonly width: number },
): readonly string[] {
  const lines = row.flatMap((cell, index) => {
    if (plainOf(cell).trim() === "") return [];
    const heading = headings[index] ?? [];
    const name = plainOf(heading) === "" ? [] : [...heading, { text: ": " }];
    const [first = [], ...rest] = wrapPieces([...name, ...cell], width - 2);
    return [painted(first), ...rest.map((line) => `  ${painted(line)}`)];
  });
  return [...lines, ""];
}
