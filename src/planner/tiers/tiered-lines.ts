import type { Objectives, Requirements, Tier } from "../requirements/index.ts";
import { findTier } from "../requirements/index.ts";
import type { TieredLine } from "./tier-order.ts";

/** Lines of business that chose a tier, with the objectives that hold: what a line states itself is named so. */
export function tieredLines({ linesOfBusiness, tiers }: Requirements): readonly TieredLine[] {
  return linesOfBusiness.flatMap(({ name, tier: chosen, operational, disaster }): TieredLine[] => {
    const tier = chosen === undefined ? undefined : findTier(chosen, tiers);
    if (tier === undefined) return [];
    const everyday = isSame(operational, tier.operational)
      ? tier
      : { ...tier, name: ownName(tier), operational };
    if (isSame(disaster, tier.disaster)) return [{ name, operational: everyday, disaster: tier }];
    const { disaster: _tiers, ...rest } = tier;
    const own = { ...rest, name: ownName(tier), ...(disaster === undefined ? {} : { disaster }) };
    return [{ name, operational: everyday, disaster: own }];
  });
}

function ownName({ name }: Tier): string {
  return `${name}, with objectives of its own`;
}

function isSame(left: Objectives | undefined, right: Objectives | undefined): boolean {
  return (
    left?.loseAtMostMs === right?.loseAtMostMs &&
    left?.backWithinMs === right?.backWithinMs &&
    left?.reachBackMs === right?.reachBackMs
  );
}
