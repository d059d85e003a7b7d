/** Requirements → combinations: what meets them at what yearly cost, what does not and why, and ways out. */
export { available, type Available, type MissingPart, missingParts } from "./available.ts";
export { combinationsFor } from "./candidates.ts";
export { type WayOut, waysOut } from "./conflicts.ts";
export { type Cost, type CostItem, equipmentOf, expected } from "./cost.ts";
export { type Evaluation, type RecoveryFrom } from "./evaluate.ts";
export { type Constraint, constraints, type Violation } from "./violation.ts";
export { bestWayBack, judgeTogether } from "./judge-together.ts";
export { downtimeCostPerHour, payback, type Payback, paybackEvents } from "./payback.ts";
export { byCost, rank, type Ranked, type Ranking, rankOne, type RankOptions } from "./rank.ts";
export { minutesText, numberText } from "./words.ts";
export { siteSituation } from "./evaluate.ts";
