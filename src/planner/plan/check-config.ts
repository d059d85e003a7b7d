import type { Config, TierConfig } from "#policy";
import { rotationOfRules } from "../coverage/index.ts";
import type { Combination } from "../model/index.ts";
import { type Ranked, rankOne } from "../ranking/index.ts";
import type { BusinessRequirements, Objectives, Requirements } from "../requirements/index.ts";

export type CheckFinding = {
  /** An error: the objective is not met. A warning: it is, and something should be known. */
  readonly severity: "error" | "warning";
  readonly text: string;
  readonly change?: string;
};

export type CheckedLine = {
  readonly name: string;
  readonly tier: string;
  /** What the file amounts to, as a way through Figure 1. */
  readonly ranked: Ranked;
  readonly findings: readonly CheckFinding[];
};

export type CheckOptions = {
  /** Sizes, rates, outages; its lines of business are what is checked against, where `against` is true. */
  readonly requirements: Requirements;
  /** Whether the requirements were stated; else each tier is held to its own promise alone. */
  readonly against: boolean;
};

const hourMs = 3_600_000;
const dayHours = 24;

/** Whether a configuration keeps what it promises, and what was required. */
export function checkConfiguration(config: Config, options: CheckOptions): readonly CheckedLine[] {
  const lines = config.linesOfBusiness.flatMap((line) => {
    const tier = config.tiers.find(({ name }) => name === line.tier);
    return tier === undefined ? [] : [checkLine({ line, tier, config }, options)];
  });
  return lines;
}

/** Lines of business that were required and that the file does not have. */
export function missingLines(config: Config, { linesOfBusiness }: Requirements): readonly string[] {
  const named = new Set(config.linesOfBusiness.map(({ name }) => name));
  return linesOfBusiness.filter(({ name }) => !named.has(name)).map(({ name }) => name);
}

type Line = {
  readonly line: Config["linesOfBusiness"][number];
  readonly tier: TierConfig;
  readonly config: Config;
};

function checkLine(
  { line, tier, config }: Line,
  { requirements, against }: CheckOptions,
): CheckedLine {
  const required = against
    ? requirements.linesOfBusiness.find(({ name }) => name === line.name)
    : undefined;
  const business = required ?? promisedBy({ line, tier, config });
  const ranked = rankOne(combinationOf({ line, tier, config }), { business, requirements });
  const findings: CheckFinding[] = ranked.violations.map(({ reason, change }) => ({
    severity: "error",
    text: reason,
    change,
  }));
  if (required !== undefined) findings.push(...looserPromises(tier, required));
  if (against && required === undefined)
    findings.push({
      severity: "warning",
      text: "the requirements have no line of business of that name: it is held to its tier's own promise",
    });
  findings.push(...remarks({ line, tier, config }, business));
  return { name: line.name, tier: tier.name, ranked, findings };
}

/** The file as a way through Figure 1. Captures are taken as often as `lose_at_most` says. */
export function combinationOf({ tier, config }: Line): Combination {
  const everyHours = (tier.operational.loseAtMostMs ?? dayHours * hourMs) / hourMs;
  const kept = rotationOfRules(tier.operational.keep, everyHours);
  const isOffline = config.servers.every(({ dataSource }) => dataSource === "offline");
  return {
    source: isOffline ? "offline" : "live-object",
    operational: {
      method: "disk-deduplicated",
      everyHours,
      reachHours: kept.reduce((furthest, { untilHours }) => Math.max(furthest, untilHours), 0),
      kept,
    },
  };
}

/** What the tier promises, as requirements. It promises nothing for the loss of the site. */
function promisedBy({ line, tier }: Line): BusinessRequirements {
  const { loseAtMostMs = dayHours * hourMs, backWithinMs = Number.MAX_SAFE_INTEGER } =
    tier.operational;
  const { downtime } = line;
  return {
    name: line.name,
    mailboxes: line.mailboxes,
    mailShare: 1,
    operational: { loseAtMostMs, backWithinMs, reachBackMs: 0 },
    granularity: "message",
    risk: "medium",
    hardwareFailure: "operational",
    downtimePerHour:
      downtime === undefined ? 0 : downtime.payrollPerHour * downtime.productivityLostShare,
  };
}

/** A promise that is looser than what is required is none, even where the estimate is good. */
function looserPromises(
  { operational: promised }: TierConfig,
  { operational: required }: BusinessRequirements,
): readonly CheckFinding[] {
  const compared = [
    { key: "lose_at_most", promisedMs: promised.loseAtMostMs, requiredMs: required.loseAtMostMs },
    { key: "back_within", promisedMs: promised.backWithinMs, requiredMs: required.backWithinMs },
  ];
  return compared.flatMap(({ key, promisedMs, requiredMs }): CheckFinding[] => {
    if (promisedMs !== undefined && promisedMs <= requiredMs) return [];
    return [
      {
        severity: "error",
        text:
          promisedMs === undefined
            ? `${key} is not promised, and it is required`
            : `${key} promises less than is required`,
        change: `set ${key} to what is required or better`,
      },
    ];
  });
}

function remarks(
  { tier, config }: Line,
  { disaster }: { readonly disaster?: Objectives },
): readonly CheckFinding[] {
  const found: CheckFinding[] = [];
  if (disaster === undefined)
    found.push({
      severity: "warning",
      text: "nothing recovers from the loss of the site; the paper recommends one method of each layer (§2)",
    });
  if (tier.operational.loseAtMostMs === undefined)
    found.push({
      severity: "warning",
      text: "it has no lose_at_most: one capture a day is taken for granted",
      change: "add lose_at_most",
    });
  if (tier.operational.backWithinMs === undefined)
    found.push({
      severity: "warning",
      text: "it has no back_within: nothing is promised for the time of recovery",
      change: "add back_within",
    });
  if (config.servers.length > 1)
    found.push({
      severity: "warning",
      text: "the file has several servers: each is taken to hold as much mail as the requirements say",
    });
  return found;
}
