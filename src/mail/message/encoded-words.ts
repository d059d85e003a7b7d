import { addProblem, type MailProblem } from "../mail-problem.ts";

const encodedWord = /=\?([^?*\s]{1,60})(?:\*[^?\s]{0,40})?\?([bBqQ])\?([^?\s]{0,4096})\?=/g;

/**
 * An unstructured header value (one character per byte, unfolded) as text: encoded words
 * (RFC 2047) decoded, white space between two of them dropped, a character that was split
 * between two joined again; raw bytes as UTF-8 where they are, else Windows-1252.
 */
export function decodeHeaderText(raw: string, problems: MailProblem[] = []): string {
  let text = "";
  let end = 0;
  let charset = "";
  let bytes: Buffer[] = [];
  const flush = (): void => {
    if (bytes.length > 0) text += decodeCharset(Buffer.concat(bytes), charset, problems);
    bytes = [];
  };
  for (const match of raw.matchAll(encodedWord)) {
    const between = raw.slice(end, match.index);
    const word = (match[1] as string).toLowerCase();
    const isAdjacent = bytes.length > 0 && /^[ \t]*$/.test(between);
    if (!isAdjacent || word !== charset) flush();
    if (!isAdjacent) text += decodeRaw(between);
    charset = word;
    bytes.push(decodeWord(match[2] as string, match[3] as string));
    end = match.index + match[0].length;
  }
  flush();
  return text + decodeRaw(raw.slice(end));
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

function decodeCharset(bytes: Buffer, charset: string, problems: MailProblem[]): string {
  try {
    return new TextDecoder(charset).decode(bytes);
  } catch {
    addProblem(
      problems,
      "encoded-word",
      `The character set ${JSON.stringify(charset)} is not known`,
    );
    return decodeRaw(bytes.toString("latin1"));
  }
}

function decodeRaw(raw: string): string {
  // oxlint-disable-next-line no-control-regex
  if (!/[^\u0000-\u007f]/.test(raw)) return raw;
  const bytes = Buffer.from(raw, "latin1");
  const text = bytes.toString("utf8");
  return Buffer.from(text, "utf8").equals(bytes)
    ? text
    : new TextDecoder("windows-1252").decode(bytes);
}
