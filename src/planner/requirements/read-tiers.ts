import type { Objectives, Tier } from "./requirements.ts";
import { formatSpan, readSpan } from "./spans.ts";
import { standardTiers } from "./standard-tiers.ts";
import type { WrittenObjectives, WrittenTier } from "./written-requirements.ts";

/**
 * The catalogue in force: the standard tiers, each in its place also where the file has one of that name,
 * then the file's others. `names` are those of the file in its order.
 */
export function readTiers(
  written: Readonly<Record<string, WrittenTier>>,
  names: readonly string[],
): readonly Tier[] {
  const own = new Map<string, Tier>();
  for (const name of names) {
    const tier = Object.hasOwn(written, name) ? written[name] : undefined;
    if (tier !== undefined) own.set(name.toLowerCase(), readTier(name, tier));
  }
  const standard = standardTiers.map((tier) => own.get(tier.name) ?? tier);
  const replaced = new Set(standardTiers.map(({ name }) => name));
  return [...standard, ...[...own].flatMap(([key, tier]) => (replaced.has(key) ? [] : [tier]))];
}

function readTier(name: string, written: WrittenTier): Tier {
  const operational = readObjectives(written.operational);
  const disaster = written.disaster === "accepted" ? undefined : readObjectives(written.disaster);
  return {
    name,
    promise: written.promise ?? promiseOf(operational, disaster),
    operational,
    ...(disaster === undefined ? {} : { disaster }),
    risk: written.risk ?? "medium",
  };
}

export function readObjectives(written: WrittenObjectives): Objectives {
  return {
    loseAtMostMs: readSpan(written.lose_at_most),
    backWithinMs: readSpan(written.back_within),
    reachBackMs: readSpan(written.reach_back),
  };
}

function promiseOf(operational: Objectives, disaster: Objectives | undefined): string {
  const everyday = `Everyday losses cost ${costOf(operational)}`;
  return disaster === undefined
    ? `${everyday}; the loss of the site is accepted.`
    : `${everyday}, the loss of the site ${costOf(disaster)}.`;
}

function costOf({ loseAtMostMs, backWithinMs }: Objectives): string {
  const mail = loseAtMostMs === 0 ? "no mail" : `at most ${formatSpan(loseAtMostMs)} of mail`;
  return `${mail} and at most ${formatSpan(backWithinMs)} without it`;
}
