import type { ProblemCode } from "./problem.ts";

/** A Problem before its place is known. */
export type Finding = {
  readonly code: ProblemCode;
  readonly message: string;
  readonly suggestion?: string | undefined;
  readonly hint?: string | undefined;
};
