import { quoted } from "#errors";
import {
  isName,
  type Money,
  moneyFinding,
  parseMoney,
  parseShare,
  patternProblem,
  shareFinding,
} from "#policy";
import { parseBytes, TimeError } from "#time";
import type { ClassificationColumn, TablePlace, TableRow } from "./classification-table.ts";
import type { RequirementFinding } from "./requirement-finding.ts";

/** One row, read. What the file does not say is undefined. */
export type ClassificationRow = {
  readonly line: number;
  readonly mailbox: string;
  readonly lineOfBusiness: string;
  readonly tier: string;
  readonly sizeBytes: number | undefined;
  readonly payroll: Money | undefined;
  readonly productivityLost: number | undefined;
};

export type ReportCell = (finding: RequirementFinding, place: TablePlace) => void;

/** Undefined where a cell that is needed cannot be used; everything wrong is reported. */
export function readClassificationRow(
  row: TableRow,
  report: ReportCell,
): ClassificationRow | undefined {
  let usable = true;
  const check = (column: ClassificationColumn, finding: RequirementFinding | undefined): void => {
    if (finding === undefined) return;
    usable = false;
    const message = `"${column}": ${finding.message}`;
    report({ ...finding, message }, { line: row.line, column });
  };
  const cellOf = (column: ClassificationColumn): string | undefined => {
    const cell = row.cell(column);
    return cell === "" ? undefined : cell;
  };
  const [size, payroll, lost] = [cellOf("size"), cellOf("payroll"), cellOf("productivity_lost")];
  check("mailbox", mailboxFinding(row.cell("mailbox")));
  check("line", nameFinding(row.cell("line")));
  check("tier", nameFinding(row.cell("tier")));
  if (size !== undefined) check("size", sizeFinding(size));
  if (payroll !== undefined) check("payroll", moneyFinding(payroll, payrollForm));
  if (lost !== undefined) check("productivity_lost", shareFinding(lost));
  if (!usable) return undefined;
  return {
    line: row.line,
    mailbox: row.cell("mailbox"),
    lineOfBusiness: row.cell("line"),
    tier: row.cell("tier"),
    sizeBytes: size === undefined ? undefined : readSize(size),
    payroll: payroll === undefined ? undefined : parseMoney(payroll),
    productivityLost: lost === undefined ? undefined : parseShare(lost),
  };
}

const payrollForm = { per: [["hour"]], example: "12000 EUR per hour" };

function mailboxFinding(text: string): RequirementFinding | undefined {
  const problem = patternProblem(text);
  if (problem === undefined) return undefined;
  const hint = "Write it like sales@example.org or *@sales.example.org.";
  return { code: "config.pattern", message: `${quoted(text)} ${problem}`, hint };
}

function nameFinding(text: string): RequirementFinding | undefined {
  if (isName(text)) return undefined;
  const hint = "A name has letters, digits, spaces and . _ & + -, 63 at most.";
  return { code: "config.name", message: `${quoted(text)} cannot be a name`, hint };
}

function sizeFinding(text: string): RequirementFinding | undefined {
  if (readSize(text) !== undefined) return undefined;
  const hint = "Write it like 500 MB or 2.5 GB; a number alone is bytes.";
  return { code: "planner.quantity", message: `${quoted(text)} is not a size I know`, hint };
}

function readSize(text: string): number | undefined {
  try {
    return parseBytes(text);
  } catch (error) {
    if (error instanceof TimeError) return undefined;
    throw error;
  }
}
