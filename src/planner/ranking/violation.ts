import type { BusinessRequirements, Requirements } from "../requirements/index.ts";
import type { Cost } from "./cost.ts";

/** What a combination may fail; each could be changed by itself. */
export const constraints = [
  "combination",
  "server",
  "choice",
  "offline window",
  "load",
  "equipment",
  "copy time",
  "distance",
  "operational RPO",
  "operational RTO",
  "disaster RPO",
  "disaster RTO",
  "loss not survived",
  "window",
  "granularity",
  "images",
  "budget",
  "availability",
] as const;
export type Constraint = (typeof constraints)[number];

/** Why a combination was rejected, and what would have to change for it to pass. */
export type Violation = {
  readonly constraint: Constraint;
  readonly reason: string;
  readonly change: string;
  /** How far off it is, 1 being just met; for choosing the nearest. Infinity where nothing is near. */
  readonly factor: number;
};

export type JudgeOptions = {
  readonly business: BusinessRequirements;
  readonly requirements: Requirements;
  readonly cost: Cost;
  /** Only what this version does itself passes. */
  readonly availableOnly: boolean;
};

export function violation(
  constraint: Constraint,
  reason: string,
  { change, factor = Infinity }: { readonly change: string; readonly factor?: number },
): Violation {
  return { constraint, reason, change, factor };
}
