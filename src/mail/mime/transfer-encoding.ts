import { addProblem, type MailProblem } from "../mail-problem.ts";
import { decodeUuencoded } from "./uuencode.ts";

/** How the bytes of a part are written (RFC 2045 §6); `identity` is 7bit, 8bit and binary. */
export type TransferEncoding = "identity" | "base64" | "quoted-printable" | "uuencode";

/** Reads the value of Content-Transfer-Encoding. What is not known is taken as it stands. */
export function transferEncodingOf(field: string, problems: MailProblem[]): TransferEncoding {
  const name = (/[^\s;("]+/.exec(field)?.[0] ?? "").toLowerCase();
  switch (name) {
    case "":
    case "7bit":
    case "8bit":
    case "binary":
      return "identity";
    case "base64":
    case "quoted-printable":
      return name;
    case "x-uuencode":
    case "uuencode":
    case "x-uue":
    case "uue":
      return "uuencode";
    default:
      // "7-bit", "8bits", "ISO-8859-1", "us-ascii": the writer knew no better.
      addProblem(
        problems,
        "mime",
        `The transfer encoding ${JSON.stringify(name.slice(0, 60))} is not known`,
      );
      return "identity";
  }
}

export type DecodeOptions = {
  /** Bytes after which the rest is left out. Default: all. */
  readonly limitBytes?: number;
  readonly problems?: MailProblem[];
};

/**
 * The bytes that were encoded. Never throws: what is no encoding is left out (base64) or stays
 * as it is (quoted-printable), as RFC 2045 §6.7 and §6.8 advise.
 */
export function decodeTransfer(
  bytes: Buffer,
  encoding: TransferEncoding,
  { limitBytes = Number.POSITIVE_INFINITY, problems = [] }: DecodeOptions = {},
): Buffer {
  switch (encoding) {
    case "identity":
      return bytes.length > limitBytes ? bytes.subarray(0, limitBytes) : bytes;
    case "base64":
      return decodeBase64(bytes, limitBytes, problems);
    case "quoted-printable":
      return decodeQuotedPrintable(bytes, limitBytes);
    case "uuencode":
      return decodeUuencoded(bytes, limitBytes);
  }
}

/** Line ends and whatever else is no base64 are in between; lines of one character each are the worst that is met. */
const base64Spread = 4;

/** What base64 has not: "!" stands at the end of lines that an old server divided. */
const foreign = /[^A-Za-z0-9+/=!\s]/;

function decodeBase64(bytes: Buffer, limitBytes: number, problems: MailProblem[]): Buffer {
  const written = bytes.toString("latin1", 0, Math.min(bytes.length, limitBytes * base64Spread));
  // A footer that a list put below; within the first line it is no footer.
  const stray = written.search(foreign);
  const lineStart = stray < 0 ? 0 : written.lastIndexOf("\n", stray) + 1;
  if (stray >= 0) addProblem(problems, "mime", "Something other than base64 stands in base64");
  const text = lineStart > 0 ? written.slice(0, lineStart) : written;
  const pieces: Buffer[] = [];
  let position = 0;
  let sizeBytes = 0;
  // Mostly one; several where each was padded on its own.
  while (position < text.length && sizeBytes < limitBytes) {
    const found = text.indexOf("=", position);
    const end = found < 0 ? text.length : found;
    const piece = Buffer.from(text.slice(position, end), "base64");
    pieces.push(piece);
    sizeBytes += piece.length;
    position = end;
    while (position < text.length && isBetween(text.charCodeAt(position))) position++;
    if (position < text.length && !continues(text, position)) {
      addProblem(problems, "mime", "Something other than base64 follows base64");
      break;
    }
  }
  return cut(pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces), limitBytes);
}

/** Padding, blanks and line ends. */
function isBetween(code: number): boolean {
  return code === 0x3d || code === 0x0a || code === 0x0d || code === 0x20 || code === 0x09;
}

/** Whether the line that begins here is base64: nothing else in it, and as many as make bytes. */
function continues(text: string, from: number): boolean {
  const line = /^([A-Za-z0-9+/]*)(=?)\r?(?:\n|$|=)/.exec(text.slice(from, from + 1000));
  if (line === null) return false;
  const length = (line[1] as string).length;
  return line[2] === "=" ? length % 4 > 1 : length % 4 === 0;
}

function cut(bytes: Buffer, limitBytes: number): Buffer {
  return bytes.length > limitBytes ? bytes.subarray(0, limitBytes) : bytes;
}

/** RFC 2045 §6.7: `=XX` is a byte, `=` at a line's end joins it to the next, blanks at its end go. */
function decodeQuotedPrintable(bytes: Buffer, limitBytes: number): Buffer {
  const length = Math.min(bytes.length, limitBytes * 3);
  const decoded = Buffer.allocUnsafe(Math.min(length, limitBytes));
  let size = 0;
  // Where the blanks begin that stand last so far.
  let blanks = -1;
  for (let index = 0; index < length && size < decoded.length; index++) {
    const byte = bytes[index] as number;
    if (byte === 0x20 || byte === 0x09) {
      if (blanks < 0) blanks = size;
      decoded[size++] = byte;
      continue;
    }
    if (byte === 0x0a || (byte === 0x0d && bytes[index + 1] === 0x0a)) {
      if (blanks >= 0) size = blanks;
    }
    blanks = -1;
    if (byte !== 0x3d) {
      decoded[size++] = byte;
      continue;
    }
    const high = hexValue(bytes[index + 1]);
    const low = hexValue(bytes[index + 2]);
    if (high >= 0 && low >= 0) {
      decoded[size++] = high * 16 + low;
      index += 2;
      continue;
    }
    let end = index + 1;
    while (end < length && (bytes[end] === 0x20 || bytes[end] === 0x09)) end++;
    if (bytes[end] === 0x0d && bytes[end + 1] === 0x0a) end++;
    if (end >= length || bytes[end] === 0x0a) index = end;
    else decoded[size++] = byte;
  }
  return decoded.subarray(0, size);
}

function hexValue(byte: number | undefined): number {
  if (byte === undefined) return -1;
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}
