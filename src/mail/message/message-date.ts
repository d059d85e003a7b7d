/**
 * Dates of mail (RFC 5322 §3.3, the obsolete forms of §4.3, and those of RFC 850, asctime and
 * ISO 8601, which programs write although they may not).
 */
const months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const zoneHours: ReadonlyMap<string, number> = new Map([
  ["EST", -5],
  ["EDT", -4],
  ["CST", -6],
  ["CDT", -5],
  ["MST", -7],
  ["MDT", -6],
  ["PST", -8],
  ["PDT", -7],
  ["CET", 1],
  ["MET", 1],
  ["CEST", 2],
  ["MEST", 2],
  ["BST", 1],
  ["EET", 2],
  ["EEST", 3],
  ["MSK", 3],
  ["JST", 9],
]);
const time = String.raw`(\d{1,2})[:.](\d{1,2})(?:[:.](\d{1,2}))?(?:[.,]\d{1,9})?`;
const zone = String.raw`(?:\s*(?:(?:GMT|UTC?)?([+-]\d{1,2}:?\d{2})|([A-Za-z]{1,5})\b))?`;
const weekday = String.raw`(?:[A-Za-z]{2,9}[,.]*\s*)?`;
const dayFirst = new RegExp(
  String.raw`^${weekday}(\d{1,2})[\s-]+([A-Za-z]{3})[A-Za-z]*\.?[\s,-]+(\d{2,4})[\s,]+${time}${zone}`,
);
const monthFirst = new RegExp(
  String.raw`^${weekday}([A-Za-z]{3})[A-Za-z]*\.?\s+(\d{1,2}),?\s+(?:${time}${zone}\s+(\d{4})|(\d{4}),?\s+${time}${zone})`,
);
const iso = new RegExp(String.raw`^(\d{4})-(\d{1,2})-(\d{1,2})[T\s]+${time}(?:(Z)|${zone})`);
const longestDate = 200;

/** Milliseconds since 1970 UTC; undefined for what is no date (the 31st of February is none). */
export function parseMessageDate(written: string): number | undefined {
  let text = written.slice(0, longestDate);
  if (text.includes("(")) text = withoutComments(text);
  text = text.trim();
  const day = dayFirst.exec(text);
  if (day !== null) {
    const [, dayOfMonth, month, year, hour, minute, second, offset, name] = day;
    return instant({ year, month, day: dayOfMonth, hour, minute, second, offset, name });
  }
  const asctime = monthFirst.exec(text);
  if (asctime !== null) {
    const [, month, dayOfMonth, hour, minute, second, offset, name, lastYear] = asctime;
    if (lastYear !== undefined)
      return instant({
        year: lastYear,
        month,
        day: dayOfMonth,
        hour,
        minute,
        second,
        offset,
        name,
      });
    const [year, lateHour, lateMinute, lateSecond, lateOffset, lateName] = asctime.slice(9);
    return instant({
      year,
      month,
      day: dayOfMonth,
      hour: lateHour,
      minute: lateMinute,
      second: lateSecond,
      offset: lateOffset,
      name: lateName,
    });
  }
  const standard = iso.exec(text);
  if (standard === null) return undefined;
  const [, year, month, dayOfMonth, hour, minute, second, , offset, name] = standard;
  return instant({ year, month, day: dayOfMonth, hour, minute, second, offset, name });
}

type Written = Readonly<
  Record<
    "year" | "month" | "day" | "hour" | "minute" | "second" | "offset" | "name",
    string | undefined
  >
>;

function instant(written: Written): number | undefined {
  const { year = "", month = "", second = "0", offset } = written;
  const monthIndex = /^\d/.test(month) ? Number(month) - 1 : months.indexOf(month.toLowerCase());
  const day = Number(written.day);
  const hour = Number(written.hour);
  const minute = Number(written.minute);
  const fullYear = yearOf(year);
  if (monthIndex < 0 || monthIndex > 11 || hour > 24 || minute > 59 || Number(second) > 60)
    return undefined;
  const utcMs = Date.UTC(fullYear, monthIndex, day, hour, minute, Math.min(59, Number(second)));
  // Date.UTC carries the 31st of April into May.
  const monthStart = new Date(Date.UTC(fullYear, monthIndex, day));
  if (day < 1 || monthStart.getUTCMonth() !== monthIndex) return undefined;
  return utcMs - offsetMinutes(offset, written.name) * 60_000;
}

/** RFC 5322 §4.3: 00 to 49 are of this century, 50 to 99 and three digits count from 1900 ("0102" too). */
function yearOf(year: string): number {
  const value = Number(year);
  if (value >= 1000) return value;
  return value + (value < 50 ? 2000 : 1900);
}

/** Names nobody knows count as UTC, as do military letters, which were used both ways round. */
function offsetMinutes(offset: string | undefined, name: string | undefined): number {
  if (offset === undefined) return (zoneHours.get((name ?? "").toUpperCase()) ?? 0) * 60;
  const digits = offset.slice(1).replace(":", "");
  const minutes = Number(digits.slice(0, -2)) * 60 + Number(digits.slice(-2));
  // No place on earth is further away: such an offset is an error of the sender's clock.
  if (minutes > 24 * 60) return 0;
  return offset.startsWith("-") ? -minutes : minutes;
}

function withoutComments(text: string): string {
  let kept = "";
  let depth = 0;
  for (const character of text) {
    if (character === "(") depth++;
    else if (character === ")") depth = Math.max(0, depth - 1);
    else if (depth === 0) kept += character;
  }
  return kept;
}
