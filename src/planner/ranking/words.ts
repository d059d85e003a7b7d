import { formatDuration, parseDuration } from "#time";

/** 12.345 → "12.3", 1234.5 → "1,235": three digits or whole. */
export function numberText(value: number): string {
  if (value === Infinity) return "unlimited";
  const size = Math.abs(value);
  const digits = size >= 100 ? 0 : size >= 10 ? 1 : 2;
  const rounded = Number(value.toFixed(digits));
  if (rounded === 0 && value !== 0) return value < 0 ? "> -0.01" : "< 0.01";
  const [whole = "", fraction] = String(rounded).split(".");
  const grouped = whole.replace(/\B(?=(?:\d{3})+$)/g, ",");
  return fraction === undefined ? grouped : `${grouped}.${fraction}`;
}

/** Minutes as a person says them; 0 is "nothing". */
export function minutesText(minutes: number): string {
  if (minutes <= 0) return "nothing";
  return formatDuration(minutes * 60_000);
}

/**
 * A duration and the limit that it is beyond, so that they do not read alike and that the first one, taken as
 * the new limit, is enough: it is rounded up.
 */
export function apartText(
  actualMinutes: number,
  limitMinutes: number,
): { readonly actual: string; readonly limit: string } {
  const actual = atLeastText(actualMinutes);
  const limit = minutesText(limitMinutes);
  if (actual !== limit) return { actual, limit };
  return {
    actual: `${Math.ceil(actualMinutes * 1000) / 1000} min`,
    limit: `${Math.floor(limitMinutes * 1000) / 1000} min`,
  };
}

const roundingSteps = [0, 50, 500, 30_000, 1_800_000] as const;

/** As `minutesText`, never less than it is. */
function atLeastText(minutes: number): string {
  // Beyond ten thousand years nobody counts hours.
  if (minutes <= 0 || minutes > 5e9) return minutesText(minutes);
  const durationMs = minutes * 60_000;
  const texts = roundingSteps.map((step) => formatDuration(durationMs + step));
  return texts.find((text) => parseDuration(text) >= durationMs) ?? minutesText(minutes);
}

/** A number rounded up to two digits, for what must suffice. */
export function atLeastNumber(value: number): string {
  return String(Math.ceil(value * 100 - 1e-6) / 100);
}
