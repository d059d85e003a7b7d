/** What a From_ line says: `From SENDER DATE`, where a message of an mbox begins (RFC 4155). */
export type FromLine = {
  readonly sender: string;
  /** When the message was put there, nanoseconds since 1970 UTC. */
  readonly dateNs: bigint;
};

/** A longer line is no From_ line. */
export const fromLineLimitBytes = 1024;

const months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const sender = /^From ((?:"(?:\\.|[^"\\])*")?[^ ]*) */;
// Thu Nov  9 22:33:52 2001, with a zone before or after the year, or none; seconds may be missing.
const asctime =
  /^.{3} ([A-Za-z]{3}) {1,2}(\d{1,2}) (\d\d):(\d\d)(?::(\d\d))? ((?:[^ \d][^ ]* ){0,2})(\d{4})(?!\d)(?: ([+-]\d{4}))?/;
// Thu, 9 Nov 2001 22:33:52 +0200
const rfc822 = /^.{3}, (\d{1,2}) ([A-Za-z]{3}) (\d{4}) (\d\d):(\d\d)(?::(\d\d))?(?: ([+-]\d{4}))?/;

const hoursOfZone: ReadonlyMap<string, number> = new Map([
  ["UTC", 0],
  ["GMT", 0],
  ["WET", 0],
  ["BST", 1],
  ["WEST", 1],
  ["CET", 1],
  ["MET", 1],
  ["CEST", 2],
  ["MEST", 2],
  ["EET", 2],
  ["EEST", 3],
  ["MSK", 3],
  ["EST", -5],
  ["EDT", -4],
  ["CST", -6],
  ["CDT", -5],
  ["MST", -7],
  ["MDT", -6],
  ["PST", -8],
  ["PDT", -7],
  ["JST", 9],
]);

/**
 * Reads a line (without its end, one character per byte). Undefined where it is no From_ line: a
 * sentence that begins with "From " has no such date. A date without a zone is in the zone of this
 * process, as servers write it in their own; a zone's minutes are minutes.
 */
export function parseFromLine(line: string): FromLine | undefined {
  // Zeros are a hole in the file: what follows them is another line's.
  if (line.length > fromLineLimitBytes || line.includes("\0")) return undefined;
  const start = sender.exec(line);
  if (start === null) return undefined;
  const dateNs = parseDate(line.slice(start[0].length));
  return dateNs === undefined ? undefined : { sender: start[1] as string, dateNs };
}

function parseDate(text: string): bigint | undefined {
  const plain = asctime.exec(text);
  if (plain !== null) {
    const [, month = "", day = "", hour = "", minute = "", second, zone = "", year = "", after] =
      plain;
    return dateOf({ year, month, day, hour, minute, second }, after ?? zone.trimEnd());
  }
  const other = rfc822.exec(text);
  if (other === null) return undefined;
  const [, day = "", month = "", year = "", hour = "", minute = "", second, zone = ""] = other;
  return dateOf({ year, month, day, hour, minute, second }, zone);
}

type DateWords = {
  readonly year: string;
  readonly month: string;
  readonly day: string;
  readonly hour: string;
  readonly minute: string;
  readonly second: string | undefined;
};

function dateOf(words: DateWords, zone: string): bigint | undefined {
  const month = months.indexOf(words.month.toLowerCase());
  if (month < 0) return undefined;
  const parts = [
    Number(words.year),
    month,
    Number(words.day) || 1,
    Number(words.hour),
    Number(words.minute),
    Number(words.second ?? 0),
  ] as const;
  const offsetMinutes = zoneMinutes(zone);
  const ms =
    offsetMinutes === undefined
      ? new Date(...parts).getTime()
      : Date.UTC(...parts) - offsetMinutes * 60_000;
  return Number.isNaN(ms) ? undefined : BigInt(ms) * 1_000_000n;
}

/** "+0130", "CEST" or "MET DST"; undefined where it does not say. */
function zoneMinutes(zone: string): number | undefined {
  const numeric = /^([+-])(\d\d)(\d\d)$/.exec(zone);
  if (numeric !== null) {
    const minutes = Number(numeric[2]) * 60 + Number(numeric[3]);
    return numeric[1] === "-" ? -minutes : minutes;
  }
  const [name = "", summer] = zone.split(" ");
  const hours = hoursOfZone.get(name.toUpperCase());
  if (hours === undefined) return undefined;
  return (hours + (summer === "DST" ? 1 : 0)) * 60;
}

const weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];

/** A From_ line with its end, its date in UTC and with its zone, so that every reader takes it alike. */
export function formatFromLine({ sender: from, dateNs }: FromLine): string {
  const date = new Date(Number(dateNs / 1_000_000n));
  const two = (value: number): string => String(value).padStart(2, "0");
  const month = months[date.getUTCMonth()] ?? "";
  const time = [date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds()].map(two).join(":");
  const day = `${weekdays[date.getUTCDay()]} ${month.charAt(0).toUpperCase()}${month.slice(1)} ${String(date.getUTCDate()).padStart(2)}`;
  const year = String(date.getUTCFullYear()).padStart(4, "0");
  return `From ${safeSender(from)} ${day} ${time} ${year} +0000\n`;
}

/** An address without what would end it early; who has none is MAILER-DAEMON, as MTAs write it. */
function safeSender(from: string): string {
  return /^[!#-~]{1,320}$/.test(from) ? from : "MAILER-DAEMON";
}
