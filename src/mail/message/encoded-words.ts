import { isUtf8 } from "node:buffer";
import { addProblem, type MailProblem } from "../mail-problem.ts";
import { decodeCharset, decodeUnstated } from "./charset.ts";

/** Blanks within one are not allowed and occur. */
const encodedWord = /=\?([^?*\s]{1,60})(?:\*[^?\s]{0,40})?\?([bBqQ])\?([^?\r\n]{0,4096})\?=/g;

/**
 * An unstructured header value (one character per byte, unfolded) as text: encoded words
 * (RFC 2047) decoded, white space between two of them dropped, a character that was split
 * between two joined again; raw bytes as UTF-8 where they are, else in the character set that the
 * message has for its text (programs that write raw bytes write them so), else Windows-1252.
 */
export function decodeHeaderText(
  raw: string,
  problems: MailProblem[] = [],
  rawCharset: string = "",
): string {
  if (!raw.includes("=?")) return decodeRawHeader(raw, rawCharset);
  let text = "";
  let end = 0;
  let charset = "";
  let bytes: Buffer[] = [];
  const found: MailProblem[] = [];
  const flush = (): void => {
    if (bytes.length > 0) text += decodeCharset(Buffer.concat(bytes), charset, found);
    bytes = [];
  };
  for (const match of raw.matchAll(encodedWord)) {
    const between = raw.slice(end, match.index);
    const word = (match[1] as string).toLowerCase();
    const isAdjacent = end > 0 && /^[ \t]*$/.test(between);
    if (!isAdjacent || word !== charset) flush();
    if (!isAdjacent) text += decodeRawHeader(between, rawCharset);
    charset = word;
    bytes.push(decodeWord(match[2] as string, match[3] as string));
    end = match.index + match[0].length;
  }
  flush();
  for (const { message } of found) addProblem(problems, "encoded-word", message);
  return text + decodeRawHeader(raw.slice(end), rawCharset);
}

function decodeWord(encoding: string, content: string): Buffer {
  if (encoding === "b" || encoding === "B") return Buffer.from(content, "base64");
  const text = content
    .replaceAll("_", " ")
    .replace(/=([0-9a-fA-F]{2})/g, (_, hex: string) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    );
  return Buffer.from(text, "latin1");
}

/** Bytes of a header (one character each) as they stand, as text. */
export function decodeRawHeader(raw: string, rawCharset: string = ""): string {
  // oxlint-disable-next-line no-control-regex
  if (!/[^\u0000-\u007f]/.test(raw)) return raw;
  const bytes = Buffer.from(raw, "latin1");
  return rawCharset === "" || isUtf8(bytes) || /^utf-?8/.test(rawCharset)
    ? decodeUnstated(bytes)
    : decodeCharset(bytes, rawCharset);
}
