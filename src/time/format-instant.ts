import type { Instant } from "./instant.ts";
import { zonedDateTime } from "./zone.ts";

export type FormatInstantOptions = {
  /** Show the fraction of the second (as many digits as it has). Default: whole seconds. */
  readonly fraction?: boolean;
};

export const weekdayNames: readonly string[] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
export const monthNames: readonly string[] = [
  "Jan",
  "Feb",
  "Mar",
  "Apr",
  "May",
  "Jun",
  "Jul",
  "Aug",
  "Sep",
  "Oct",
  "Nov",
  "Dec",
];

/** `Mon 23 Nov 2026 14:03:07 CET`: absolute, with the zone, and `parseMoment` reads it back. */
export function formatInstant(
  instant: Instant,
  zone: string,
  options: FormatInstantOptions = {},
): string {
  const at = zonedDateTime(instant, zone);
  const date = `${weekdayNames[at.dayOfWeek - 1]} ${at.day} ${monthNames[at.month - 1]} ${pad(at.year, 4)}`;
  const time = `${pad(at.hour)}:${pad(at.minute)}:${pad(at.second)}`;
  return `${date} ${time}${options.fraction === true ? fractionOf(at) : ""} ${zoneAbbreviation(at)}`;
}

/** "CET", "EST", "UTC"; where the zone has no letters that people use, the offset ("+09:00"). */
export function zoneAbbreviation(at: Temporal.ZonedDateTime): string {
  if (/^[+-]/.test(at.timeZoneId)) return at.offset;
  const formats = formatsOf(at.timeZoneId);
  for (const format of formats) {
    const name = format
      .formatToParts(at.epochMilliseconds)
      .find((part) => part.type === "timeZoneName")?.value;
    if (
      name !== undefined &&
      /^[A-Z]{2,5}$/.test(name) &&
      (name !== "GMT" || at.offsetNanoseconds === 0)
    )
      return name;
  }
  return at.offset;
}

// Each English-speaking region knows the letters of its own zones only: no single locale has both CET and EST.
const locales = ["en-GB", "en-US", "en-AU", "en-IN"] as const;
const formatCache = new Map<string, readonly Intl.DateTimeFormat[]>();

function formatsOf(zone: string): readonly Intl.DateTimeFormat[] {
  let formats = formatCache.get(zone);
  if (formats === undefined) {
    formats = locales.map(
      (locale) => new Intl.DateTimeFormat(locale, { timeZone: zone, timeZoneName: "short" }),
    );
    if (formatCache.size < 100) formatCache.set(zone, formats);
  }
  return formats;
}

function fractionOf(at: Temporal.ZonedDateTime): string {
  const digits = pad(at.millisecond, 3) + pad(at.microsecond, 3) + pad(at.nanosecond, 3);
  const trimmed = digits.replace(/0+$/, "");
  return trimmed === "" ? "" : `.${trimmed}`;
}

function pad(value: number, width = 2): string {
  return value.toString().padStart(width, "0");
}
