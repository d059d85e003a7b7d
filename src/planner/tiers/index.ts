/** Tiers as a service (paper §1.2): a catalogue to choose from, with promise, price and proof of each tier. */
export { linesOfTiers, type TieredLines, type TierFinding } from "./lines-of-tiers.ts";
export { type PricedTier, priceTiers, type TierOffer } from "./price-tiers.ts";
export { type Evidence, evidences, type Proof } from "./proof.ts";
export { checkTierOrder, type TieredLine } from "./tier-order.ts";
export { classificationReport, type ClassificationReportOptions } from "./classification-report.ts";
export {
  priceClassification,
  type PricedClassification,
  type PricedLine,
} from "./price-classification.ts";
export { siteOfClassification } from "./site-of-classification.ts";
export { tieredLines } from "./tiered-lines.ts";
export { tierDetailsReport, type TierDetailsOptions } from "./tier-details-report.ts";
export { classificationJson, tierJson } from "./tier-json.ts";
export { tierReport, type TierReportOptions } from "./tier-report.ts";
