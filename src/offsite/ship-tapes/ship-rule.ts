/** The 48-hour rule (paper §2.2.1). Pure. */
import { formatDuration } from "#time";

/** How tapes of one group are shipped. */
export type ShipPolicy = {
  /** Between two backups. */
  readonly intervalMs: number;
  /** So long a moment stays onsite after it was taken. */
  readonly holdMs: number;
  /** From here to the vault. */
  readonly transitMs: number;
  /** At most so much may be lost with the site; undefined where nobody said. */
  readonly objectiveMs?: number;
};

export type ShipRule = {
  /** Lost with the site just before the next tape reaches the vault: the recovery point that this way of shipping gives. */
  readonly worstMs: number;
  /** Undefined without an objective. */
  readonly meets?: boolean;
  readonly sentence: string;
};

/** "If the RPO for DR of the application is 48 hours, and backups are performed nightly, held for 24 hours, then sent offsite, then the 48 hour RPO can be satisfied." */
export function shipRule({ intervalMs, holdMs, transitMs, objectiveMs }: ShipPolicy): ShipRule {
  const worstMs = intervalMs + holdMs + transitMs;
  const sum = `Interval, hold and transit are ${[intervalMs, holdMs, transitMs].map(spanText).join(" + ")} = ${spanText(worstMs)}`;
  if (objectiveMs === undefined)
    return { worstMs, sentence: `${sum}: so much may be lost with the site.` };
  const meets = worstMs <= objectiveMs;
  const verdict = meets ? "within" : "more than";
  const sentence = `${sum}: ${verdict} the ${spanText(objectiveMs)} that may be lost.`;
  return { worstMs, meets, sentence };
}

function spanText(spanMs: number): string {
  return spanMs === 0 ? "nothing" : formatDuration(spanMs);
}
