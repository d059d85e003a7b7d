import { computed, type Quantity, times } from "../quantity.ts";
import {
  type BusinessRequirements,
  type ClassifiedLine,
  findTier,
  type Requirements,
} from "../requirements/index.ts";
import { linesOfTiers, type TierFinding } from "./lines-of-tiers.ts";
import { type PricedTier, priceTiers } from "./price-tiers.ts";

/** A line of business as a classification has it, with what its tier costs it. */
export type PricedLine = {
  readonly classified: ClassifiedLine;
  readonly business: BusinessRequirements;
  readonly tier: PricedTier;
  /** Its share of the site's mail, bytes. */
  readonly mail: Quantity;
  /** Money a year; undefined where nothing meets its tier. */
  readonly pricePerYear?: Quantity;
};

export type PricedClassification = {
  /** The site with these lines of business. */
  readonly requirements: Requirements;
  readonly lines: readonly PricedLine[];
  /** Those that a line chose, in the order of the catalogue. */
  readonly tiers: readonly PricedTier[];
  readonly findings: readonly TierFinding[];
};

/**
 * A classification of data with its prices: each line of business pays its share of what its tier costs for
 * all of the site's mail.
 */
export function priceClassification(
  classified: readonly ClassifiedLine[],
  site: Requirements,
): PricedClassification {
  const { tiers: catalogue } = site;
  const { linesOfBusiness, findings } = linesOfTiers(classified, {
    tiers: catalogue,
    requirements: site,
  });
  const requirements = { ...site, linesOfBusiness };
  const chosen = new Set(linesOfBusiness.map(({ tier }) => tier));
  const tiers = priceTiers(
    requirements,
    catalogue.filter(({ name }) => chosen.has(name)),
  );
  const byName = new Map(tiers.map((priced) => [priced.tier.name, priced]));
  const businesses = new Map(linesOfBusiness.map((business) => [business.name, business]));
  const lines = classified.flatMap((line): readonly PricedLine[] => {
    const business = businesses.get(line.name);
    const tier = byName.get(findTier(line.tier, catalogue)?.name ?? "");
    if (business === undefined || tier === undefined) return [];
    return [pricedLine({ classified: line, business, tier }, requirements)];
  });
  return { requirements, lines, tiers, findings };
}

function pricedLine(
  line: Pick<PricedLine, "classified" | "business" | "tier">,
  { parameters }: Requirements,
): PricedLine {
  const { mailShare } = line.business;
  const mail = computed(
    times(parameters.mail, mailShare),
    "bytes",
    `its share of the mail × ${parameters.mail.basis}`,
  );
  const price = line.tier.offer?.pricePerYear;
  if (price === undefined) return { ...line, mail };
  const basis = `its share of the mail × what the tier costs for all of it: ${price.basis}`;
  return { ...line, mail, pricePerYear: computed(times(price, mailShare), "money", basis) };
}
