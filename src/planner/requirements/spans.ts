import { closestWord, quoted } from "#errors";
import type { Finding } from "#policy";
import { parseDuration, TimeError } from "#time";

const dayMs = 86_400_000;
/** Not a calendar's: what is planned for years is planned to the day at best. */
export const monthMs: number = 30 * dayMs;
export const yearMs: number = 365 * dayMs;

const longestText = 80;
/** Nobody plans for longer, and sums stay exact. */
const longestMs = 1000 * yearMs;
const nothing: ReadonlySet<string> = new Set(["0", "nothing", "none", "never"]);

export type SpanOptions = {
  /** Whether 0, "nothing" or "never" may be said. */
  readonly mayBeNothing?: boolean;
  readonly mostMs?: number;
  /** For the hint. */
  readonly example: string;
};

/**
 * Milliseconds of what parseDuration() reads, and of months (30 days) and years (365 days) before it:
 * "1 year 6 months", "14 days". Throws a TimeError.
 */
export function parseSpan(text: string): number {
  const match =
    text.length > longestText
      ? null
      : /^\s*(?:(\d{1,4}(?:\.\d{1,6})?)\s*y(?:ears?)?\b[\s,]*)?(?:(\d{1,5}(?:\.\d{1,6})?)\s*mo(?:nths?)?\b[\s,]*)?(.*)$/i.exec(
          text,
        );
  const [, years, months, rest = ""] = match ?? [];
  if (years === undefined && months === undefined) return parseDuration(text);
  const restMs = rest === "" ? 0 : parseDuration(rest);
  return Number(years ?? 0) * yearMs + Number(months ?? 0) * monthMs + restMs;
}

/** Why this is no such span; undefined when it is. */
export function spanFinding(value: string | number, options: SpanOptions): Finding | undefined {
  const text = String(value);
  const code = "config.duration";
  const hint = `Write it like ${options.example}.`;
  if (isNothing(value)) {
    if (options.mayBeNothing === true) return undefined;
    return { code, message: `${quoted(text)} is no time at all`, hint };
  }
  if (/^\s*\d+(?:\.\d+)?\s*$/.test(text)) {
    const unit = options.example.replace(/^\S+ /, "");
    const suggestion = `${text.trim()} ${unit}`;
    return { code, message: `${quoted(text)} lacks a unit`, suggestion, hint };
  }
  try {
    const spanMs = parseSpan(text);
    if (spanMs <= 0) return { code, message: `${quoted(text)} is no time at all`, hint };
    const { mostMs = longestMs } = options;
    if (spanMs <= mostMs) return undefined;
    return { code, message: `${quoted(text)} is more than ${formatSpan(mostMs)}`, hint };
  } catch (error) {
    if (!(error instanceof TimeError)) throw error;
    const suggestion = error.suggestion ?? probablyMeant(text);
    return { code, message: `${quoted(text)} is not a duration I know`, suggestion, hint };
  }
}

/** Milliseconds of what spanFinding() found nothing wrong with. */
export function readSpan(value: string | number): number {
  return isNothing(value) ? 0 : parseSpan(String(value));
}

function isNothing(value: string | number): boolean {
  return nothing.has(String(value).trim().toLowerCase());
}

function probablyMeant(text: string): string | undefined {
  const [, amount, unit = ""] = /^\s*(\d+(?:\.\d+)?)\s*([a-z]+)\s*$/i.exec(text) ?? [];
  const meant = closestWord(unit, ["month", "months", "year", "years"]);
  return amount === undefined || meant === undefined ? undefined : `${amount} ${meant}`;
}

const units: readonly (readonly [string, number])[] = [
  ["year", yearMs],
  ["day", dayMs],
  ["hour", 3_600_000],
  ["minute", 60_000],
  ["second", 1000],
];

/** Writes whole milliseconds so that readSpan() reads the same: "14 days", "1 year", "nothing". */
export function formatSpan(spanMs: number): string {
  const parts: string[] = [];
  let rest = Math.round(spanMs);
  for (const [unit, unitMs] of units) {
    const amount = Math.floor(rest / unitMs);
    if (amount > 0) parts.push(`${amount} ${unit}${amount === 1 ? "" : "s"}`);
    rest -= amount * unitMs;
  }
  if (rest > 0) parts.push(`${rest} ms`);
  return parts.length === 0 ? "nothing" : parts.join(" ");
}
