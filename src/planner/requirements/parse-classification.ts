import type { Problem } from "#policy";
import { classificationRowCheck, type ClassificationSite } from "./check-classification-row.ts";
import { readClassificationRow, type ReportCell } from "./classification-row.ts";
import { readClassificationTable, type TablePlace } from "./classification-table.ts";
import { type Classification, ClassifiedLines } from "./classified-lines.ts";
import type { RequirementFinding } from "./requirement-finding.ts";

export type ParseClassificationOptions = ClassificationSite & {
  /** For messages. */
  readonly fileName: string;
  /** Default: 16 MiB. */
  readonly limitBytes?: number;
  /** Default: 100,000. */
  readonly limitRows?: number;
  /** Most problems that are told one by one. Default: 200. */
  readonly limitProblems?: number;
};

export type ParsedClassification = {
  /** Present unless a problem is an error. */
  readonly classification?: Classification;
  /** In the file's order. */
  readonly problems: readonly Problem[];
};

type Found = { readonly finding: RequirementFinding; readonly place: TablePlace };

/**
 * Reads a classification of data from CSV: columns mailbox, line (of business) and tier or class; where
 * there are any, size, payroll and productivity_lost. Cells may hold anything; never throws for what is
 * in the text.
 */
export function parseClassification(
  text: string,
  options: ParseClassificationOptions,
): ParsedClassification {
  const { fileName, limitBytes = 16 * 1024 * 1024, limitRows = 100_000 } = options;
  const { limitProblems = 200 } = options;
  const found: Found[] = [];
  const report: ReportCell = (finding, place) => void found.push({ finding, place });
  const table = readClassificationTable(text, { limitBytes, limitRows, report });
  const lines = new ClassifiedLines(report);
  const check = classificationRowCheck(options, report);
  for (const tableRow of table.rows) {
    const row = readClassificationRow(tableRow, report);
    if (row === undefined) continue;
    check(row);
    lines.add(row);
  }
  const classification = lines.result();
  found.sort((left, right) => left.place.line - right.place.line);
  const problems = found
    .slice(0, limitProblems)
    .map(({ finding, place }) =>
      problemOf(finding, { fileName, line: place.line, column: table.columnAt(place) }),
    );
  const rest = found.slice(limitProblems);
  if (rest.length > 0) problems.push(problemOfRest(rest, fileName));
  if (problems.some(({ severity }) => severity === "error")) return { problems };
  return { classification, problems };
}

function problemOf(
  finding: RequirementFinding,
  place: { readonly fileName: string; readonly line: number; readonly column: number },
): Problem {
  const { severity = "error", code, message, suggestion, hint } = finding;
  return {
    severity,
    code,
    message,
    file: place.fileName,
    line: place.line,
    column: place.column,
    ...(suggestion === undefined ? {} : { suggestion }),
    ...(hint === undefined ? {} : { hint }),
  };
}

function problemOfRest(rest: readonly Found[], fileName: string): Problem {
  const isError = rest.some(({ finding }) => finding.severity !== "warning");
  return problemOf(
    {
      severity: isError ? "error" : "warning",
      code: "planner.csv-limit",
      message: `${rest.length} more problems, from here on, are not told one by one`,
    },
    { fileName, line: rest[0]?.place.line ?? 1, column: 1 },
  );
}
