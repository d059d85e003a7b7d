import { decodeHeaderText } from "./encoded-words.ts";
import { addProblem, type MailProblem } from "../mail-problem.ts";

/** A field as it stands there: unfolded, one character per byte, without surrounding blanks. */
export type HeaderField = { readonly name: string; readonly value: string };

/** The header of a message, and the fields that people look for, as text. */
export type MessageHeaders = {
  readonly fields: readonly HeaderField[];
  readonly subject?: string;
  readonly from?: string;
  readonly to?: string;
  /** The Date field as written. */
  readonly date?: string;
  /** The same as milliseconds since 1970 UTC, where it can be read. */
  readonly dateMs?: number;
  readonly messageId?: string;
  readonly problems: readonly MailProblem[];
};

export type ReadHeadersOptions = {
  /** How much of the message is looked at. Default 256 KiB. */
  readonly limitBytes?: number;
  /** Default 1000. */
  readonly fieldLimit?: number;
  /** Longer values are cut off. Default 16 KiB. */
  readonly valueLimitBytes?: number;
};

/** Reads the header at the start of a message (RFC 5322 §2.2). Never throws. */
export function readHeaders(bytes: Uint8Array, options: ReadHeadersOptions = {}): MessageHeaders {
  const problems: MailProblem[] = [];
  const fields = readFields(bytes, options, problems);
  const text = (name: string): string | undefined => {
    const field = fields.find((candidate) => candidate.name.toLowerCase() === name);
    return field === undefined ? undefined : decodeHeaderText(field.value, problems);
  };
  const subject = text("subject");
  const from = text("from");
  const to = text("to");
  const date = text("date");
  const dateMs = date === undefined ? undefined : parseDate(date);
  if (date !== undefined && dateMs === undefined)
    addProblem(problems, "header", "The Date cannot be read");
  const messageId = text("message-id");
  return {
    fields,
    ...(subject === undefined ? {} : { subject }),
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
    ...(date === undefined ? {} : { date }),
    ...(dateMs === undefined ? {} : { dateMs }),
    ...(messageId === undefined ? {} : { messageId }),
    problems,
  };
}

function readFields(
  bytes: Uint8Array,
  options: ReadHeadersOptions,
  problems: MailProblem[],
): readonly HeaderField[] {
  const { limitBytes = 256 * 1024, fieldLimit = 1000, valueLimitBytes = 16 * 1024 } = options;
  const end = Math.min(bytes.length, limitBytes);
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, end).toString("latin1");
  const fields: { name: string; value: string }[] = [];
  let position = 0;
  while (position < head.length) {
    const lineFeed = head.indexOf("\n", position);
    const lineEnd = lineFeed < 0 ? head.length : lineFeed;
    const line = head.slice(
      position,
      head[lineEnd - 1] === "\r" && lineEnd > position ? lineEnd - 1 : lineEnd,
    );
    const isFirst = position === 0;
    position = lineEnd + 1;
    if (line === "") return trimmed(fields);
    const last = fields.at(-1);
    if (line.startsWith(" ") || line.startsWith("\t")) {
      if (last === undefined)
        addProblem(problems, "header", "The header begins with a folded line");
      else if (last.value.length + line.length <= valueLimitBytes) last.value += line;
      else addProblem(problems, "header", `The field ${JSON.stringify(last.name)} is too long`);
      continue;
    }
    const colon = line.indexOf(":");
    const name = colon < 0 ? "" : line.slice(0, Math.min(colon, 200)).trimEnd();
    if (!/^[!-9;-~]+$/.test(name)) {
      if (!isFirst || !line.startsWith("From "))
        addProblem(problems, "header", "A line of the header is no field");
      continue;
    }
    if (fields.length >= fieldLimit) {
      addProblem(problems, "header", `The header has more than ${fieldLimit} fields`);
      return trimmed(fields);
    }
    fields.push({ name, value: line.slice(colon + 1, colon + 1 + valueLimitBytes) });
  }
  addProblem(
    problems,
    "header",
    end < bytes.length ? "The header is too long" : "The header has no end",
  );
  return trimmed(fields);
}

function trimmed(fields: readonly HeaderField[]): readonly HeaderField[] {
  return fields.map(({ name, value }) => ({ name, value: value.replace(/^[ \t]+/, "").trimEnd() }));
}

const dateForm =
  /^(?:[A-Za-z]{2,9},?\s+)?(\d{1,2})\s+([A-Za-z]{3})[a-z]*\s+(\d{2,4})\s+(\d{1,2}):(\d{2})(?::(\d{2}))?\s*([+-]\d{4}|[A-Z]{1,5})?/;
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
]);

/** RFC 5322 §3.3 and the obsolete forms of §4.3. */
function parseDate(text: string): number | undefined {
  const match = dateForm.exec(text.slice(0, 100).trim());
  if (match === null) return undefined;
  const [, day, monthName, yearText, hour, minute, second = "0", zone = "+0000"] = match;
  const month = months.indexOf((monthName as string).toLowerCase());
  if (month < 0) return undefined;
  const short = Number(yearText);
  const year = (yearText as string).length === 4 ? short : short + (short < 50 ? 2000 : 1900);
  const sign = zone.startsWith("-") ? -1 : 1;
  const offsetMinutes = /^[+-]/.test(zone)
    ? sign * (Number(zone.slice(1, 3)) * 60 + Number(zone.slice(3, 5)))
    : (zoneHours.get(zone) ?? 0) * 60;
  const utcMs = Date.UTC(year, month, Number(day), Number(hour), Number(minute), Number(second));
  return Number.isNaN(utcMs) ? undefined : utcMs - offsetMinutes * 60_000;
}
