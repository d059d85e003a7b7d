import { quoted } from "#errors";
import type { Finding } from "./finding.ts";
import type { RetentionRule, RetentionSpan, SlotUnit } from "./retention-rule.ts";

/** How long sets on tape are kept; without both for ever. A set is kept while one of the two keeps it. */
export type TapeKeep = { readonly keepDays?: number; readonly keepLast?: number };

/** The longest that each can be. */
const daysOf: Readonly<Record<SlotUnit, number>> = {
  minute: 1 / 1440,
  hour: 1 / 24,
  day: 1,
  week: 7,
  month: 31,
  year: 366,
};

/** Tapes are not thinned out: a tape is written over when all that is on it has expired. */
export function tapeRuleFinding(rule: RetentionRule): Finding | undefined {
  if (rule.kind !== "one-per") return undefined;
  const suggestion =
    rule.span === "forever" ? "everything forever" : `everything ${spanText(rule.span)}`;
  return {
    code: "config.rule",
    message: `${quoted(rule.text)} thins out, and what is on tape is kept or expires whole in this version`,
    suggestion,
    hint: "Write it like everything for 5 weeks, or last 10.",
  };
}

function spanText({ amount, unit }: Exclude<RetentionSpan, "forever">): string {
  return `for ${amount} ${unit}${amount === 1 ? "" : "s"}`;
}

/** The rules of a tape library's sets; what they cannot say is kept for longer, never for less. */
export function tapeKeepOf(rules: readonly RetentionRule[]): TapeKeep {
  const spans = rules.flatMap((rule) => (rule.kind === "last" ? [] : [rule.span]));
  if (rules.length === 0 || spans.includes("forever")) return {};
  const days = spans.map((span) =>
    span === "forever" ? Infinity : span.amount * daysOf[span.unit],
  );
  const counts = rules.flatMap((rule) => (rule.kind === "last" ? [rule.count] : []));
  return {
    ...(days.length === 0 ? {} : { keepDays: Math.ceil(Math.max(...days)) }),
    ...(counts.length === 0 ? {} : { keepLast: Math.max(...counts) }),
  };
}
