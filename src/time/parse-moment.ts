import { closestWord, quoted } from "#errors";
import { parseDuration } from "./duration.ts";
import { formatInstant } from "./format-instant.ts";
import type { Instant } from "./instant.ts";
import {
  type ClockTime,
  dayStart,
  localTime,
  type Occurrences,
  onlyOccurrence,
} from "./local-time.ts";
import { parseDate, weekdayBefore, weekdayNames } from "./parse-date.ts";
import { looksLikeRfc3339, parseRfc3339 } from "./rfc3339.ts";
import { TimeError } from "./time-error.ts";
import { zonedDateTime } from "./zone.ts";

export type ParseMomentOptions = {
  /** The instant that "-2h" and "yesterday" count from. */
  readonly now: Instant;
  /** Zone in which local times are meant, "Europe/Berlin". */
  readonly zone: string;
  /** Accept moments after `now`. Default: they are refused, for nothing can be recovered from them. */
  readonly allowFuture?: boolean;
};

const longestText = 100;
const earliest = parseRfc3339("0001-01-01T00:00:00Z");
const hint =
  'Write it like 14:03:07, "yesterday 17:00", "Mon 14:00", -2h, "2026-11-20 14:03" or 2026-11-23T14:03:07+01:00.';

/**
 * The instant a person means. A time of day alone is the most recent one that has passed; a weekday is
 * the most recent such day; a day without a time is its first moment. After a time of day, letters of
 * the zone in force then ("CEST") or an offset decide a time that occurs twice.
 *
 * Throws TimeError: `time.moment` (not understood), `time.ambiguous`, `time.skipped`, `time.future`.
 */
export function parseMoment(text: string, options: ParseMomentOptions): Instant {
  const trimmed = text.trim().replace(/\s+/g, " ");
  if (trimmed === "" || trimmed.length > longestText) throw unreadable(text);
  if (trimmed.toLowerCase() === "now") return options.now;
  if (/^before:/i.test(trimmed)) {
    throw new TimeError(
      "time.event",
      `Cannot find the moment ${quoted(text)}: there is no such event`,
      { hint: "Write it like before:alarm-1; `restante hold list` shows the alarms." },
    );
  }
  const instant = looksLikeRfc3339(trimmed)
    ? parseRfc3339(trimmed)
    : (relativeMoment(trimmed, options) ?? localMoment(trimmed, options));
  if (instant < earliest) throw unreadable(text, "it lies before the year 1");
  if (instant > options.now && options.allowFuture !== true) throw future(text, instant, options);
  return instant;
}

/** "-2h", "-1h30m", "90 seconds ago": exact spans, a day being 24 hours. */
function relativeMoment(text: string, options: ParseMomentOptions): Instant | undefined {
  const span = /^-\s?(.+)$/.exec(text)?.[1] ?? /^(.+) ago$/i.exec(text)?.[1];
  if (span === undefined) return undefined;
  return options.now - BigInt(Math.round(parseDuration(span) * 1e6));
}

type Words = {
  readonly text: string;
  readonly day: string;
  readonly time: ClockTime | undefined;
  readonly abbreviation: string | undefined;
  readonly zone: string;
};

/** [day] [time [zone]], where the day is a date, a weekday, "today" or "yesterday". */
function localMoment(text: string, options: ParseMomentOptions): Instant {
  const words = splitWords(text, options.zone);
  const today = zonedDateTime(options.now, words.zone).toPlainDate();
  if (words.day === "" && words.time !== undefined)
    return mostRecent(today, words, { now: options.now, stepDays: 1 });
  const weekday = weekdayBefore(words.day, today);
  if (weekday !== undefined && words.time !== undefined) {
    return mostRecent(weekday, words, { now: options.now, stepDays: 7 });
  }
  const day = weekday ?? namedDay(words.day, today);
  if (day === undefined) throw unreadable(text, "I do not understand it", words.day);
  return onlyOccurrence(occurrences(day, words), words);
}

function splitWords(text: string, zone: string): Words {
  const words = text.replace(/^(\d{4}-\d\d-\d\d)[Tt](?=\d)/, "$1 ").split(" ");
  const timeIndex = words.findIndex((word) => /^\d{1,2}:/.test(word));
  if (timeIndex < 0)
    return { text, day: words.join(" "), time: undefined, abbreviation: undefined, zone };
  const time = clockTime(words[timeIndex] ?? "");
  if (time === undefined) throw unreadable(text, "there is no such time of day");
  if (words.length > timeIndex + 2) throw unreadable(text);
  const suffix = words[timeIndex + 1];
  const day = words.slice(0, timeIndex).join(" ");
  if (suffix === undefined) return { text, day, time, abbreviation: undefined, zone };
  if (/^(utc|gmt|z)$/i.test(suffix))
    return { text, day, time, abbreviation: undefined, zone: "UTC" };
  if (/^[+-]\d\d:[0-5]\d$/.test(suffix))
    return { text, day, time, abbreviation: undefined, zone: suffix };
  return { text, day, time, abbreviation: suffix.toUpperCase(), zone };
}

function clockTime(text: string): ClockTime | undefined {
  const match = /^(\d{1,2}):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?$/.exec(text);
  if (match === null) return undefined;
  const [hour, minute, second] = match.slice(1, 4).map((part) => Number(part ?? 0)) as [
    number,
    number,
    number,
  ];
  if (hour > 23 || minute > 59 || second > 59) return undefined;
  return { hour, minute, second, nanosecondOfSecond: Number((match[4] ?? "").padEnd(9, "0")) };
}

function namedDay(day: string, today: Temporal.PlainDate): Temporal.PlainDate | undefined {
  const word = day.toLowerCase();
  if (word === "today") return today;
  if (word === "yesterday") return today.subtract({ days: 1 });
  return parseDate(day);
}

function occurrences(day: Temporal.PlainDate, words: Words): Occurrences {
  return words.time === undefined
    ? dayStart(day, words.zone)
    : localTime(day, words.time, words.zone);
}

/** The latest of the days, `stepDays` apart, on which the clock showed this time at or before now. */
function mostRecent(
  day: Temporal.PlainDate,
  words: Words,
  options: { readonly now: Instant; readonly stepDays: number },
): Instant {
  const found = occurrences(day, words);
  const past = found.candidates.filter((candidate) => candidate <= options.now);
  if (past.length === 0)
    return onlyOccurrence(occurrences(day.subtract({ days: options.stepDays }), words), words);
  // Of a time that occurs twice, only what has passed can be meant; a skipped one never was.
  return onlyOccurrence(found.kind === "skipped" ? found : { ...found, candidates: past }, words);
}

function future(text: string, instant: Instant, options: ParseMomentOptions): TimeError {
  const at = formatInstant(instant, options.zone);
  return new TimeError("time.future", `Cannot go to ${quoted(text)}: ${at} has not come yet`, {
    hint: `It is now ${formatInstant(options.now, options.zone)}.`,
  });
}

function unreadable(text: string, why = "I do not understand it", word = ""): TimeError {
  const meant = closestWord(word, ["today", "yesterday", "now", ...weekdayNames]);
  const suggestion = meant === undefined ? undefined : text.replace(word, meant);
  return new TimeError(
    "time.moment",
    `Cannot read the moment ${quoted(text)}: ${why}`,
    suggestion === undefined ? { hint } : { suggestion },
  );
}
