import { closestWord, quoted } from "#errors";
import { PolicyError } from "./policy-error.ts";

export const slotUnits = ["minute", "hour", "day", "week", "month", "year"] as const;
export type SlotUnit = (typeof slotUnits)[number];

/** How far back a rule reaches: a span of the calendar, counted from now. */
export type RetentionSpan = { readonly amount: number; readonly unit: SlotUnit } | "forever";

/** A rule keeps; what no rule keeps may be dropped. `text` is the rule as Restante would write it. */
export type RetentionRule =
  | { readonly kind: "everything"; readonly text: string; readonly span: RetentionSpan }
  | {
      readonly kind: "one-per";
      readonly text: string;
      readonly slot: SlotUnit;
      readonly span: RetentionSpan;
    }
  | { readonly kind: "last"; readonly text: string; readonly count: number };

const longestRule = 100;
/** Keeps calendar arithmetic within what Temporal can represent. */
const longestAmount: Readonly<Record<SlotUnit, number>> = {
  minute: 10_000_000,
  hour: 1_000_000,
  day: 100_000,
  week: 100_000,
  month: 10_000,
  year: 1000,
};
const numberWords = [
  "zero",
  "one",
  "two",
  "three",
  "four",
  "five",
  "six",
  "seven",
  "eight",
  "nine",
  "ten",
  "eleven",
  "twelve",
];

/** Rules in plain English; throws PolicyError `retention.rule` for the first that is not understood. */
export function parseRetention(rules: readonly string[]): readonly RetentionRule[] {
  return rules.map(parseRetentionRule);
}

/**
 * `every change for 48 hours`, `everything for 2 days`, `one per hour for 14 days`, `one per year
 * forever`, `last 10`, `the newest 5`.
 */
export function parseRetentionRule(text: string): RetentionRule {
  const rule = text.length > longestRule ? undefined : understood(text);
  if (rule !== undefined) return rule;
  const suggestion = text.length > longestRule ? undefined : probablyMeant(text);
  throw new PolicyError(
    "retention.rule",
    `${quoted(text)} is not a rule I know`,
    suggestion === undefined ? { hint: ruleHint } : { suggestion },
  );
}

const ruleHint =
  'Rules are like "every change for 48 hours", "one per day for 3 months", "one per year forever", "last 10".';

function understood(text: string): RetentionRule | undefined {
  const words = text.trim().toLowerCase().replace(/\s+/g, " ");
  const last = /^(?:the )?(last|newest|latest) (\S+)(?: (?:changes|moments?|points?))?$/.exec(
    words,
  );
  if (last !== null) return lastRule(last[2] ?? "");
  const everything = /^(every change|every moment|everything) (.+)$/.exec(words);
  if (everything !== null) {
    const span = parseSpan(everything[2] ?? "");
    const what = everything[1] === "everything" ? "everything" : "every change";
    return span === undefined
      ? undefined
      : { kind: "everything", text: `${what} ${spanText(span)}`, span };
  }
  const onePer = /^(?:one|1) per ([a-z]+) (.+)$/.exec(words);
  const slot = slotUnits.find((unit) => unit === onePer?.[1]);
  const span = parseSpan(onePer?.[2] ?? "");
  if (slot === undefined || span === undefined) return undefined;
  return { kind: "one-per", text: `one per ${slot} ${spanText(span)}`, slot, span };
}

function lastRule(countText: string): RetentionRule | undefined {
  const count = parseAmount(countText);
  if (count === undefined || count < 1 || count > 1_000_000) return undefined;
  return { kind: "last", text: `last ${count}`, count };
}

function parseSpan(text: string): RetentionSpan | undefined {
  if (text === "forever") return "forever";
  const match = /^for (?:(\S+) )?([a-z]+?)s?$/.exec(text);
  const unit = slotUnits.find((name) => name === match?.[2]);
  const amount = parseAmount(match?.[1] ?? "one");
  if (unit === undefined || amount === undefined || amount < 1 || amount > longestAmount[unit])
    return undefined;
  return { amount, unit };
}

function parseAmount(text: string): number | undefined {
  if (/^\d{1,8}$/.test(text)) return Number(text);
  if (text === "a" || text === "an") return 1;
  const word = numberWords.indexOf(text);
  return word < 0 ? undefined : word;
}

function spanText(span: RetentionSpan): string {
  if (span === "forever") return "forever";
  return `for ${span.amount} ${span.unit}${span.amount === 1 ? "" : "s"}`;
}

const adverbs: ReadonlyMap<string, string> = new Map([
  ["minutely", "one per minute"],
  ["hourly", "one per hour"],
  ["daily", "one per day"],
  ["weekly", "one per week"],
  ["monthly", "one per month"],
  ["yearly", "one per year"],
]);
const vocabulary = "every change moment everything one per for forever last newest the"
  .split(" ")
  .concat(
    slotUnits.flatMap((unit) => [unit, `${unit}s`]),
    ...adverbs.keys(),
  );

/** Corrects the words one by one, then the shape; only what is then understood is suggested. */
function probablyMeant(text: string): string | undefined {
  const words = text.trim().toLowerCase().split(/\s+/).slice(0, 12);
  const corrected = words
    .map((word) => (isRuleWord(word) ? word : (closestWord(word, vocabulary) ?? word)))
    .join(" ");
  const shapes = [
    corrected,
    corrected.replace(/^(\w+)/, (word) => adverbs.get(word) ?? word),
    corrected.replace(/^(?:one |1 )?(?:every|each|per|a|an) /, "one per "),
    corrected.replace(/^(?:all|every|keep|each)\b.*?(?= for | forever|$)/, "every change"),
  ];
  for (const shape of shapes) {
    const singular = shape.replace(/\bper ([a-z]+?)s\b/, "per $1");
    const spanned = singular.replace(/(?<!\bfor) (\d+ [a-z]+)$/, " for $1");
    const lasting = singular.replace(/ for (?:ever|always)$/, " forever");
    for (const attempt of [singular, spanned, lasting]) {
      const rule = understood(attempt);
      if (rule !== undefined) return rule.text;
    }
  }
  return undefined;
}

function isRuleWord(word: string): boolean {
  return (
    parseAmount(word) !== undefined ||
    vocabulary.includes(word) ||
    ["each", "all", "keep", "ever", "always"].includes(word)
  );
}
