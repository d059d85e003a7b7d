import { lapsesOf, type Lapse } from "../coverage/index.ts";
import { parseCombination } from "../model/index.ts";
import {
  payback,
  type Payback,
  rank,
  type Ranked,
  type Ranking,
  rankOne,
  type WayOut,
  waysOut,
} from "../ranking/index.ts";
import { sum, type Interval } from "../quantity.ts";
import type { BusinessRequirements, Requirements } from "../requirements/index.ts";
import { PlannerError } from "../planner-error.ts";

/** The answer for one line of business. */
export type LinePlan = {
  readonly business: BusinessRequirements;
  readonly ranking: Ranking;
  /** The cheapest that meets the requirements, or the one that was asked for. Undefined: nothing meets them. */
  readonly chosen?: Ranked;
  /** The cheapest that this version of Restante runs whole. */
  readonly runsHere?: Ranked;
  /** Where nothing meets the requirements: what would have to change. */
  readonly waysOut: readonly WayOut[];
  readonly inPlace?: Ranked;
  /** Of the chosen one against what is in place. */
  readonly payback?: Payback;
  /** What the chosen one leaves uncovered within the longest reach that is asked. */
  readonly lapses: readonly Lapse[];
};

export type Plan = {
  readonly requirements: Requirements;
  readonly lines: readonly LinePlan[];
  /** Money of all chosen together. */
  readonly totals: {
    readonly purchase: Interval;
    readonly protectionPerYear: Interval;
    readonly totalPerYear: Interval;
  };
  /** In which order lines of business come back after a loss of the site (§4.2), names. */
  readonly recoveryOrder: readonly string[];
  readonly warnings: readonly string[];
};

export type PlanOptions = {
  /** Combination ids by line of business; the name "" means every line. */
  readonly choose?: ReadonlyMap<string, string>;
  readonly availableOnly?: boolean;
};

/** Requirements in, the right combination for each line of business out. */
export function makePlan(requirements: Requirements, options: PlanOptions = {}): Plan {
  const lines = requirements.linesOfBusiness.map((business) =>
    planLine(business, requirements, options),
  );
  const chosen = lines.flatMap((line) => (line.chosen === undefined ? [] : [line.chosen.cost]));
  return {
    requirements,
    lines,
    totals: {
      purchase: sum(chosen.map(({ purchase }) => purchase)),
      protectionPerYear: sum(chosen.map(({ protectionPerYear }) => protectionPerYear)),
      totalPerYear: sum(chosen.map(({ totalPerYear }) => totalPerYear)),
    },
    recoveryOrder: recoveryOrder(requirements.linesOfBusiness),
    warnings: [...rankWarnings(requirements.linesOfBusiness), ...choiceWarnings(lines)],
  };
}

function planLine(
  business: BusinessRequirements,
  requirements: Requirements,
  { choose, availableOnly = false }: PlanOptions,
): LinePlan {
  const ranking = rank(business, requirements, { availableOnly });
  const wanted = choose?.get(business.name) ?? choose?.get("");
  const chosen =
    wanted === undefined ? ranking.feasible[0] : asked(wanted, { business, requirements });
  const runsHere = ranking.feasible.find(({ missing }) => missing.length === 0);
  const inPlace =
    requirements.inPlace === undefined
      ? undefined
      : asked(requirements.inPlace, { business, requirements });
  const reachMs = Math.max(business.operational.reachBackMs, business.disaster?.reachBackMs ?? 0);
  return {
    business,
    ranking,
    ...(chosen === undefined ? {} : { chosen }),
    ...(runsHere === undefined ? {} : { runsHere }),
    waysOut: ranking.feasible.length > 0 ? [] : waysOut(ranking),
    ...(inPlace === undefined ? {} : { inPlace }),
    ...(inPlace === undefined || chosen === undefined
      ? {}
      : { payback: payback(inPlace, chosen, business.downtimePerHour) }),
    lapses: chosen === undefined ? [] : lapsesOf(chosen.evaluation.windows, reachMs / 3_600_000),
  };
}

function asked(
  id: string,
  options: { readonly business: BusinessRequirements; readonly requirements: Requirements },
): Ranked {
  const combination = parseCombination(id);
  if (combination !== undefined) return rankOne(combination, options);
  throw new PlannerError(
    "planner.no-combination",
    `Cannot read the combination "${id}": no such way through Figure 1`,
    {
      hint: "Write it as reports show it: live-object/disk-deduplicated-1h-90d/duplicate-disk-4h-1y, or /none for no disaster recovery.",
    },
  );
}

/** The shortest disaster RTO first, of equal ones the dearest outage (§4.2: sequencing of applications). */
export function recoveryOrder(lines: readonly BusinessRequirements[]): readonly string[] {
  const within = ({ disaster, operational }: BusinessRequirements): number =>
    disaster?.backWithinMs ?? operational.backWithinMs + acceptedLast;
  return lines
    .toSorted(
      (left, right) =>
        within(left) - within(right) ||
        right.downtimePerHour - left.downtimePerHour ||
        left.name.localeCompare(right.name, "en"),
    )
    .map(({ name }) => name);
}

/** Whose loss of the site is accepted comes after everybody else: a thousand years. */
const acceptedLast = 31_536_000_000_000;

/** “An application's DR RPO ranking relative to other applications will likely be consistent with its ranking for OR RPO” (§4.2). */
export function rankWarnings(lines: readonly BusinessRequirements[]): readonly string[] {
  const found: string[] = [];
  for (const [index, left] of lines.entries()) {
    for (const right of lines.slice(index + 1)) {
      for (const [what, of] of [
        ["RPO", "loseAtMostMs"],
        ["RTO", "backWithinMs"],
      ] as const) {
        if (left.disaster === undefined || right.disaster === undefined) continue;
        const operational = left.operational[of] - right.operational[of];
        const disaster = left.disaster[of] - right.disaster[of];
        if (operational * disaster < 0)
          found.push(
            `“${left.name}” and “${right.name}” change places: by operational ${what} one comes first, by disaster ${what} the other (§4.2 expects the same order)`,
          );
      }
    }
  }
  return found;
}

function choiceWarnings(lines: readonly LinePlan[]): readonly string[] {
  return lines.flatMap(({ business, chosen }) => {
    if (chosen === undefined) return [];
    const warnings: string[] = [];
    if (chosen.evaluation.combination.disaster === undefined)
      warnings.push(
        `“${business.name}”: no disaster recovery. The paper recommends at least one method of each layer (§2); the loss of the site was accepted in the requirements`,
      );
    if (!chosen.evaluation.oneSource)
      warnings.push(
        `“${business.name}”: disaster recovery reads the server a second time; “the ideal is to use a single Data Source to do both” (§2)`,
      );
    for (const { reason } of chosen.violations)
      warnings.push(
        `“${business.name}”: the combination asked for does not meet the requirements: ${reason}`,
      );
    return warnings;
  });
}
