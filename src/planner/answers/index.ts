/** Answers as reports: the plan, Figures 6 and 7 for a site, and why. */
export {
  type FigureCellJson,
  figureCellsJson,
  figuresReport,
  type FiguresReportOptions,
  jsonInterval,
} from "./figures-report.ts";
export { planReport, type PlanReportOptions } from "./plan-report.ts";
export { why, type WhyOptions } from "./why.ts";
export { checkReport, type CheckReportOptions } from "./check-report.ts";
export { planJson, quantityJson } from "./plan-json.ts";
export { quantityCell, quantityText } from "./cells.ts";
