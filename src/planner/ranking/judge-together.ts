import { type Loss, lossNames, operationalMethods } from "../figure-1/index.ts";
import { exactly, over, type Quantity, sum } from "../quantity.ts";
import {
  type BusinessRequirements,
  equipmentNames,
  type Requirements,
} from "../requirements/index.ts";
import type { Evaluation, RecoveryFrom } from "./evaluate.ts";
import { budgetViolations, granularityViolations, riskViolations } from "./judge.ts";
import { objectiveViolations, windowViolations } from "./objective-violations.ts";
import { judgedBy } from "./objectives.ts";
import type { Ranked } from "./rank.ts";
import type { Constraint, JudgeOptions, Violation } from "./violation.ts";

/** What each way must keep to by itself, whatever stands beside it. */
const ofEachWay: ReadonlySet<Constraint> = new Set<Constraint>([
  "combination",
  "server",
  "choice",
  "offline window",
  "load",
  "equipment",
  "copy time",
  "distance",
  "availability",
]);

/**
 * What speaks against several ways that protect the same mail side by side. From each loss one of them must
 * recover in time; their windows are laid over each other; what they cost adds up.
 */
export function judgeTogether(
  ways: readonly [Ranked, ...Ranked[]],
  site: { readonly business: BusinessRequirements; readonly requirements: Requirements },
): readonly Violation[] {
  const [first, ...others] = ways;
  if (others.length === 0) return first.violations;
  const evaluation = together(ways, site.business);
  const options: JudgeOptions = {
    ...site,
    cost: { ...first.cost, protectionPerYear: costTogether(ways, site.requirements) },
    availableOnly: false,
  };
  const isCoarse = ways.every((way) => granularityViolations(way.evaluation, options).length > 0);
  return [
    ...ways.flatMap(ownViolations),
    ...objectiveViolations(evaluation, options),
    ...windowViolations(evaluation, options),
    ...(isCoarse ? granularityViolations(first.evaluation, options) : []),
    ...riskViolations(evaluation, options),
    ...budgetViolations(options),
  ];
}

function ownViolations({ evaluation, violations }: Ranked): readonly Violation[] {
  const { name } = operationalMethods[evaluation.combination.operational.method];
  return violations
    .filter(({ constraint }) => ofEachWay.has(constraint))
    .map((one) => ({ ...one, reason: `${name}: ${one.reason}` }));
}

/** One evaluation of all: the best way back from each loss, and every window. */
function together(
  ways: readonly [Ranked, ...Ranked[]],
  business: BusinessRequirements,
): Evaluation {
  const [first] = ways;
  const carrier = ways.find(({ evaluation }) => evaluation.disaster !== undefined);
  const recovery = Object.fromEntries(
    lossNames.map((loss) => [loss, bestWayBack(loss, ways, business)]),
  ) as Evaluation["recovery"];
  const images = ways.reduce((count, { evaluation }) => count + evaluation.operational.images, 0);
  const { disaster, combination } = carrier?.evaluation ?? first.evaluation;
  return {
    ...first.evaluation,
    combination: {
      ...first.evaluation.combination,
      ...(combination.disaster === undefined ? {} : { disaster: combination.disaster }),
    },
    operational: { ...first.evaluation.operational, images },
    ...(disaster === undefined ? {} : { disaster }),
    recovery,
    windows: ways.flatMap(({ evaluation }) => evaluation.windows),
  };
}

/**
 * Of the ways that meet all objectives the quickest back, then the one that loses least. Where none does, of
 * those that miss fewest the first: it is what the tier promises by.
 */
export function bestWayBack(
  loss: Loss,
  ways: readonly Ranked[],
  business: BusinessRequirements,
): RecoveryFrom | undefined {
  const found = ways.flatMap(({ evaluation }) => {
    const way = evaluation.recovery[loss];
    return way === undefined ? [] : [{ way, missed: missedBy(way, loss, business) }];
  });
  const fewest = found.reduce((least, { missed }) => Math.min(least, missed), Infinity);
  const nearest = found.filter(({ missed }) => missed === fewest);
  if (fewest > 0) return nearest[0]?.way;
  return nearest.toSorted(
    (left, right) =>
      left.way.rto.high - right.way.rto.high || left.way.rpo.high - right.way.rpo.high,
  )[0]?.way;
}

function missedBy(way: RecoveryFrom, loss: Loss, business: BusinessRequirements): number {
  const judged = judgedBy(loss, way, business);
  return judged === undefined ? 0 : Number(!judged.rpo.isMet) + Number(!judged.rto.isMet);
}

/** Equipment that several ways use is bought once. */
function costTogether(
  [first, ...others]: readonly [Ranked, ...Ranked[]],
  { parameters: { lifetime } }: Requirements,
): Quantity {
  const bought = new Set(first.cost.items.map(({ item }) => item));
  const items = [...first.cost.items];
  for (const { cost } of others) {
    for (const one of cost.items) {
      const isEquipment = equipmentNames.some((name) => name === one.item);
      if (isEquipment && bought.has(one.item)) continue;
      bought.add(one.item);
      items.push(one);
    }
  }
  const purchase = sum([exactly(0), ...items.map((one) => one.purchase)]);
  const yearly = sum([exactly(0), ...items.map((one) => one.yearly)]);
  return { ...first.cost.protectionPerYear, ...sum([over(purchase, lifetime), yearly]) };
}
