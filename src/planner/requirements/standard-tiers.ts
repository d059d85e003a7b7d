import type { Tier } from "./requirements.ts";

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

/**
 * A catalogue to start from (paper §1.2: “the best performing … services at one end of the spectrum – usually
 * with the highest costs”). The paper names no tiers: these objectives are ours, each asking more than
 * the one before it in everything.
 */
export const standardTiers: readonly Tier[] = [
  {
    name: "bronze",
    promise:
      "Everyday losses cost at most a day of mail and eight hours without it, the loss of the site two days of mail and three days without it.",
    operational: { loseAtMostMs: day, backWithinMs: 8 * hour, reachBackMs: 14 * day },
    disaster: { loseAtMostMs: 2 * day, backWithinMs: 3 * day, reachBackMs: 90 * day },
    risk: "high",
  },
  {
    name: "silver",
    promise:
      "Everyday losses cost at most four hours of mail and four hours without it, the loss of the site a day of mail and a day without it.",
    operational: { loseAtMostMs: 4 * hour, backWithinMs: 4 * hour, reachBackMs: 30 * day },
    disaster: { loseAtMostMs: day, backWithinMs: day, reachBackMs: 365 * day },
    risk: "medium",
  },
  {
    name: "gold",
    promise:
      "Everyday losses cost at most a quarter of an hour of mail and an hour without it, the loss of the site four hours of mail and eight hours without it.",
    operational: { loseAtMostMs: 15 * minute, backWithinMs: hour, reachBackMs: 90 * day },
    disaster: { loseAtMostMs: 4 * hour, backWithinMs: 8 * hour, reachBackMs: 365 * day },
    risk: "low",
  },
  {
    name: "platinum",
    promise:
      "Everyday losses cost at most a minute of mail and half an hour without it, the loss of the site a quarter of an hour of mail and four hours without it.",
    operational: { loseAtMostMs: minute, backWithinMs: 30 * minute, reachBackMs: 90 * day },
    disaster: { loseAtMostMs: 15 * minute, backWithinMs: 4 * hour, reachBackMs: 3 * 365 * day },
    risk: "low",
  },
];
