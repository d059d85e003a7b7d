import type { BusinessRequirements, Requirements } from "../requirements/index.ts";
import { missingParts, type MissingPart } from "./available.ts";
import { combinationsFor } from "./candidates.ts";
import { type Cost, costOf } from "./cost.ts";
import { evaluate, type Evaluation } from "./evaluate.ts";
import { judge } from "./judge.ts";
import type { Violation } from "./violation.ts";
import { paretoFront } from "./pareto.ts";
import type { Combination } from "../model/index.ts";

export type Ranked = {
  readonly evaluation: Evaluation;
  readonly cost: Cost;
  /** Empty: it meets the requirements. */
  readonly violations: readonly Violation[];
  /** Nothing else that meets them is better in RPO, RTO and cost at once. */
  readonly onFront: boolean;
  /** What this version of Restante does not do yet. */
  readonly missing: readonly MissingPart[];
};

export type Ranking = {
  readonly business: BusinessRequirements;
  /** Those that meet the requirements, cheapest a year first. */
  readonly feasible: readonly Ranked[];
  /** The others, nearest first. */
  readonly rejected: readonly Ranked[];
};

export type RankOptions = {
  /** Only what this version does itself. */
  readonly availableOnly?: boolean;
};

/** All combinations for one line of business: what meets its requirements by total yearly cost, and why the rest does not. */
export function rank(
  business: BusinessRequirements,
  requirements: Requirements,
  options: RankOptions = {},
): Ranking {
  const all = combinationsFor(business, requirements).map((combination) =>
    rankOne(combination, { business, requirements, ...options }),
  );
  const met = all.filter(({ violations }) => violations.length === 0).toSorted(byCost);
  const front = paretoFront(met);
  return {
    business,
    feasible: met.map((one) => ({ ...one, onFront: front.has(one) })),
    rejected: all.filter(({ violations }) => violations.length > 0).toSorted(byDistance),
  };
}

type RankOneOptions = RankOptions & {
  readonly business: BusinessRequirements;
  readonly requirements: Requirements;
};

/** One combination by itself, whether or not it would have been thought of. */
export function rankOne(
  combination: Combination,
  { business, requirements, availableOnly = false }: RankOneOptions,
): Ranked {
  const evaluation = evaluate(combination, business, requirements);
  const cost = costOf(evaluation, business, requirements);
  const violations = judge(evaluation, { business, requirements, cost, availableOnly });
  return {
    evaluation,
    cost,
    violations,
    onFront: false,
    missing: missingParts(combination, requirements.server.kind),
  };
}

/** Cheapest first; of equal cost the quicker, the one that loses less, one source before two (§2), then by name; what this version does itself first. */
export function byCost(left: Ranked, right: Ranked): number {
  return (
    left.cost.totalPerYear.high - right.cost.totalPerYear.high ||
    left.missing.length - right.missing.length ||
    left.evaluation.operational.rto.logsSurvive.high -
      right.evaluation.operational.rto.logsSurvive.high ||
    left.evaluation.operational.rpo.logsLost.high -
      right.evaluation.operational.rpo.logsLost.high ||
    Number(right.evaluation.oneSource) - Number(left.evaluation.oneSource) ||
    left.evaluation.id.localeCompare(right.evaluation.id, "en")
  );
}

/** Fewest violations first, then the nearest, then the cheapest. */
function byDistance(left: Ranked, right: Ranked): number {
  const few = left.violations.length - right.violations.length;
  if (few !== 0) return few;
  const near = farthest(left) - farthest(right);
  return Number.isNaN(near) || near === 0 ? byCost(left, right) : near;
}

function farthest({ violations }: Ranked): number {
  return violations.reduce((most, { factor }) => Math.max(most, factor), 1);
}
