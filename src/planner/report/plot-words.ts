import { formatDuration } from "#time";

/** The numbers of plots as words; a plot and its table say the same ones. */
export function rpoText(minutes: number): string {
  return minutes === 0 ? "0" : durationText(minutes * 60_000);
}

export function rtoText(minutes: number): string {
  return minutes === 0 ? "automatic" : durationText(minutes * 60_000);
}

const hoursPerYear = 365 * 24;

/** "6 h", "14 d", "7 years"; 0 is now. */
export function ageText(hours: number): string {
  if (hours === 0) return "now";
  // The paper speaks of 24 and of 48 hours, not of days.
  if (Number.isInteger(hours) && hours > 0 && hours <= 72) return `${hours} h`;
  const years = hours / hoursPerYear;
  if (Number.isFinite(years) && (years >= 3 || (years >= 1 && Number.isInteger(years)))) {
    const rounded = Math.round(years * 10) / 10;
    return rounded === 1 ? "1 year" : `${grouped(rounded)} years`;
  }
  return hours === Infinity ? "for ever" : durationText(hours * 3_600_000);
}

export function spacingText(hours: number): string {
  switch (hours) {
    case 0:
      return "every change";
    case 1:
      return "every hour";
    case 24:
      return "every day";
    case 168:
      return "every week";
    case Infinity:
      return "once";
    default:
      return `every ${ageText(hours)}`;
  }
}

export function moneyText(amount: number, currency: string): string {
  return Number.isFinite(amount) ? `${grouped(rounded(amount))} ${currency}` : notFinite(amount);
}

export function shareText(share: number): string {
  return Number.isFinite(share) ? `${Math.round(share * 1000) / 10} %` : notFinite(share);
}

/** How finely one can land in a window, finest first: what shading and characters tell apart. */
export const finenessWords = [
  "to the minute, or every change",
  "to the hour",
  "to the day",
  "coarser than a day",
] as const;
export type Fineness = 0 | 1 | 2 | 3;

export function finenessOf(spacingHours: number): Fineness {
  if (spacingHours <= 1 / 60) return 0;
  if (spacingHours <= 1) return 1;
  return spacingHours <= 24 ? 2 : 3;
}

function durationText(durationMs: number): string {
  if (durationMs > 0 && durationMs < 0.5) return "under 1 ms";
  return formatDuration(durationMs);
}

function notFinite(value: number): string {
  return value === Infinity ? "unlimited" : "unknown";
}

/** Whole where cents say nothing. */
function rounded(amount: number): number {
  return Math.abs(amount) >= 100 ? Math.round(amount) : Math.round(amount * 100) / 100;
}

function grouped(value: number): string {
  return value.toLocaleString("en-US", { maximumFractionDigits: 2 });
}
