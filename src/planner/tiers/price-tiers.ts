import { GB } from "../parameter-spec.ts";
import { computed, over, type Quantity } from "../quantity.ts";
import { rank, type Ranked, type WayOut, waysOut } from "../ranking/index.ts";
import {
  type BusinessRequirements,
  businessOfTier,
  type Requirements,
  type Tier,
} from "../requirements/index.ts";
import { type Proof, proofOf } from "./proof.ts";

/** A tier as this site can offer it. */
export type PricedTier = {
  readonly tier: Tier;
  /** All of the site's mail in this tier: what the price is for. */
  readonly business: BusinessRequirements;
  /** Undefined: nothing meets it here. */
  readonly offer?: TierOffer;
  /** The cheapest that this version of Restante runs whole, where there is one. */
  readonly runsHere?: Ranked;
  /** Where nothing meets it: what would have to change. */
  readonly waysOut: readonly WayOut[];
};

export type TierOffer = {
  readonly chosen: Ranked;
  /** Money a year for protection, outages aside. */
  readonly pricePerYear: Quantity;
  readonly pricePerMailbox: Quantity;
  readonly pricePerGigabyte: Quantity;
  readonly proof: Proof;
};

/**
 * For each tier the combination that meets it for all of the site's mail at the lowest price, with that price
 * and its proof. A plan may choose a dearer one: it counts what outages cost, a price does not.
 */
export function priceTiers(
  requirements: Requirements,
  tiers: readonly Tier[] = requirements.tiers,
): readonly PricedTier[] {
  return tiers.map((tier) => priceTier(tier, requirements));
}

function priceTier(tier: Tier, requirements: Requirements): PricedTier {
  const business = businessOfTier(tier, {
    name: tier.name,
    mailboxes: ["*"],
    mailShare: 1,
    downtimePerHour: siteDowntimePerHour(requirements),
  });
  const ranking = rank(business, requirements);
  const chosen = cheapest(ranking.feasible);
  const runsHere = cheapest(ranking.feasible.filter(({ missing }) => missing.length === 0));
  return {
    tier,
    business,
    ...(chosen === undefined ? {} : { offer: offerOf(chosen, { business, requirements }) }),
    ...(runsHere === undefined ? {} : { runsHere }),
    waysOut: chosen === undefined ? waysOut(ranking) : [],
  };
}

/** By its price alone; of equal ones the first in rank, which costs least with its outages. */
function cheapest(feasible: readonly Ranked[]): Ranked | undefined {
  const [first, ...others] = feasible;
  if (first === undefined) return undefined;
  return others.reduce((best, one) => (priceOf(one) < priceOf(best) ? one : best), first);
}

function priceOf({ cost }: Ranked): number {
  return cost.protectionPerYear.high;
}

/** An hour without any mail costs what it costs all lines of business together; 0 where none says. */
function siteDowntimePerHour({ linesOfBusiness }: Requirements): number {
  return linesOfBusiness.reduce((sum, { downtimePerHour }) => sum + downtimePerHour, 0);
}

function offerOf(
  chosen: Ranked,
  site: { readonly business: BusinessRequirements; readonly requirements: Requirements },
): TierOffer {
  const { mail, mailboxes } = site.requirements.parameters;
  const price = chosen.cost.protectionPerYear;
  const gigabytes = over(mail, GB);
  return {
    chosen,
    pricePerYear: price,
    pricePerMailbox: computed(over(price, mailboxes), "money", `${price.basis}, ÷ mailboxes`),
    pricePerGigabyte: computed(over(price, gigabytes), "money", `${price.basis}, ÷ GB of mail`),
    proof: proofOf(chosen, site),
  };
}
