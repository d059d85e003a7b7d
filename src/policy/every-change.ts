import type { Instant } from "#time";
import { sinceInstant } from "./expiry.ts";
import type { RetentionRule } from "./retention-rule.ts";

/**
 * Since when every change must stay, by the rule that reaches back furthest; undefined: all must, be it
 * that a rule says "forever", or that none says how long. Rules of any other kind are about copies: what
 * nobody said how long to keep is not dropped.
 */
export function everyChangeSince(
  rules: readonly RetentionRule[],
  options: { readonly now: Instant; readonly zone: string },
): Instant | undefined {
  let oldest: Instant | undefined;
  for (const rule of rules) {
    if (rule.kind !== "everything" || !rule.text.startsWith("every change")) continue;
    if (rule.span === "forever") return undefined;
    const since = sinceInstant(rule.span, options);
    if (oldest === undefined || since < oldest) oldest = since;
  }
  return oldest;
}
