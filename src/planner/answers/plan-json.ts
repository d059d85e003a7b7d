import { lossNames, type Loss } from "../figure-1/index.ts";
import type { Estimate, Pair } from "../model/index.ts";
import type { LinePlan, Plan } from "../plan/index.ts";
import type { Quantity } from "../quantity.ts";
import type { Ranked } from "../ranking/index.ts";
import { jsonInterval } from "./figures-report.ts";

/** Rejected combinations in JSON: the nearest; all of them would be thousands. */
const mostRejected = 200;

/** The plan for programs. Times in hours and minutes as their units say; what is unlimited is null. */
export function planJson(plan: Plan): Record<string, unknown> {
  const { requirements, lines, totals, recoveryOrder, warnings } = plan;
  return {
    server: requirements.server,
    currency: requirements.currency,
    linesOfBusiness: lines.map(lineJson),
    totals: {
      purchase: jsonInterval(totals.purchase),
      protectionPerYear: jsonInterval(totals.protectionPerYear),
      totalPerYear: jsonInterval(totals.totalPerYear),
    },
    recoveryOrder,
    warnings,
    parameters: Object.fromEntries(
      Object.entries(requirements.parameters).map(([name, quantity]) => [
        name,
        quantityJson(quantity),
      ]),
    ),
  };
}

function lineJson(line: LinePlan): Record<string, unknown> {
  const { business, chosen, runsHere, ranking, waysOut, inPlace, payback, lapses } = line;
  return {
    name: business.name,
    requirements: business,
    chosen: chosen === undefined ? null : rankedJson(chosen),
    runsHere: runsHere === undefined ? null : runsHere.evaluation.id,
    feasible: ranking.feasible.map(rankedJson),
    rejectedCount: ranking.rejected.length,
    rejected: ranking.rejected.slice(0, mostRejected).map(({ evaluation, violations }) => ({
      id: evaluation.id,
      violations: violations.map(({ constraint, reason, change }) => ({
        constraint,
        reason,
        change,
      })),
    })),
    waysOut: waysOut.map(({ constraints, nearest, combinations }) => ({
      constraints,
      combinations,
      nearest: nearest.evaluation.id,
      changes: [...new Set(nearest.violations.map(({ change }) => change))],
    })),
    lapses,
    inPlace: inPlace === undefined ? null : rankedJson(inPlace),
    payback:
      payback === undefined
        ? null
        : {
            investment: jsonInterval(payback.investment),
            savedPerYear: jsonInterval(payback.savedPerYear),
            returnPerYear: jsonInterval(payback.returnPerYear),
            months: finite(payback.months),
            events: finite(payback.events),
          },
  };
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

function rankedJson({ evaluation, cost, onFront, missing, violations }: Ranked): object {
  const { operational, disaster, recovery } = evaluation;
  return {
    id: evaluation.id,
    combination: evaluation.combination,
    operational: estimateJson(operational),
    disaster: disaster === undefined ? null : estimateJson(disaster),
    recovery: Object.fromEntries(lossNames.map((loss) => [loss, recoveryJson(recovery[loss])])),
    impact: evaluation.impact,
    oneSource: evaluation.oneSource,
    images: finite(evaluation.images),
    caveats: evaluation.caveats,
    onFront,
    notInThisVersion: missing,
    violations: violations.map(({ constraint, reason, change }) => ({
      constraint,
      reason,
      change,
    })),
    cost: {
      purchase: quantityJson(cost.purchase),
      protectionPerYear: quantityJson(cost.protectionPerYear),
      outagesPerYear: quantityJson(cost.outagesPerYear),
      totalPerYear: quantityJson(cost.totalPerYear),
    },
  };
}

type Recovery = Ranked["evaluation"]["recovery"][Loss];

function recoveryJson(way: Recovery): object | null {
  if (way === undefined) return null;
  return { layer: way.layer, rpo: quantityJson(way.rpo), rto: quantityJson(way.rto) };
}

function estimateJson({ rpo, rto, recall, phases, stored, copyTime }: Estimate): object {
  return {
    rpo: pairJson(rpo),
    rto: pairJson(rto),
    recall: quantityJson(recall),
    copyTime: quantityJson(copyTime),
    phases: phases.map(({ name, time, ofLogs }) => ({ name, ofLogs, ...quantityJson(time) })),
    stored: stored.map(({ kind, size, timesData }) => ({
      kind,
      size: quantityJson(size),
      timesData: quantityJson(timesData),
    })),
  };
}

function pairJson({ logsSurvive, logsLost }: Pair): object {
  return { logsSurvive: quantityJson(logsSurvive), logsLost: quantityJson(logsLost) };
}

/** A number with where it comes from, and what it took the place of. */
export function quantityJson(quantity: Quantity): Record<string, unknown> {
  return {
    value: jsonInterval(quantity),
    unit: quantity.unit,
    origin: quantity.origin,
    basis: quantity.basis,
    ...(quantity.instead === undefined ? {} : { instead: quantityJson(quantity.instead) }),
  };
}
