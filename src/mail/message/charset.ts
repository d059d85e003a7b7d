import { isAscii, isUtf8 } from "node:buffer";
import { addProblem, type MailProblem } from "../mail-problem.ts";

/** Names that mail uses and the WHATWG Encoding Standard does not, and what they mean. */
const aliases: ReadonlyMap<string, string> = new Map([
  ["cp932", "shift_jis"],
  ["cp936", "gbk"],
  ["cp949", "euc-kr"],
  ["cp950", "big5"],
  ["cp-850", "windows-1252"],
  ["8859-1", "iso-8859-1"],
  ["iso-8859", "iso-8859-1"],
  ["iso-2022-jp-1", "iso-2022-jp"],
  ["iso-2022-jp-2", "iso-2022-jp"],
  ["iso-2022-jp-3", "iso-2022-jp"],
  ["iso-2022-jp-ms", "iso-2022-jp"],
  ["cp50220", "iso-2022-jp"],
  ["cp50221", "iso-2022-jp"],
  ["cp50222", "iso-2022-jp"],
  ["euc-cn", "gbk"],
  ["euc_kr", "euc-kr"],
  ["ks_c_5601", "euc-kr"],
  ["shift-jis", "shift_jis"],
  ["macroman", "macintosh"],
  ["x-mac-roman", "macintosh"],
  ["win-1251", "windows-1251"],
  ["win1251", "windows-1251"],
  ["windows1251", "windows-1251"],
  ["win-1252", "windows-1252"],
  ["utf_8", "utf-8"],
  ["utf8mb4", "utf-8"],
  ["unicode-1-1-utf-7", "utf-7"],
  ["x-unicode-2-0-utf-7", "utf-7"],
]);
/** Names that say nothing: the bytes themselves must tell. */
const unstated: ReadonlySet<string> = new Set([
  "",
  "us-ascii",
  "ascii",
  "ansi_x3.4-1968",
  "default",
  "unknown",
  "unknown-8bit",
  "x-unknown",
  "x-user-defined",
  "8bit",
  "7bit",
  "binary",
  "none",
]);
/** Only names that are known are kept, so that it cannot grow with hostile mail. */
const decoders = new Map<string, TextDecoder>();
/** Names that were tried in vain: to try costs an exception. Forgotten where they become many. */
const unknown = new Set<string>();
const unknownLimit = 256;
const nameLimit = 60;

/**
 * Bytes in a character set as mail names it, as text. Never throws: what is not known or not
 * stated is read as UTF-8 where it is valid, else as Windows-1252, and so is what says UTF-8
 * and has more wrong sequences than a cut could explain.
 */
export function decodeCharset(
  bytes: Buffer,
  charset: string,
  problems: MailProblem[] = [],
): string {
  if (bytes.length === 0) return "";
  const named = charset.length > nameLimit ? "x-long" : charset.toLowerCase();
  const name = aliases.get(named) ?? named;
  if (name === "utf-8" || name === "utf8") return decodeUtf8(bytes, problems);
  if (unstated.has(name)) return decodeUnstated(bytes);
  // Seven bits say the same in every character set but those that shift.
  if (name === "utf-7") return decodeUtf7(bytes);
  const decoder = decoderOf(name);
  if (decoder !== undefined) {
    // By what the decoder is: it has many names.
    if (decoder.encoding === "iso-2022-jp") return decoder.decode(withoutIdleShifts(bytes));
    const isPlain = !decoder.encoding.startsWith("utf-16") && isAscii(bytes);
    return isPlain ? bytes.toString("latin1") : decoder.decode(bytes);
  }
  addProblem(
    problems,
    "charset",
    `The character set ${JSON.stringify(charset.slice(0, nameLimit))} is not known`,
  );
  return decodeUnstated(bytes);
}

/** Bytes of which nobody says what they are: UTF-8 where they are valid, else Windows-1252. */
export function decodeUnstated(bytes: Buffer): string {
  if (isAscii(bytes)) return bytes.toString("latin1");
  if (isUtf8(bytes)) return withoutMark(bytes.toString("utf8"));
  return (decoderOf("windows-1252") as TextDecoder).decode(bytes);
}

function decodeUtf8(bytes: Buffer, problems: MailProblem[]): string {
  if (isAscii(bytes)) return bytes.toString("latin1");
  const text = withoutMark(bytes.toString("utf8"));
  if (isUtf8(bytes)) return text;
  let wrong = 0;
  for (let at = text.indexOf("\ufffd"); at >= 0; at = text.indexOf("\ufffd", at + 1)) wrong++;
  // A cut through a character leaves up to three marks.
  if (wrong > 3 || text.length < 16) {
    addProblem(problems, "charset", "What says UTF-8 is not");
    const right = text.length - wrong;
    // Of text that is UTF-8 but for some damage, most that is not ASCII was understood.
    if (countNonAscii(text, right) < wrong)
      return (decoderOf("windows-1252") as TextDecoder).decode(bytes);
  }
  return text;
}

/** Characters beyond ASCII that were understood, counted up to a limit. */
function countNonAscii(text: string, limit: number): number {
  let count = 0;
  for (let index = 0; index < text.length && count < limit; index++) {
    const code = text.charCodeAt(index);
    if (code > 0x7f && code !== 0xfffd) count++;
  }
  return count;
}

function withoutMark(text: string): string {
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
}

function decoderOf(name: string): TextDecoder | undefined {
  const known = decoders.get(name);
  if (known !== undefined) return known;
  if (unknown.has(name)) return undefined;
  try {
    const decoder = new TextDecoder(name);
    decoders.set(name, decoder);
    return decoder;
  } catch {
    if (unknown.size >= unknownLimit) unknown.clear();
    unknown.add(name);
    return undefined;
  }
}

/** Two shifts without text between, as joined encoded words have them, would be an error to the decoder. */
function withoutIdleShifts(bytes: Buffer): Buffer {
  const text = bytes.toString("latin1");
  // oxlint-disable-next-line no-control-regex
  const needed = text.replace(/\u001b[($][BJI@](?=\u001b[($][BJI@])/g, "");
  return needed.length === text.length ? bytes : Buffer.from(needed, "latin1");
}

/** RFC 2152: `+` base64 of UTF-16 `-`; `+-` is a plus. */
function decodeUtf7(bytes: Buffer): string {
  return bytes.toString("latin1").replace(/\+([A-Za-z0-9+/]*)-?/g, (_, content: string) => {
    if (content === "") return "+";
    const units = Buffer.from(content, "base64");
    let text = "";
    for (let index = 0; index + 1 < units.length; index += 2)
      text += String.fromCharCode(units.readUInt16BE(index));
    return text;
  });
}
