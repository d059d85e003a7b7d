import { addProblem, type MailProblem } from "../mail-problem.ts";

/** A field as it stands there: unfolded, one character per byte, without surrounding blanks. */
export type HeaderField = { readonly name: string; readonly value: string };

export type ReadHeadersOptions = {
  /** How much of the message is looked at. Default 256 KiB. */
  readonly limitBytes?: number;
  /** Default 1000. */
  readonly fieldLimit?: number;
  /** Longer values are cut off. Default 16 KiB. */
  readonly valueLimitBytes?: number;
};

export type HeaderBlock = {
  readonly fields: readonly HeaderField[];
  /** Where the body begins: after the blank line. */
  readonly bodyStart: number;
};

const lineFeed = 0x0a;
const carriageReturn = 0x0d;
/** A name that is longer is none. */
const nameLimit = 200;

/**
 * Reads the header that begins at `from` (RFC 5322 §2.2). Lines that are no fields are left out
 * and named; where no field is there or no blank line follows, the body begins with the first of
 * them, so that its text is not lost (a blank line that was forgotten).
 */
export function readHeaderFields(
  bytes: Buffer,
  span: { readonly from: number; readonly to: number },
  options: ReadHeadersOptions & { readonly problems: MailProblem[] },
): HeaderBlock {
  const {
    limitBytes = 256 * 1024,
    fieldLimit = 1000,
    valueLimitBytes = 16 * 1024,
    problems,
  } = options;
  const to = Math.min(span.to, span.from + limitBytes);
  const end = headerEnd(bytes, span.from, to);
  // One conversion for the whole header: slices of it cost nothing.
  const head = bytes.toString("latin1", span.from, end.textEnd);
  const { fields, strayAt, isBodyStray } = linesOf(head, { fieldLimit, valueLimitBytes, problems });
  for (const field of fields) field.value = trimBlanks(field.value);
  // No field at all: it is no header.
  const isBody = strayAt >= 0 && (isBodyStray || fields.length === 0 || !end.isBlankLine);
  const bodyStart = isBody ? span.from + strayAt : end.bodyStart;
  if (end.isBlankLine) return { fields, bodyStart };
  const isCut = to < span.to;
  addProblem(problems, "header", isCut ? "The header is too long" : "The header has no end");
  return { fields, bodyStart };
}

type Lines = {
  readonly fields: { name: string; value: string }[];
  /** Where the first line stands that is no field; -1 where all are. */
  strayAt: number;
  /** Whether it stands below a line of nothing but blanks: that was meant to be the blank line. */
  isBodyStray: boolean;
};

function linesOf(
  head: string,
  limits: Required<Pick<ReadHeadersOptions, "fieldLimit" | "valueLimitBytes">> & {
    readonly problems: MailProblem[];
  },
): Lines {
  const { fieldLimit, valueLimitBytes, problems } = limits;
  const lines: Lines = { fields: [], strayAt: -1, isBodyStray: false };
  const { fields } = lines;
  let last: { name: string; value: string } | undefined;
  let isBelowBlanks = false;
  let position = 0;
  while (position < head.length) {
    const lineStart = position;
    const found = head.indexOf("\n", position);
    let lineEnd = found < 0 ? head.length : found;
    position = lineEnd + 1;
    if (lineEnd > lineStart && head.charCodeAt(lineEnd - 1) === carriageReturn) lineEnd--;
    if (isBlank(head.charCodeAt(lineStart)) && lineEnd > lineStart) {
      const folded = head.slice(lineStart, lineEnd);
      isBelowBlanks = isBlank(head.charCodeAt(lineEnd - 1)) && folded.trim() === "";
      if (last === undefined)
        addProblem(problems, "header", "The header begins with a folded line");
      else if (last.value.length + folded.length <= valueLimitBytes) last.value += folded;
      else addProblem(problems, "header", `The field ${JSON.stringify(last.name)} is too long`);
      continue;
    }
    const colon = nameEnd(head, lineStart, lineEnd);
    if (colon < 0) {
      if (lineStart === 0 && head.startsWith("From ")) continue;
      addProblem(problems, "header", "A line of the header is no field");
      if (isBelowBlanks) return { fields, strayAt: lineStart, isBodyStray: true };
      if (lines.strayAt < 0) lines.strayAt = lineStart;
      continue;
    }
    isBelowBlanks = false;
    if (fields.length >= fieldLimit) {
      addProblem(problems, "header", `The header has more than ${fieldLimit} fields`);
      return lines;
    }
    last = {
      name: head.slice(lineStart, colon).trimEnd(),
      value: head.slice(colon + 1, Math.min(lineEnd, colon + 1 + valueLimitBytes)),
    };
    fields.push(last);
  }
  return lines;
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

/** Where the header's last line ends, and where the body begins. */
function headerEnd(
  bytes: Buffer,
  from: number,
  to: number,
): { readonly textEnd: number; readonly bodyStart: number; readonly isBlankLine: boolean } {
  let position = from;
  while (position < to) {
    const byte = bytes[position];
    if (byte === lineFeed) return { textEnd: position, bodyStart: position + 1, isBlankLine: true };
    if (byte === carriageReturn && position + 1 < to && bytes[position + 1] === lineFeed)
      return { textEnd: position, bodyStart: position + 2, isBlankLine: true };
    const found = bytes.indexOf(lineFeed, position);
    if (found < 0 || found >= to) break;
    position = found + 1;
  }
  return { textEnd: to, bodyStart: to, isBlankLine: false };
}

/** The index of the colon after a field's name, or -1 where the line is no field. */
function nameEnd(head: string, from: number, to: number): number {
  const limit = Math.min(to, from + nameLimit);
  for (let index = from; index < limit; index++) {
    const code = head.charCodeAt(index);
    if (code === 0x3a) return index > from ? index : -1;
    if (code > 0x20 && code < 0x7f) continue;
    // Blanks before the colon are an obsolete form (RFC 5322 §4.5).
    if (!isBlank(code)) return -1;
    let after = index + 1;
    while (after < limit && isBlank(head.charCodeAt(after))) after++;
    return after < limit && head.charCodeAt(after) === 0x3a && index > from ? after : -1;
  }
  return -1;
}

function trimBlanks(value: string): string {
  let start = 0;
  while (isBlank(value.charCodeAt(start))) start++;
  return value.slice(start).trimEnd();
}
