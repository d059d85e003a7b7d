/** What is wrong with a file that people write, and where. An error makes it unusable; a warning does not. */
export type Problem = {
  readonly severity: "error" | "warning";
  /** Stable, listed in docs/errors.md. */
  readonly code: string;
  readonly message: string;
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1, in characters. */
  readonly column: number;
  /** What was probably meant, ready to be written instead. */
  readonly suggestion?: string;
  /** One sentence on what to do. */
  readonly hint?: string;
};

/** Codes of the configuration, and of every file that is read the same way; other rooms add their own. */
export type ProblemCode =
  | "config.too-large"
  | "config.syntax"
  | "config.duplicate-key"
  | "config.unknown-key"
  | "config.unknown-value"
  | "config.missing"
  | "config.type"
  | "config.name"
  | "config.path"
  | "config.duration"
  | "config.rule"
  | "config.time-zone"
  | "config.pattern"
  | "config.command"
  | "config.address"
  | "config.alarm"
  | "config.money"
  | "config.share"
  | "config.downtime"
  | "config.key"
  | "config.inline-secret"
  | "config.reference"
  | "config.unreachable"
  | "config.unprotected"
  | "config.not-available"
  | "config.url"
  | "config.size"
  | "config.count"
  | "config.barcode"
  | "config.misplaced"
  | "config.protect"
  | "config.combination"
  | "config.no-disaster-recovery";

/**
 * As a compiler prints it, so that editors jump to it:
 *
 *     config.yaml:33:11  "one per hours for 14 days" is not a rule I know
 *       did you mean: one per hour for 14 days      (docs: config.rule)
 */
export function formatProblem(problem: Problem): string {
  const severity = problem.severity === "warning" ? "warning: " : "";
  const advice =
    problem.suggestion === undefined ? problem.hint : `did you mean: ${problem.suggestion}`;
  const documented = `(docs: ${problem.code})`;
  return [
    `${problem.file}:${problem.line}:${problem.column}  ${severity}${problem.message}`,
    advice === undefined ? `  ${documented}` : `  ${advice}      ${documented}`,
  ].join("\n");
}
