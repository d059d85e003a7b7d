import { quoted } from "#errors";
import type { RequirementFinding } from "./requirement-finding.ts";

const perYear: ReadonlyMap<string, number> = new Map([
  ["day", 365],
  ["week", 365 / 7],
  ["month", 12],
  ["year", 1],
]);
const words: ReadonlyMap<string, number> = new Map([
  ["once", 1],
  ["twice", 2],
]);

/** Events a year of "24 per year", "1 per 50 years", "twice a month", "never"; undefined where it is none. */
export function parseFrequency(text: string): number | undefined {
  if (text.length > 60) return undefined;
  const plain = text.trim().toLowerCase().replace(/\s+/g, " ");
  if (plain === "never" || plain === "0") return 0;
  const match =
    /^(once|twice|\d{1,6}(?:\.\d{1,9})?)(?: times?)? (?:per|every|each|in|an?) (?:(\d{1,6}(?:\.\d{1,9})?) )?(day|week|month|year)s?$/.exec(
      plain,
    );
  if (match === null) return undefined;
  const [, count = "", span = "1", unit = ""] = match;
  const events = words.get(count) ?? Number(count);
  const spans = Number(span);
  return spans === 0 ? undefined : (events * (perYear.get(unit) ?? 1)) / spans;
}

/** Why this does not say how often; undefined when it does. */
export function frequencyFinding(value: string | number): RequirementFinding | undefined {
  const text = String(value);
  if (parseFrequency(text) !== undefined) return undefined;
  const isNumber = /^\s*\d{1,6}(?:\.\d{1,9})?\s*$/.test(text);
  return {
    code: "planner.frequency",
    message: `${quoted(text)} does not say how often`,
    suggestion: isNumber ? `${text.trim()} per year` : undefined,
    hint: "Write it like 24 per year, 1 per 50 years or never.",
  };
}
