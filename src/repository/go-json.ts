/**
 * Go's ways of writing JSON, byte for byte, because a tree's ID is the hash of its JSON.
 * Everything here works on "raw" strings: one character per byte (see #image raw-path).
 */

/** Characters that go through both Go's strconv.Quote and encoding/json unchanged. */
const plainAscii = /^[ !#-%'-;=?-[\]-~]*$/;

/** unicode.IsPrint: letters, marks, numbers, punctuation, symbols and the ASCII space. */
const printable = /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u;

const shortEscapes: ReadonlyMap<number, string> = new Map([
  [0x07, "\\a"],
  [0x08, "\\b"],
  [0x0c, "\\f"],
  [0x0a, "\\n"],
  [0x0d, "\\r"],
  [0x09, "\\t"],
  [0x0b, "\\v"],
  [0x5c, "\\\\"],
  [0x22, '\\"'],
]);

/** Go's strconv.Quote of raw bytes, without the enclosing quotes. */
export function goQuote(raw: string): string {
  if (plainAscii.test(raw)) return raw;
  const bytes = Buffer.from(raw, "latin1");
  let quoted = "";
  for (let at = 0; at < bytes.length;) {
    const length = utf8SequenceLength(bytes, at);
    const byte = bytes[at] as number;
    if (length === 0) {
      quoted += hexEscape("\\x", byte, 2);
      at += 1;
      continue;
    }
    const short = shortEscapes.get(byte);
    if (short !== undefined) quoted += short;
    else if (byte < 0x20 || byte === 0x7f) quoted += hexEscape("\\x", byte, 2);
    else if (length === 1) quoted += String.fromCharCode(byte);
    else quoted += quoteRune(bytes.subarray(at, at + length));
    at += length;
  }
  return quoted;
}

function quoteRune(sequence: Buffer): string {
  const character = sequence.toString("utf8");
  if (printable.test(character)) return sequence.toString("latin1");
  const rune = character.codePointAt(0) as number;
  return rune < 0x10000 ? hexEscape("\\u", rune, 4) : hexEscape("\\U", rune, 8);
}

function hexEscape(prefix: string, value: number, digits: number): string {
  return prefix + value.toString(16).padStart(digits, "0");
}

/** Length of the valid UTF-8 sequence at a place, 0 where there is none (as Go's utf8.DecodeRune). */
function utf8SequenceLength(bytes: Uint8Array, at: number): number {
  const first = bytes[at] as number;
  if (first < 0x80) return 1;
  const second = bytes[at + 1] ?? 0;
  if (first >= 0xc2 && first <= 0xdf) return isContinuation(second) ? 2 : 0;
  const third = bytes[at + 2] ?? 0;
  if (first >= 0xe0 && first <= 0xef) {
    const low = first === 0xe0 ? 0xa0 : 0x80;
    const high = first === 0xed ? 0x9f : 0xbf;
    return second >= low && second <= high && isContinuation(third) ? 3 : 0;
  }
  if (first >= 0xf0 && first <= 0xf4) {
    const low = first === 0xf0 ? 0x90 : 0x80;
    const high = first === 0xf4 ? 0x8f : 0xbf;
    const fourth = bytes[at + 3] ?? 0;
    return second >= low && second <= high && isContinuation(third) && isContinuation(fourth)
      ? 4
      : 0;
  }
  return 0;
}

function isContinuation(byte: number): boolean {
  return byte >= 0x80 && byte <= 0xbf;
}

const unescapes: ReadonlyMap<string, string> = new Map([
  ["a", "\x07"],
  ["b", "\b"],
  ["f", "\f"],
  ["n", "\n"],
  ["r", "\r"],
  ["t", "\t"],
  ["v", "\v"],
  ["\\", "\\"],
  ['"', '"'],
  ["'", "'"],
]);

/** Undoes goQuote: raw bytes out of quoted text (as decoded from JSON, so Unicode text); undefined where it is not quoted text. */
export function goUnquote(text: string): string | undefined {
  const raw = isAscii(text) ? text : Buffer.from(text, "utf8").toString("latin1");
  if (!raw.includes("\\")) return raw;
  let result = "";
  for (let at = 0; at < raw.length;) {
    const slash = raw.indexOf("\\", at);
    if (slash < 0) return result + raw.slice(at);
    result += raw.slice(at, slash);
    const kind = raw.charAt(slash + 1);
    const simple = unescapes.get(kind);
    if (simple !== undefined) {
      result += simple;
      at = slash + 2;
      continue;
    }
    const digits = kind === "x" ? 2 : kind === "u" ? 4 : kind === "U" ? 8 : 0;
    const hex = raw.slice(slash + 2, slash + 2 + digits);
    if (digits === 0 || hex.length !== digits || !/^[0-9a-fA-F]+$/.test(hex)) return undefined;
    const value = Number.parseInt(hex, 16);
    if (kind === "x") result += String.fromCharCode(value);
    else if (value > 0x10ffff) return undefined;
    else result += Buffer.from(String.fromCodePoint(value), "utf8").toString("latin1");
    at = slash + 2 + digits;
  }
  return result;
}

function isAscii(text: string): boolean {
  // oxlint-disable-next-line no-control-regex
  return /^[\x00-\x7f]*$/.test(text);
}

const jsonSafeAscii = /^[ !#-%'-;=?-[\]-~]*$/;

/**
 * A JSON string as Go's encoding/json writes it with HTML escaping, enclosing quotes included.
 * `raw` is one character per byte; invalid UTF-8 becomes \ufffd, as in Go.
 */
export function goJsonString(raw: string): string {
  if (jsonSafeAscii.test(raw)) return `"${raw}"`;
  const bytes = Buffer.from(raw, "latin1");
  let json = '"';
  for (let at = 0; at < bytes.length;) {
    const length = utf8SequenceLength(bytes, at);
    const byte = bytes[at] as number;
    if (length === 0) json += "\\ufffd";
    else if (length === 1) json += jsonAscii(byte);
    else json += jsonRune(bytes.toString("latin1", at, at + length));
    at += Math.max(length, 1);
  }
  return `${json}"`;
}

function jsonAscii(byte: number): string {
  if (byte === 0x22) return '\\"';
  if (byte === 0x5c) return "\\\\";
  if (byte === 0x0a) return "\\n";
  if (byte === 0x0d) return "\\r";
  if (byte === 0x09) return "\\t";
  if (byte < 0x20 || byte === 0x3c || byte === 0x3e || byte === 0x26)
    return hexEscape("\\u", byte, 4);
  return String.fromCharCode(byte);
}

function jsonRune(sequence: string): string {
  // U+2028 and U+2029 are escaped for the sake of JavaScript.
  if (sequence === "\xe2\x80\xa8") return "\\u2028";
  if (sequence === "\xe2\x80\xa9") return "\\u2029";
  return sequence;
}
