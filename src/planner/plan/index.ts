/** The plan itself, and what follows from it: configuration, check, runbook, tiers, reasons. */
export {
  type LinePlan,
  makePlan,
  type Plan,
  type PlanOptions,
  rankWarnings,
  recoveryOrder,
} from "./plan.ts";
export { runbook } from "./runbook.ts";
export { type WrittenPlan, writeConfiguration } from "./write-config.ts";
export type { CheckFinding } from "./check-finding.ts";
export {
  type CheckedLine,
  checkConfiguration,
  type CheckOptions,
  missingLines,
} from "./check-config.ts";
