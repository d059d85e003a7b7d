import { quoted } from "#errors";
import type { ClassificationRow, ReportCell } from "./classification-row.ts";
import type { Tier } from "./requirements.ts";
import { findTier, unknownTier } from "./tier.ts";

/** What a classification is read for; what it does not know is not checked. */
export type ClassificationSite = {
  /** The catalogue that tiers are chosen from. */
  readonly tiers?: readonly Tier[] | undefined;
  /** Of every amount: nothing is converted. */
  readonly currency?: string | undefined;
};

/** Tells rows whose tier is not in the catalogue, or whose payroll is in another currency: each once, where it stands first. */
export function classificationRowCheck(
  { tiers, currency }: ClassificationSite,
  report: ReportCell,
): (row: ClassificationRow) => void {
  const said = new Set<string>();
  const isNew = (key: string): boolean => said.size < said.add(key).size;
  return ({ line, lineOfBusiness, tier, payroll }) => {
    if (tiers !== undefined && findTier(tier, tiers) === undefined && isNew(`tier ${tier}`)) {
      const finding = unknownTier(tier, { line: lineOfBusiness, tiers });
      report({ ...finding, message: `"tier": ${finding.message}` }, { line, column: "tier" });
    }
    if (payroll === undefined || currency === undefined || payroll.currency === currency) return;
    if (!isNew(`currency ${payroll.currency}`)) return;
    const message = `"payroll": ${quoted(lineOfBusiness)} has it in ${payroll.currency}, and the requirements are in ${currency}`;
    const hint = `Write it in ${currency}, or requirements with currency: ${payroll.currency}.`;
    report({ code: "planner.currency", message, hint }, { line, column: "payroll" });
  };
}
