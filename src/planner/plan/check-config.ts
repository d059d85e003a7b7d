import type { Config } from "#policy";
import { judgeTogether, type Ranked, rankOne } from "../ranking/index.ts";
import type { BusinessRequirements, Requirements } from "../requirements/index.ts";
import { type CheckFinding, type ConfiguredLine, promiseOf } from "./check-finding.ts";
import { lapseFindings, looserPromises, ownPromises, remarks } from "./check-findings.ts";
import { siteOfTier, waysOfTier } from "./config-ways.ts";

export type CheckedLine = {
  readonly name: string;
  readonly tier: string;
  /** What the tier's first method amounts to, as a way through Figure 1. */
  readonly ranked: Ranked;
  /** Of each method, in the tier's order; the disaster recovery is with the one that feeds it. */
  readonly ways: readonly Ranked[];
  readonly findings: readonly CheckFinding[];
};

export type CheckOptions = {
  /** Sizes, rates, outages; its lines of business are what is checked against, where `against` is true. */
  readonly requirements: Requirements;
  /** Whether the requirements were stated; else each tier is held to its own promise alone. */
  readonly against: boolean;
};

const dayMs = 86_400_000;

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

function checkLine(
  configured: ConfiguredLine,
  { requirements, against }: CheckOptions,
): CheckedLine {
  const { line, tier, config } = configured;
  const required = against
    ? requirements.linesOfBusiness.find(({ name }) => name === line.name)
    : undefined;
  const business = required ?? promisedBy(configured);
  const site = { business, requirements: siteOfTier(tier, { config, requirements }) };
  const [first, ...others] = waysOfTier(tier, config);
  const ranked = rankOne(first.combination, site);
  const ways: readonly [Ranked, ...Ranked[]] = [
    ranked,
    ...others.map(({ combination }) => rankOne(combination, site)),
  ];
  const violations = judgeTogether(ways, site);
  const findings: CheckFinding[] = violations.map(({ reason, change }) => ({
    severity: "error",
    text: reason,
    change,
  }));
  findings.push(...ownPromises(tier, ways));
  if (required !== undefined) findings.push(...looserPromises(tier, required));
  if (against && required === undefined)
    findings.push({
      severity: "warning",
      text: "the requirements have no line of business of that name: it is held to its tier's own promise",
    });
  if (!violations.some(({ constraint }) => constraint === "window"))
    findings.push(...lapseFindings(ways));
  findings.push(...remarks(configured, business));
  return { name: line.name, tier: tier.name, ranked, ways, findings };
}

/** What the tier promises, as requirements: its first method that promises anything, and its disaster recovery. */
function promisedBy({ line, tier }: ConfiguredLine): BusinessRequirements {
  const { operational, disaster } = tier;
  const { loseAtMostMs, backWithinMs } = promiseOf(tier);
  const { downtime } = line;
  const without = Number.MAX_SAFE_INTEGER;
  return {
    name: line.name,
    mailboxes: line.mailboxes,
    mailShare: 1,
    operational: {
      loseAtMostMs: loseAtMostMs ?? operational[0].everyMs ?? dayMs,
      backWithinMs: backWithinMs ?? without,
      reachBackMs: 0,
    },
    ...(disaster === undefined
      ? {}
      : {
          disaster: {
            loseAtMostMs: disaster.loseAtMostMs ?? without,
            backWithinMs: disaster.backWithinMs ?? without,
            reachBackMs: 0,
          },
        }),
    granularity: "message",
    risk: "medium",
    hardwareFailure: "operational",
    downtimePerHour:
      downtime === undefined ? 0 : downtime.payrollPerHour * downtime.productivityLostShare,
  };
}
