import {
  granularities,
  operationalMethods,
  operationalTraits,
  readableByReaders,
} from "../figure-1/index.ts";
import { missingParts } from "./available.ts";
import { choiceViolations, combinationViolations, serverViolations } from "./choice-violations.ts";
import type { Evaluation } from "./evaluate.ts";
import { objectiveViolations, windowViolations } from "./objective-violations.ts";
import { siteViolations } from "./site-violations.ts";
import { type JudgeOptions, violation, type Violation } from "./violation.ts";
import { numberText } from "./words.ts";

/** Everything that speaks against a combination; nothing where it meets the requirements. */
export function judge(evaluation: Evaluation, options: JudgeOptions): readonly Violation[] {
  return [
    ...combinationViolations(evaluation),
    ...serverViolations(evaluation, options),
    ...choiceViolations(evaluation, options),
    ...siteViolations(evaluation, options),
    ...objectiveViolations(evaluation, options),
    ...windowViolations(evaluation, options),
    ...granularityViolations(evaluation, options),
    ...riskViolations(evaluation, options),
    ...budgetViolations(options),
    ...availabilityViolations(evaluation, options),
  ];
}

export function granularityViolations(
  { combination }: Evaluation,
  { business, requirements }: JudgeOptions,
): readonly Violation[] {
  const isFine = granularities.indexOf(business.granularity) < granularities.indexOf("database");
  if (!isFine || operationalTraits[combination.operational.method].fine) return [];
  const reader = readableByReaders(requirements.server.kind);
  if (reader.reader !== "third party") return [];
  return [
    violation(
      "granularity",
      `${operationalMethods[combination.operational.method].name} restores whole volumes, and no reader of ours opens the store of this server (§1.4.3)`,
      {
        change: "a third-party reader over the replica, or restoring whole databases",
      },
    ),
  ];
}

/** Little tolerance for risk: several images in each layer, so that one is always proven (§1.4.2, §3.3.6). */
export function riskViolations(
  evaluation: Evaluation,
  { business }: JudgeOptions,
): readonly Violation[] {
  if (business.risk !== "low") return [];
  const found: Violation[] = [];
  if (evaluation.operational.images < 2)
    found.push(
      violation("images", "one image only, and a low tolerance for risk wants several (§1.4.2)", {
        change: "keep more images, or tolerate more risk",
      }),
    );
  const { disaster } = evaluation;
  if (business.disaster !== undefined && disaster !== undefined && disaster.images < 3)
    found.push(
      violation(
        "images",
        `${disaster.images} image offsite; a low tolerance for risk wants three, so that one is always proven (§3.3.6)`,
        {
          change: "keep three images offsite, or tolerate more risk",
          factor: 3 / Math.max(1, disaster.images),
        },
      ),
    );
  return found;
}

export function budgetViolations({
  business,
  cost,
  requirements,
}: JudgeOptions): readonly Violation[] {
  const { budgetPerYear } = business;
  const needed = cost.protectionPerYear.high;
  if (budgetPerYear === undefined || needed <= budgetPerYear) return [];
  const { currency } = requirements;
  return [
    violation(
      "budget",
      `it costs ${numberText(needed)} ${currency} a year, the budget is ${numberText(budgetPerYear)}`,
      {
        change: `a budget of ${numberText(Math.ceil(needed))} ${currency} a year`,
        factor: budgetPerYear === 0 ? Infinity : needed / budgetPerYear,
      },
    ),
  ];
}

function availabilityViolations(
  { combination }: Evaluation,
  { availableOnly, requirements }: JudgeOptions,
): readonly Violation[] {
  if (!availableOnly) return [];
  return missingParts(combination, requirements.server.kind).map((part) =>
    violation(
      "availability",
      `this version of Restante does not do its ${part === "source" ? "data source" : `${part} recovery`} yet`,
      {
        change: "a later version, or another program for that part",
      },
    ),
  );
}
