import { closestWord, quoted } from "#errors";
import { TimeError } from "./time-error.ts";

const unitsMs: ReadonlyMap<string, number> = new Map([
  ["ms", 1],
  ["millisecond", 1],
  ["milliseconds", 1],
  ["s", 1000],
  ["sec", 1000],
  ["second", 1000],
  ["seconds", 1000],
  ["m", 60_000],
  ["min", 60_000],
  ["minute", 60_000],
  ["minutes", 60_000],
  ["h", 3_600_000],
  ["hour", 3_600_000],
  ["hours", 3_600_000],
  ["d", 86_400_000],
  ["day", 86_400_000],
  ["days", 86_400_000],
  ["w", 604_800_000],
  ["week", 604_800_000],
  ["weeks", 604_800_000],
]);
const longestText = 60;
/** About 10,000 years: sums stay exact in a double. */
const longestMs = 315_576_000_000_000;

/**
 * Milliseconds of "48 hours", "10 seconds", "5m", "1h30m", "1 hour 30 minutes", "1.5 h", "2d".
 * A day is 24 hours and a week seven days: months and years are calendars, not durations.
 */
export function parseDuration(text: string): number {
  const trimmed = text.trim().toLowerCase();
  if (trimmed === "" || text.length > longestText) throw unreadable(text);
  const part = /\s*(?:and\s+|,\s*)?(\d{1,15}(?:\.\d{1,9})?)\s*([a-zµ]*)/y;
  let totalMs = 0;
  let lastUnitMs = Infinity;
  while (part.lastIndex < trimmed.length) {
    const match = part.exec(trimmed);
    if (match === null) throw unreadable(text);
    const unit = match[2] ?? "";
    const unitMs = unitsMs.get(unit);
    if (unitMs === undefined) throw unknownUnit(text, trimmed, unit);
    // Largest unit first: "30m 1h" is more often a slip than meant.
    if (unitMs >= lastUnitMs) throw unreadable(text);
    lastUnitMs = unitMs;
    totalMs += Number(match[1]) * unitMs;
  }
  if (totalMs > longestMs)
    throw new TimeError("time.duration", `Cannot use the duration ${quoted(text)}: it is too long`);
  return Math.round(totalMs * 1e6) / 1e6;
}

/** "250 ms", "4.2 s", "3 min 10 s", "2 h 5 min", "3 d 4 h": two units at most, the smaller one rounded. */
export function formatDuration(durationMs: number): string {
  if (!Number.isFinite(durationMs)) return durationMs > 0 ? "unlimited" : "unknown";
  if (durationMs < 0) return `-${formatDuration(-durationMs)}`;
  if (durationMs < 999.5) return `${Math.round(durationMs)} ms`;
  const tenths = Math.round(durationMs / 100);
  if (tenths < 600) return `${tenths / 10} s`;
  const seconds = Math.round(durationMs / 1000);
  if (seconds < 3600) return twoUnits(seconds, 60, ["min", "s"]);
  const minutes = Math.round(seconds / 60);
  if (minutes < 24 * 60) return twoUnits(minutes, 60, ["h", "min"]);
  return twoUnits(Math.round(minutes / 60), 24, ["d", "h"]);
}

function twoUnits(
  value: number,
  smallPerLarge: number,
  [large, small]: readonly [string, string],
): string {
  const whole = `${Math.floor(value / smallPerLarge)} ${large}`;
  const rest = value % smallPerLarge;
  return rest === 0 ? whole : `${whole} ${rest} ${small}`;
}

function unknownUnit(text: string, trimmed: string, unit: string): TimeError {
  if (unit === "") {
    const suggestion = /^\d+$/.test(trimmed) ? `${trimmed} seconds` : undefined;
    return unreadable(text, { why: "a unit is missing", suggestion });
  }
  const meant = closestWord(
    unit,
    [...unitsMs.keys()].filter((name) => name.length > 3),
  );
  const suggestion = meant === undefined ? undefined : trimmed.replace(unit, meant);
  return unreadable(text, { why: `${quoted(unit)} is not a unit I know`, suggestion });
}

function unreadable(
  text: string,
  options: { readonly why?: string; readonly suggestion?: string | undefined } = {},
): TimeError {
  const { why = "I do not understand it", suggestion } = options;
  return new TimeError(
    "time.duration",
    `Cannot read the duration ${quoted(text)}: ${why}`,
    suggestion === undefined
      ? { hint: "Write it like 10 seconds, 5 minutes, 48 hours, 1h30m or 2 days." }
      : { suggestion },
  );
}
