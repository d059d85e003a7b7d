import { quoted } from "#errors";
import type { Instant } from "./instant.ts";
import { TimeError } from "./time-error.ts";

const nanosecondsPerSecond = 1_000_000_000n;
const secondsPerDay = 86_400;
/** 0001-01-01T00:00:00Z and the last second of 9999: what four digits of a year can say. */
const earliestSecond = -62_135_596_800;
const latestSecond = 253_402_300_799;
const pattern =
  /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:([Zz])|([+-])(\d\d):(\d\d))$/;

/**
 * UTC as Go's RFC3339Nano writes it, which restic's snapshots and trees hold: zeros at the end of the
 * fraction are dropped, and the dot with them. Years 0001 to 9999.
 */
export function toRfc3339Nano(instant: Instant): string {
  const remainder = Number(instant % nanosecondsPerSecond);
  const fraction = remainder < 0 ? remainder + 1e9 : remainder;
  const second = Number(instant / nanosecondsPerSecond) - (remainder < 0 ? 1 : 0);
  if (second < earliestSecond || second > latestSecond) {
    throw new TimeError(
      "time.range",
      `Cannot write instant ${instant}: it is outside the years 0001 to 9999`,
    );
  }
  const whole =
    dateText(second) + timeOfDayText(((second % secondsPerDay) + secondsPerDay) % secondsPerDay);
  if (fraction === 0) return `${whole}Z`;
  let digits = String(1e9 + fraction);
  let end = digits.length;
  while (digits.charCodeAt(end - 1) === 0x30) end--;
  digits = digits.slice(1, end);
  return `${whole}.${digits}Z`;
}

/** Trees hold hundreds of thousands of times of a few hundred days: a date is written once. */
const dates = new Map<number, string>();
const maxDates = 4096;

function dateText(second: number): string {
  const day = Math.floor(second / secondsPerDay);
  const known = dates.get(day);
  if (known !== undefined) return known;
  if (dates.size >= maxDates) dates.clear();
  const text = new Date(day * secondsPerDay * 1000).toISOString().slice(0, 11);
  dates.set(day, text);
  return text;
}

function timeOfDayText(second: number): string {
  const hours = Math.floor(second / 3600);
  const minutes = Math.floor(second / 60) % 60;
  return `${twoDigits[hours]}:${twoDigits[minutes]}:${twoDigits[second % 60]}`;
}

const twoDigits: readonly string[] = Array.from({ length: 60 }, (_, n) =>
  String(n).padStart(2, "0"),
);

/** Exact to the nanosecond; "Z" or an offset is required. Years 0001 to 9999; RFC 3339 §5.6. */
export function parseRfc3339(text: string): Instant {
  return parseKnownDate(text) ?? parseAny(text);
}

/** Days since 1970 of dates that were read before: trees say the same few hundred again and again. */
const days = new Map<string, number>();

/** As `toRfc3339Nano` writes it, of a date that was read before; undefined for every other form. */
function parseKnownDate(text: string): Instant | undefined {
  const last = text.length - 1;
  if (last < 19 || last > 29 || last === 20 || text[last] !== "Z" || text[10] !== "T")
    return undefined;
  if (text[13] !== ":" || text[16] !== ":" || (last > 19 && text[19] !== ".")) return undefined;
  const day = days.get(text.slice(0, 10));
  const hour = digitsAt(text, 11, 13);
  const minute = digitsAt(text, 14, 16);
  const second = digitsAt(text, 17, 19);
  const fraction = last === 19 ? 0 : digitsAt(text, 20, last) * 10 ** (29 - last);
  const isWhole = day !== undefined && hour < 24 && minute < 60 && second < 60;
  if (!isWhole || Number.isNaN(fraction)) return undefined;
  const seconds = day * secondsPerDay + hour * 3600 + minute * 60 + second;
  return BigInt(seconds) * nanosecondsPerSecond + BigInt(fraction);
}

/** NaN where something else than a digit stands there. */
function digitsAt(text: string, from: number, to: number): number {
  let value = 0;
  for (let index = from; index < to; index++) {
    const digit = text.charCodeAt(index) - 0x30;
    if (digit < 0 || digit > 9) return Number.NaN;
    value = value * 10 + digit;
  }
  return value;
}

function parseAny(text: string): Instant {
  const match = text.length > 40 ? null : pattern.exec(text);
  if (match === null) throw unreadable(text, "it is not like 2026-11-23T18:11:40.752591856Z");
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  if (year < 1 || month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) {
    throw unreadable(text, "there is no such date");
  }
  const offsetHour = Number(match[10] ?? 0);
  const offsetMinute = Number(match[11] ?? 0);
  // Unix time has no leap seconds, and Go refuses second 60 too.
  if (hour > 23 || minute > 59 || second > 59 || offsetHour > 23 || offsetMinute > 59) {
    throw unreadable(text, "there is no such time of day");
  }
  const offset = (match[9] === "-" ? -1 : 1) * (offsetHour * 3600 + offsetMinute * 60);
  const date = daysSince1970(year, month, day);
  if (days.size >= maxDates) days.clear();
  days.set(text.slice(0, 10), date);
  const seconds = date * secondsPerDay + hour * 3600 + minute * 60 + second - offset;
  return BigInt(seconds) * nanosecondsPerSecond + BigInt((match[7] ?? "").padEnd(9, "0"));
}

/** Whether the text has RFC 3339's shape, with date, time and offset. */
export function looksLikeRfc3339(text: string): boolean {
  return text.length <= 40 && pattern.test(text);
}

export function daysInMonth(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return [4, 6, 9, 11].includes(month) ? 30 : 31;
}

/** Gregorian days since 1970-01-01; Date.UTC would read the years 0 to 99 as 1900 to 1999. */
function daysSince1970(year: number, month: number, day: number): number {
  return new Date(0).setUTCFullYear(year, month - 1, day) / (secondsPerDay * 1000);
}

function unreadable(text: string, why: string): TimeError {
  return new TimeError("time.rfc3339", `Cannot read the time ${quoted(text)}: ${why}`, {
    hint: "Write it as RFC 3339 says: 2026-11-23T14:03:07+01:00.",
  });
}
