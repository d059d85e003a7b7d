import { type Lapse, lapsesOf } from "../coverage/index.ts";
import {
  disasterTraits,
  type Loss,
  lossNames,
  losses,
  operationalTraits,
} from "../figure-1/index.ts";
import { spanText } from "../model/index.ts";
import type { BusinessRequirements } from "../requirements/index.ts";
import type { Evaluation, RecoveryFrom } from "./evaluate.ts";
import { judgedBy, layerFor, objectivesFor } from "./objectives.ts";
import { type JudgeOptions, violation, type Violation } from "./violation.ts";
import { apartText } from "./words.ts";

/** RPO and RTO after each kind of loss. */
export function objectiveViolations(
  evaluation: Evaluation,
  { business }: JudgeOptions,
): readonly Violation[] {
  return lossNames.flatMap((loss) => {
    if (objectivesFor(loss, business) === undefined) return [];
    const way = evaluation.recovery[loss];
    if (way !== undefined) return timeViolations(loss, way, business);
    return [
      violation(
        "loss not survived",
        `nothing recovers from this: ${losses[loss]}${whyNot(loss, evaluation)}`,
        { change: `a layer that survives it, or accept the loss: ${losses[loss]}` },
      ),
    ];
  });
}

/** What is said of the layers that explains this loss, and no other. */
function whyNot(loss: Loss, { combination: { operational, disaster } }: Evaluation): string {
  const traits = [
    operationalTraits[operational.method],
    ...(disaster === undefined ? [] : [disasterTraits[disaster.option]]),
  ];
  const reasons = traits.flatMap(({ lacks, lacksFor }) =>
    lacks !== undefined && lacksFor?.includes(loss) === true ? [lacks] : [],
  );
  return reasons.length === 0 ? "" : ` (${reasons.join("; ")})`;
}

function timeViolations(
  loss: Loss,
  way: RecoveryFrom,
  business: BusinessRequirements,
): readonly Violation[] {
  const judged = judgedBy(loss, way, business);
  if (judged === undefined) return [];
  const layer = layerFor(loss, business);
  const { rpo, rto } = judged;
  const rpoText = apartText(rpo.minutes, rpo.limit);
  const rtoText = apartText(rto.minutes, rto.limit);
  const found: Violation[] = [];
  if (!rpo.isMet)
    found.push(
      violation(
        `${layer} RPO`,
        `${losses[loss]}: up to ${rpoText.actual} of mail would be lost, ${allowed(rpo.limit, rpoText.limit)}`,
        {
          change: `lose at most ${rpoText.actual} instead of ${rpoText.limit}`,
          factor: rpo.limit === 0 ? Infinity : rpo.minutes / rpo.limit,
        },
      ),
    );
  if (!rto.isMet)
    found.push(
      violation(
        `${layer} RTO`,
        `${losses[loss]}: back after ${rtoText.actual}, ${allowed(rto.limit, rtoText.limit)}`,
        {
          change: `be back within ${rtoText.actual} instead of ${rtoText.limit}`,
          factor: rto.limit === 0 ? Infinity : rto.minutes / rto.limit,
        },
      ),
    );
  return found;
}

function allowed(limitMinutes: number, text: string): string {
  return limitMinutes === 0 ? "and nothing is allowed" : `${text} are allowed`;
}

/** Lapses between and behind the layers. */
export function windowViolations(
  { windows }: Evaluation,
  { business }: JudgeOptions,
): readonly Violation[] {
  const hourMs = 3_600_000;
  const offsite = windows.filter(({ layer }) => layer === "disaster");
  const checks = [
    { what: "both layers together", windows, reach: business.operational.reachBackMs / hourMs },
    // What is still on its way when the site is lost is the RPO, not a lapse: the window begins behind it.
    {
      what: "the disaster layer",
      windows: offsite.map((window) => ({ ...window, fromHours: 0 })),
      reach: (business.disaster?.reachBackMs ?? 0) / hourMs,
    },
  ];
  return checks.flatMap(({ what, windows: some, reach }) =>
    reach === 0
      ? []
      : lapsesOf(some, reach).map((lapse) =>
          violation("window", `${what}: nothing covers ${ages(lapse)} ago (§1.4.2)`, {
            change: lapse.changes[0]?.text ?? "a layer that keeps images",
            factor: lapse.fromHours === 0 ? Infinity : lapse.toHours / lapse.fromHours,
          }),
        ),
  );
}

function ages({ fromHours, toHours }: Lapse): string {
  const from = fromHours === 0 ? "now" : spanText(rounded(fromHours));
  return `from ${from} to ${spanText(rounded(toHours))}`;
}

function rounded(hours: number): number {
  return hours >= 1 ? Math.round(hours) : Math.max(1 / 60, Math.round(hours * 60) / 60);
}
