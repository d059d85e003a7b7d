/** Figures 6 and 7 as a model: RPO, RTO, recall and storage of every choice, for a site's own numbers. */
export {
  type Combination,
  combinationId,
  describeDisaster,
  describeOperational,
  type DisasterChoice,
  disasterChoiceId,
  hoursPerYear,
  type Kept,
  type OperationalChoice,
  operationalChoiceId,
  parseCombination,
  spanText,
} from "./choices.ts";
export type { Estimate, Pair, Phase, PhaseName, StorageKind, Stored } from "./estimate.ts";
export { estimateDisaster, isDeduplicated, longestSynchronousKm } from "./disaster.ts";
export { estimateOperational } from "./operational.ts";
export {
  estimateOf,
  type FigureCell,
  figureCells,
  type FigureOptions,
  type MeasuredEvidence,
  type MeasuredResult,
} from "./figures.ts";
export { figure6, figure7, type FigureRow, type LogCase, type Printed } from "./paper-cells.ts";
export { disasterRotation, imageCount, operationalRotation } from "./rotation.ts";
export { paperSituation, type Situation } from "./situation.ts";
export { isFigureRow, rowOfMethod, rowsOfMethods } from "./row-of-method.ts";
export { deduplicatedRow } from "./todays-rows.ts";
