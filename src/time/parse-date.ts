import { monthNames } from "./format-instant.ts";
import { daysInMonth } from "./rfc3339.ts";
import { temporal } from "./zone.ts";

export const weekdayNames = [
  "Monday",
  "Tuesday",
  "Wednesday",
  "Thursday",
  "Friday",
  "Saturday",
  "Sunday",
] as const;

/**
 * "2026-11-20", "20 Nov 2026", and "Fri 20 Nov 2026" as `formatInstant` writes it. A weekday that is
 * not that day's is a slip that would recover the wrong day, so it is not understood.
 */
export function parseDate(text: string): Temporal.PlainDate | undefined {
  const iso = /^(\d{4})-(\d\d)-(\d\d)$/.exec(text);
  if (iso !== null) return dateOf(Number(iso[1]), Number(iso[2]), Number(iso[3]));
  const words = /^(?:([A-Za-z]{3,9}),? )?(\d{1,2}) ([A-Za-z]{3}) (\d{4})$/.exec(text);
  if (words === null) return undefined;
  const month = monthNames.findIndex((name) => name.toLowerCase() === words[3]?.toLowerCase()) + 1;
  const date = dateOf(Number(words[4]), month, Number(words[2]));
  if (date === undefined || words[1] === undefined) return date;
  return weekdayNumber(words[1]) === date.dayOfWeek ? date : undefined;
}

/** The most recent day of that name, `today` included; undefined when the text is no weekday. */
export function weekdayBefore(
  text: string,
  today: Temporal.PlainDate,
): Temporal.PlainDate | undefined {
  const number = weekdayNumber(text);
  return number === undefined
    ? undefined
    : today.subtract({ days: (today.dayOfWeek - number + 7) % 7 });
}

function weekdayNumber(text: string): number | undefined {
  const word = text.toLowerCase();
  const index = weekdayNames.findIndex(
    (name) => word === name.toLowerCase() || word === name.slice(0, 3).toLowerCase(),
  );
  return index < 0 ? undefined : index + 1;
}

function dateOf(year: number, month: number, day: number): Temporal.PlainDate | undefined {
  if (year < 1 || month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month))
    return undefined;
  return new (temporal().PlainDate)(year, month, day);
}
