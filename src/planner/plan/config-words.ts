import type { Kept } from "../model/index.ts";

/** A rotation in the words of retention. What is kept at the captures' own pace is every change. */
export function keepRules(rotation: readonly Kept[], everyHours: number): readonly string[] {
  return rotation.map((kept) => {
    const span = spanWords(kept.untilHours);
    if (kept.everyHours <= everyHours) return `every change ${span}`;
    return `one per ${slotOf(kept.everyHours)} ${span}`;
  });
}

/** The coarsest slot of the calendar that is not coarser than asked. */
function slotOf(hours: number): string {
  if (hours >= 30 * 24) return "month";
  if (hours >= 168) return "week";
  if (hours >= 24) return "day";
  return hours >= 1 ? "hour" : "minute";
}

function spanWords(hours: number): string {
  if (hours === Infinity) return "forever";
  if (hours <= 48) return `for ${Math.ceil(hours)} hours`;
  // A slot of the calendar may be longer than thirty days: a day more keeps the promise.
  return `for ${Math.ceil(hours / 24) + 1} days`;
}

/** As the configuration reads it: "15 minutes", "1 hour 30 minutes". */
export function durationWords(durationMs: number): string {
  const units = [
    ["day", 86_400_000],
    ["hour", 3_600_000],
    ["minute", 60_000],
    ["second", 1000],
  ] as const;
  let rest = Math.max(1000, Math.round(durationMs / 1000) * 1000);
  const words: string[] = [];
  for (const [unit, unitMs] of units) {
    const amount = Math.floor(rest / unitMs);
    rest -= amount * unitMs;
    if (amount > 0) words.push(`${amount} ${unit}${amount === 1 ? "" : "s"}`);
  }
  return words.join(" ");
}

/** As `durationWords`, and nothing where it is less than a second. */
export function durationOrNothing(durationMs: number): string {
  return durationMs < 500 ? "nothing" : durationWords(durationMs);
}
