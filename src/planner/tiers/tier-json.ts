import { jsonInterval, quantityJson } from "../answers/index.ts";
import { lossNames } from "../figure-1/index.ts";
import type { TierFinding } from "./lines-of-tiers.ts";
import type { PricedClassification, PricedLine } from "./price-classification.ts";
import type { PricedTier, TierOffer } from "./price-tiers.ts";
import { checkTierOrder } from "./tier-order.ts";
import { tieredLines } from "./tiered-lines.ts";

/** A tier for programs; numbers as the plan has them. What is not offered has no offer, and ways out. */
export function tierJson({ tier, offer, runsHere, waysOut }: PricedTier): Record<string, unknown> {
  const { name, promise, risk, operational, disaster } = tier;
  return {
    name,
    promise,
    risk,
    operational,
    disaster: disaster ?? null,
    offer: offer === undefined ? null : offerJson(offer),
    runsHere: runsHere === undefined ? null : runsHere.evaluation.id,
    waysOut: waysOut.map(({ constraints, nearest, combinations }) => ({
      constraints,
      combinations,
      nearest: nearest.evaluation.id,
      changes: [...new Set(nearest.violations.map(({ change }) => change))],
    })),
  };
}

function offerJson(offer: TierOffer): Record<string, unknown> {
  const { evaluation, cost } = offer.chosen;
  const { evidence, restsOn, grade, missing } = offer.proof;
  return {
    id: evaluation.id,
    combination: evaluation.combination,
    price: {
      perYear: quantityJson(offer.pricePerYear),
      perMailbox: quantityJson(offer.pricePerMailbox),
      perGigabyte: quantityJson(offer.pricePerGigabyte),
      purchase: quantityJson(cost.purchase),
      items: cost.items.map(({ item, purchase, yearly }) => ({
        item,
        purchase: quantityJson(purchase),
        yearly: quantityJson(yearly),
      })),
    },
    recovery: Object.fromEntries(
      lossNames.map((loss) => {
        const way = evaluation.recovery[loss];
        if (way === undefined) return [loss, null];
        const { layer, rpo, rto } = way;
        return [loss, { layer, rpo: quantityJson(rpo), rto: quantityJson(rto) }];
      }),
    ),
    proof: { evidence, restsOn, grade, notInThisVersion: missing },
  };
}

/** A classification for programs: lines of business with tier and price, the tiers they chose, remarks. */
export function classificationJson({
  requirements,
  lines,
  tiers,
  findings,
}: PricedClassification): Record<string, unknown> {
  return {
    currency: requirements.currency,
    linesOfBusiness: lines.map(lineJson),
    tiers: tiers.map(tierJson),
    findings: findings.map(findingJson),
    order: checkTierOrder(tieredLines(requirements)),
  };
}

function lineJson({ classified, business, mail, pricePerYear }: PricedLine): object {
  const { mailboxes, sizeBytes, sizedMailboxes } = classified;
  return {
    name: business.name,
    tier: business.tier,
    mailboxes: mailboxes.length,
    sizedMailboxes,
    sizeBytes,
    mailShare: business.mailShare,
    mail: jsonInterval(mail),
    downtimePerHour: business.downtimePerHour,
    pricePerYear: pricePerYear === undefined ? null : quantityJson(pricePerYear),
  };
}

function findingJson({ severity = "error", code, message, hint }: TierFinding): object {
  return { severity, code, message, ...(hint === undefined ? {} : { hint }) };
}
