import type { Loss } from "../figure-1/index.ts";
import { middle, type Quantity } from "../quantity.ts";
import type { BusinessRequirements, Objectives } from "../requirements/index.ts";

/** Objectives that a loss must be recovered by; undefined where it is accepted. */
export function objectivesFor(loss: Loss, business: BusinessRequirements): Objectives | undefined {
  return layerFor(loss, business) === "disaster" ? business.disaster : business.operational;
}

/** Whose objectives hold after a loss. */
export function layerFor(loss: Loss, business: BusinessRequirements): "operational" | "disaster" {
  if (loss === "site") return "disaster";
  const isLeftToDisaster = loss === "hardware" && business.hardwareFailure === "disaster";
  return isLeftToDisaster && business.disaster !== undefined ? "disaster" : "operational";
}

/** A thousandth of a minute: what rounding may add. */
const tolerance = 1e-3;

export type Judged = {
  /** What it comes to and what is allowed, minutes. */
  readonly minutes: number;
  readonly limit: number;
  readonly isMet: boolean;
};

/** RPO and RTO of a way back against the objectives of its loss; undefined where none hold. */
export function judgedBy(
  loss: Loss,
  way: { readonly rpo: Quantity; readonly rto: Quantity },
  business: BusinessRequirements,
): { readonly rpo: Judged; readonly rto: Judged } | undefined {
  const objectives = objectivesFor(loss, business);
  if (objectives === undefined) return undefined;
  // After an attack found late the loss is the time since the attack, whatever protects the mail.
  const lost = loss === "late-attack" ? 0 : planned(way.rpo, business) * 60;
  return {
    rpo: against(lost, objectives.loseAtMostMs),
    rto: against(planned(way.rto, business), objectives.backWithinMs),
  };
}

function against(minutes: number, limitMs: number): Judged {
  const limit = limitMs / 60_000;
  return { minutes, limit, isMet: minutes <= limit + tolerance };
}

/** Who tolerates risk plans with the middle of a range, others with its worst end (§1.4.4). */
function planned(quantity: Quantity, { risk }: BusinessRequirements): number {
  return risk === "high" ? middle(quantity) : quantity.high;
}
