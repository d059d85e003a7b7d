import type { Problem, ProblemCode } from "./problem.ts";

/** A Problem before its place is known. */
export type Finding<Code extends string = ProblemCode> = {
  readonly code: Code;
  readonly message: string;
  readonly suggestion?: string | undefined;
  readonly hint?: string | undefined;
  /** Default: error. */
  readonly severity?: Problem["severity"] | undefined;
};
