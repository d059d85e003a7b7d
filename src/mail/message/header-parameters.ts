/**
 * A structured header value with parameters, as Content-Type and Content-Disposition have them:
 * RFC 2045 §5.1 with the pieces and character sets of RFC 2231, read as mail is found: with
 * semicolons forgotten, blanks unquoted, quotes never closed.
 */
export type ParameterValue = {
  /** As written after `name=`, without quotes: one character per byte. */
  readonly plain?: string;
  /** The same up to its first blank where it was not quoted, which is where it should end. */
  readonly token?: string;
  /** Of `name*=` or joined of `name*0=`, `name*1*=`, …; percent signs decoded: one character per byte. */
  readonly extended?: { readonly bytes: string; readonly charset: string };
};

export type StructuredValue = {
  /** What stands before the parameters, in lower case: "text/plain", "attachment". */
  readonly value: string;
  /** By name in lower case. */
  readonly parameters: ReadonlyMap<string, ParameterValue>;
};

/** More parameters than these are not read. */
const parameterLimit = 200;
const nameLimit = 60;

type Piece = { readonly text: string; readonly isEncoded: boolean };
type Written = { readonly text: string; readonly token: string; readonly end: number };
type Found = { plain?: Written; pieces?: Map<number, Piece> };

/** Never throws. Line ends of folding may still be in the value. */
export function readParameters(field: string): StructuredValue {
  const whole = /[\r\n]/.test(field) ? field.replace(/[\r\n]/g, "") : field;
  const text = withoutComments(whole);
  let position = skipBlank(text, 0);
  const start = position;
  while (position < text.length && !isEndOfValue(text.charCodeAt(position))) position++;
  const value = text.slice(start, position).toLowerCase();
  const found = new Map<string, Found>();
  for (let count = 0; count < parameterLimit; count++) {
    while (position < text.length && isEndOfValue(text.charCodeAt(position))) position++;
    if (position >= text.length) break;
    const equals = text.indexOf("=", position);
    if (equals < 0) break;
    // What has no "=" before the next semicolon is no parameter.
    const semicolon = text.lastIndexOf(";", equals);
    const nameStart = semicolon >= position ? semicolon + 1 : position;
    const name = lastWord(text.slice(Math.max(nameStart, equals - 2 * nameLimit), equals));
    const parameter = parameterValue(text, equals + 1);
    position = parameter.end;
    if (name !== "" && name.length <= nameLimit) addParameter(found, name, parameter);
  }
  const parameters = new Map<string, ParameterValue>();
  for (const [name, { plain, pieces }] of found) {
    parameters.set(name, {
      ...(plain === undefined ? {} : { plain: plain.text, token: plain.token }),
      ...(pieces === undefined ? {} : { extended: joinPieces(pieces) }),
    });
  }
  return { value, parameters };
}

function addParameter(found: Map<string, Found>, written: string, value: Written): void {
  const star = written.indexOf("*");
  const name = star < 0 ? written : written.slice(0, star);
  let parameter = found.get(name);
  if (parameter === undefined) found.set(name, (parameter = {}));
  if (star < 0) {
    parameter.plain ??= value;
    return;
  }
  const match = /^\*(?:([0-9]{1,3})(\*)?)?$/.exec(written.slice(star));
  if (match === null) return;
  const isEncoded = match[1] === undefined || match[2] === "*";
  const pieces = (parameter.pieces ??= new Map<number, Piece>());
  const number = Number(match[1] ?? 0);
  if (!pieces.has(number)) pieces.set(number, { text: value.text, isEncoded });
}

/** RFC 2231 §3–4; what follows a missing piece is lost. */
function joinPieces(pieces: ReadonlyMap<number, Piece>): {
  readonly bytes: string;
  readonly charset: string;
} {
  let bytes = "";
  let charset = "";
  for (let index = 0; ; index++) {
    const piece = pieces.get(index);
    if (piece === undefined) return { bytes, charset };
    let { text } = piece;
    if (index === 0 && piece.isEncoded) {
      const match = /^([^']*)'[^']*'/.exec(text);
      if (match !== null) {
        charset = match[1] as string;
        text = text.slice(match[0].length);
      }
    }
    bytes += piece.isEncoded ? decodePercent(text) : text;
  }
}

function decodePercent(text: string): string {
  return text.replace(/%([0-9a-fA-F]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

function parameterValue(text: string, from: number): Written {
  let index = skipBlank(text, from);
  if (text[index] !== '"') {
    const semicolon = text.indexOf(";", index);
    const end = semicolon < 0 ? text.length : semicolon;
    const value = text.slice(index, end).trimEnd();
    // `charset=utf-8 format=flowed`: the semicolon was forgotten.
    const next = /[ \t][A-Za-z][-\w*]{1,30}=/.exec(value);
    const whole = next === null ? value : value.slice(0, next.index).trimEnd();
    const blank = /[ \t]/.exec(whole);
    return {
      text: whole,
      token: blank === null ? whole : whole.slice(0, blank.index),
      end: next === null ? end : index + next.index,
    };
  }
  let value = "";
  let start = ++index;
  for (; index < text.length && text[index] !== '"'; index++) {
    // Only what must be escaped is: `filename="C:\new.txt"` is a path of Windows.
    if (text[index] !== "\\" || (text[index + 1] !== '"' && text[index + 1] !== "\\")) continue;
    value += text.slice(start, index);
    start = ++index;
  }
  value += text.slice(start, index);
  return { text: value, token: value, end: index + 1 };
}

/** The name stands last where a semicolon before it was forgotten. */
function lastWord(text: string): string {
  const trimmed = text.trim();
  const blank = Math.max(trimmed.lastIndexOf(" "), trimmed.lastIndexOf("\t"));
  return trimmed.slice(blank + 1).toLowerCase();
}

function isEndOfValue(code: number): boolean {
  return code === 0x3b || code === 0x20 || code === 0x09 || code === 0x2c;
}

/**
 * Without comments (RFC 5322 §3.2.2; nesting counted, not recursed into). Only where a word
 * could begin: some senders put unquoted parentheses into a boundary or a file name.
 */
function withoutComments(value: string): string {
  if (!value.includes("(")) return value;
  let text = "";
  let depth = 0;
  let isQuoted = false;
  for (let index = 0; index < value.length; index++) {
    const character = value[index] as string;
    if (character === "\\" && (isQuoted || depth > 0)) {
      if (isQuoted) text += value.slice(index, index + 2);
      index++;
    } else if (depth > 0) {
      if (character === "(") depth++;
      else if (character === ")") depth--;
    } else if (!isQuoted && character === "(" && /^[ \t;]?$/.test(text.slice(-1))) {
      depth = 1;
    } else {
      if (character === '"') isQuoted = !isQuoted;
      text += character;
    }
  }
  return text;
}

function skipBlank(text: string, from: number): number {
  let index = from;
  while (text[index] === " " || text[index] === "\t") index++;
  return Math.min(index, text.length);
}
