/**
 * planner: requirements → solutions (paper, chapters 1 and 4), as pure functions: Figure 1 as data,
 * Figures 6 and 7 as a model, windows and lapses, cost, ranking, and what to do on the bad day.
 *
 * Every number is a Quantity that says whether the paper states it, a formula gives it or a measurement
 * did. Nothing here reads files or clocks.
 */
export {
  measurementKinds,
  type Measurement,
  type MeasurementKind,
  withMeasurements,
} from "./measurement.ts";
export { measureMoments, type MeasuredMoment, type MomentsMeasured } from "./measured-moments.ts";
export {
  isParameterName,
  paperParameters,
  type ParameterName,
  parameterNames,
  type Parameters,
  parameters,
  todaysParameters,
} from "./parameters.ts";
export type { InputOrigin, Interval, Origin, Quantity, Unit } from "./quantity.ts";
export { PlannerError, type PlannerErrorCode } from "./planner-error.ts";
export { applicabilityMarkdown, mailServers, type MailServerId } from "./figure-1/index.ts";
export {
  isFigureRow,
  type LogCase,
  type MeasuredResult,
  paperSituation,
  rowOfMethod,
  rowsOfMethods,
  type Situation,
} from "./model/index.ts";
export { figure1Legend, figure1Markdown, paperMarkdown } from "./paper/index.ts";
export { siteSituation } from "./ranking/index.ts";
export {
  type BusinessRequirements,
  type ClassifiedLine,
  type Equipment,
  equipmentNames,
  findTier,
  formatSpan,
  type Objectives,
  parseClassification,
  parseRequirements,
  parseSpan,
  type Requirements,
  type RequirementsAnswers,
  requirementsJsonSchema,
  standardTiers,
  type Tier,
  writeRequirements,
} from "./requirements/index.ts";
export {
  type CheckedLine,
  checkConfiguration,
  makePlan,
  missingLines,
  type Plan,
  runbook,
  writeConfiguration,
} from "./plan/index.ts";
export {
  checkReport,
  figureCellsJson,
  figuresReport,
  type FiguresReportOptions,
  planJson,
  planReport,
  why,
} from "./answers/index.ts";
export {
  renderHtml,
  renderMarkdown,
  renderText,
  type Report,
  type TextStyle,
} from "./report/index.ts";
export {
  classificationJson,
  classificationReport,
  priceClassification,
  type PricedClassification,
  type PricedTier,
  priceTiers,
  siteOfClassification,
  tierDetailsReport,
  tieredLines,
  tierJson,
  tierReport,
} from "./tiers/index.ts";
