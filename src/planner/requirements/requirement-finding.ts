import type { Finding } from "#policy";

/** What only a requirements file or a classification can have wrong; the rest has the codes of every file. */
export type RequirementCode =
  | "planner.quantity"
  | "planner.frequency"
  | "planner.currency"
  | "planner.stated-twice"
  | "planner.shares"
  | "planner.contradiction"
  | "planner.ranking"
  | "planner.no-value"
  | "planner.no-combination"
  | "planner.csv"
  | "planner.csv-limit"
  | "planner.csv-column"
  | "planner.csv-conflict";

export type RequirementFinding = Finding | Finding<RequirementCode>;
