import { quoted } from "#errors";
import type { Finding } from "#policy";
import { formatBytes } from "#time";
import { downtimeCostPerHour } from "../ranking/index.ts";
import {
  type BusinessRequirements,
  businessOfTier,
  type ClassifiedLine,
  findTier,
  type RequirementCode,
  type Requirements,
  type Tier,
  unknownTier,
} from "../requirements/index.ts";

export type TierFinding = Finding | Finding<RequirementCode>;

export type TieredLines = {
  /** Those whose tier is known, in the order of the classification. */
  readonly linesOfBusiness: readonly BusinessRequirements[];
  readonly findings: readonly TierFinding[];
};

/** What rounding of sizes is off by. */
const rounding = 0.005;

/**
 * A classification of data → requirements by tier (paper §1.4.4: “ranking the value of data to the lines of
 * business, and associating those rankings with available and desired tiers of service”).
 */
export function linesOfTiers(
  lines: readonly ClassifiedLine[],
  { tiers, requirements }: { readonly tiers: readonly Tier[]; readonly requirements: Requirements },
): TieredLines {
  const { shares, findings } = mailShares(lines, requirements.parameters.mail.high);
  const found: TierFinding[] = [...findings];
  const linesOfBusiness = lines.flatMap((line): readonly BusinessRequirements[] => {
    const tier = findTier(line.tier, tiers);
    if (tier === undefined) {
      found.push(unknownTier(line.tier, { line: line.name, tiers }));
      return [];
    }
    const downtimePerHour = downtimeOf(line, requirements.currency, found);
    const { name, mailboxes } = line;
    return [
      businessOfTier(tier, {
        name,
        mailboxes,
        mailShare: shares.get(name) ?? 0,
        ...(downtimePerHour === undefined ? {} : { downtimePerHour }),
      }),
    ];
  });
  return { linesOfBusiness, findings: found };
}

/** Nothing is converted: an amount in another currency is a finding, and counts nothing. */
function downtimeOf(
  { name, downtime }: ClassifiedLine,
  currency: string,
  found: TierFinding[],
): number | undefined {
  if (downtime === undefined) return undefined;
  if (downtime.currency !== currency) {
    found.push({
      code: "planner.currency",
      message: `the payroll of ${quoted(name)} is in ${downtime.currency}, the requirements are in ${currency}`,
      hint: "Write all amounts in one currency.",
    });
    return undefined;
  }
  return downtimeCostPerHour(downtime.payrollPerHour, downtime.productivityLostShare);
}

/**
 * By stated sizes, a mailbox without one counting as much as the others of its line; what the site has
 * beyond them is shared among the lines without sizes, by how many mailboxes they name.
 */
function mailShares(
  lines: readonly ClassifiedLine[],
  siteBytes: number,
): { readonly shares: ReadonlyMap<string, number>; readonly findings: readonly TierFinding[] } {
  const sizes = new Map(lines.map((line) => [line.name, sizeOf(line)]));
  const stated = [...sizes.values()].reduce<number>((sum, size = 0) => sum + size, 0);
  const silent = lines.filter(({ name }) => sizes.get(name) === undefined);
  const whole = Math.max(siteBytes, stated);
  const left = whole - stated;
  const mailboxes = silent.reduce((count, line) => count + weightOf(line, silent), 0);
  const shares = new Map(
    lines.map((line) => {
      const size = sizes.get(line.name) ?? (left * weightOf(line, silent)) / mailboxes;
      return [line.name, whole === 0 ? 0 : size / whole];
    }),
  );
  const message = sharesMessage({ stated, siteBytes, hasSilent: silent.length > 0 });
  if (lines.length === 0 || message === undefined) return { shares, findings: [] };
  const hint = "Correct the sizes, or the site's mail.";
  return { shares, findings: [{ severity: "warning", code: "planner.shares", message, hint }] };
}

function sizeOf({ sizeBytes, sizedMailboxes, mailboxes }: ClassifiedLine): number | undefined {
  return sizedMailboxes === 0 ? undefined : (sizeBytes * mailboxes.length) / sizedMailboxes;
}

/** A pattern stands for who knows how many mailboxes: with one among them, lines count alike. */
function weightOf({ mailboxes }: ClassifiedLine, silent: readonly ClassifiedLine[]): number {
  const hasPattern = silent.some((line) => line.mailboxes.some((name) => /[*?]/.test(name)));
  return hasPattern ? 1 : Math.max(1, mailboxes.length);
}

function sharesMessage({
  stated,
  siteBytes,
  hasSilent,
}: {
  readonly stated: number;
  readonly siteBytes: number;
  readonly hasSilent: boolean;
}): string | undefined {
  const [sizes, site] = [formatBytes(Math.round(stated)), formatBytes(Math.round(siteBytes))];
  if (stated > siteBytes * (1 + rounding))
    return `the mailboxes that are classified have ${sizes}, the site has ${site}: shares are of the former`;
  if (hasSilent)
    return siteBytes - stated < siteBytes * rounding
      ? `lines without sizes have no mail: the others have all ${site}`
      : undefined;
  return stated < siteBytes * (1 - rounding)
    ? `the mailboxes that are classified have ${sizes} of the site's ${site}: the rest is in no tier`
    : undefined;
}
