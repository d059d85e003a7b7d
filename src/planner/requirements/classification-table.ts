import { closestWord, quoted } from "#errors";
import { CsvError, parse } from "csv-parse/sync";
import type { RequirementFinding } from "./requirement-finding.ts";

/** Columns of a classification; spaces, hyphens and case do not matter in headers. */
export const classificationColumns = [
  "mailbox",
  "line",
  "tier",
  "size",
  "payroll",
  "productivity_lost",
] as const;
export type ClassificationColumn = (typeof classificationColumns)[number];

const needed: readonly ClassificationColumn[] = ["mailbox", "line", "tier"];
const otherNames: ReadonlyMap<string, ClassificationColumn> = new Map([
  ["class", "tier"],
  ["line_of_business", "line"],
  ["productivity_lost_without_mail", "productivity_lost"],
]);

export type TableRow = {
  /** Where it begins, from 1. */
  readonly line: number;
  /** "" where the cell is empty or not there. */
  readonly cell: (column: ClassificationColumn) => string;
};

export type TablePlace = { readonly line: number; readonly column?: ClassificationColumn };

export type ClassificationTable = {
  readonly rows: readonly TableRow[];
  /** Of a cell, in characters from 1; 1 where it cannot be told. */
  readonly columnAt: (place: TablePlace) => number;
};

export type TableLimits = {
  readonly limitBytes: number;
  readonly limitRows: number;
  readonly report: (finding: RequirementFinding, place: TablePlace) => void;
};

/** Longer than any row of a classification; hostile cells end here. */
const longestRow = 65_536;
const separators = [",", ";", "\t"] as const;
const nothing: ClassificationTable = { rows: [], columnAt: () => 1 };

/** Reads CSV (RFC 4180, and what spreadsheets make of it) with a header. */
export function readClassificationTable(text: string, limits: TableLimits): ClassificationTable {
  const { limitBytes, limitRows, report } = limits;
  if (Buffer.byteLength(text) > limitBytes) {
    report(
      { code: "config.too-large", message: `the file is larger than ${limitBytes} bytes` },
      { line: 1 },
    );
    return nothing;
  }
  // One kind of line end: a file that mixes them would be cut in the wrong places.
  const plain = text.replace(/^\u{feff}/u, "").replace(/\r\n?/g, "\n");
  const lines = plain.split("\n");
  const separator = separatorOf(lines.find((line) => line.trim() !== "") ?? "");
  const records = readRecords(plain, { separator, limitRows, report });
  const [header, ...others] = records ?? [];
  if (header === undefined) {
    if (records !== undefined)
      report({ code: "config.missing", message: "the file is empty" }, { line: 1 });
    return nothing;
  }
  if (others.length > limitRows) {
    const place = { line: others[limitRows]?.line ?? 1 };
    report({ code: "planner.csv-limit", message: `there are more than ${limitRows} rows` }, place);
    return nothing;
  }
  const places = readHeader(header, report);
  if (places === undefined) return nothing;
  for (const { line, cells } of others) {
    if (cells.slice(header.cells.length).every((cell) => cell === "")) continue;
    const message = `the row has ${cells.length} cells, and the header ${header.cells.length}`;
    const hint = `Put cells that hold ${separator === "\t" ? "a tab" : `"${separator}"`} in quotes.`;
    report({ code: "planner.csv", message, hint }, { line });
  }
  return {
    rows: others.map(({ line, cells }) => ({
      line,
      cell: (column) => cells[places.get(column) ?? -1] ?? "",
    })),
    columnAt: ({ line, column }) => {
      const index = column === undefined ? undefined : places.get(column);
      return index === undefined ? 1 : cellStart(lines[line - 1] ?? "", { index, separator });
    },
  };
}

type CsvRecord = { readonly line: number; readonly cells: readonly string[] };

function readRecords(
  text: string,
  options: Pick<TableLimits, "limitRows" | "report"> & { readonly separator: string },
): readonly CsvRecord[] | undefined {
  try {
    const records = parse(text, {
      delimiter: options.separator,
      record_delimiter: "\n",
      trim: true,
      relax_column_count: true,
      skip_records_with_empty_values: true,
      max_record_size: longestRow,
      // The header, and one row more than may be.
      to: options.limitRows + 2,
      info: true,
    }) as unknown as readonly {
      readonly record: readonly string[];
      readonly info: { readonly lines: number };
    }[];
    return records.map(({ record, info }) => ({
      line: Math.max(1, info.lines - newlinesIn(record)),
      cells: record,
    }));
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    const reached: unknown = error["lines"];
    const line = typeof reached === "number" && reached > 0 ? reached : 1;
    const hint = 'A cell with quotes stands in quotes, and its own are doubled: "say ""hello""".';
    options.report(
      { code: "planner.csv", message: csvMessage(error.code), hint },
      { line: openQuoteLine(text, line) ?? line },
    );
    return undefined;
  }
}

/** Where the quote was opened that is still open at the end of this line: that is the one to look at. */
function openQuoteLine(text: string, last: number): number | undefined {
  let line = 1;
  let openedAt: number | undefined;
  for (let at = 0; at < text.length && line <= last; at += 1) {
    if (text[at] === '"') openedAt = openedAt === undefined ? line : undefined;
    if (text[at] === "\n") line += 1;
  }
  return openedAt;
}

/** In our words; the library's quote what stands in the file. */
function csvMessage(code: string): string {
  switch (code) {
    case "CSV_MAX_RECORD_SIZE":
      return `a row is longer than ${longestRow} characters`;
    case "CSV_QUOTE_NOT_CLOSED":
      return "a quote is opened and not closed";
    case "INVALID_OPENING_QUOTE":
      return "a quote stands within a cell that does not begin with one";
    case "CSV_INVALID_CLOSING_QUOTE":
      return "something follows a closing quote";
    default:
      return `this is not CSV (${code})`;
  }
}

function newlinesIn(cells: readonly string[]): number {
  return cells.reduce((sum, cell) => sum + (cell.match(/\n/g)?.length ?? 0), 0);
}

/** What separates the header's cells most often. */
function separatorOf(header: string): string {
  const bare = header.replace(/"[^"]*"/g, "");
  const counted = separators.map((separator) => ({
    separator,
    count: bare.split(separator).length - 1,
  }));
  counted.sort((left, right) => right.count - left.count);
  return counted[0]?.separator ?? ",";
}

function readHeader(
  header: CsvRecord,
  report: TableLimits["report"],
): ReadonlyMap<ClassificationColumn, number> | undefined {
  const code = "planner.csv-column";
  const { line } = header;
  const places = new Map<ClassificationColumn, number>();
  const unused: string[] = [];
  let twice = false;
  for (const [index, written] of header.cells.entries()) {
    const name = written.toLowerCase().replace(/[\s-]+/g, "_");
    const column = otherNames.get(name) ?? classificationColumns.find((known) => known === name);
    if (column === undefined) {
      if (name !== "") unused.push(written);
    } else if (places.has(column)) {
      twice = true;
      const message = `the column "${column}" is there twice`;
      report({ code, message, hint: "Keep one of the two." }, { line });
    } else places.set(column, index);
  }
  const missing = needed.filter((column) => !places.has(column));
  for (const column of missing) {
    const message = `the column "${column}" is missing`;
    const meant = closestWord(column, unused);
    const hint =
      meant === undefined
        ? `The first row names the columns: ${classificationColumns.join(", ")}.`
        : `Is ${quoted(meant)} meant? Name it ${column}.`;
    report({ code, message, hint }, { line });
  }
  if (unused.length > 0) {
    const shown = unused.slice(0, 5).map(quoted).join(", ");
    const message = `columns that are not used: ${shown}${unused.length > 5 ? ", …" : ""}`;
    const hint = `Used are ${classificationColumns.join(", ")}.`;
    report({ severity: "warning", code, message, hint }, { line });
  }
  return missing.length > 0 || twice ? undefined : places;
}

/** Where a cell begins in its line. */
function cellStart(
  line: string,
  { index, separator }: { readonly index: number; readonly separator: string },
): number {
  let inQuotes = false;
  let passed = 0;
  for (let at = 0; at < line.length && passed < index; at += 1) {
    if (line[at] === '"') inQuotes = !inQuotes;
    if (line[at] !== separator || inQuotes) continue;
    passed += 1;
    if (passed === index) return at + 2;
  }
  return 1;
}
