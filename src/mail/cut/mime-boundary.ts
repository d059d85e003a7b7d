/** RFC 2046 §5.1.1 allows 70; longer ones occur, endless ones do not. */
export const boundaryLimitBytes = 200;

/** What a Content-Type says about how its entity is laid out. */
export type EntityLayout =
  | { readonly kind: "multipart"; readonly boundary: string }
  | { readonly kind: "message" };

/**
 * Reads the value of a Content-Type field (one character per byte, line ends of folding
 * included). Undefined for every type that has no parts, and for boundaries that cannot be used.
 */
export function entityLayoutOf(contentType: string): EntityLayout | undefined {
  const value = withoutComments(contentType.replace(/[\r\n]/g, ""));
  const start = skipBlank(value, 0);
  const isType = (type: string): boolean =>
    value.slice(start, start + type.length).toLowerCase() === type;
  if (isType("message/rfc822") || isType("message/global")) {
    // message/global-headers and the like are not messages.
    const after = value[start + "message/rfc822".length]; // as long as message/global
    return after === undefined || !/[-a-zA-Z0-9]/.test(after) ? { kind: "message" } : undefined;
  }
  if (!isType("multipart/")) return undefined;
  const boundary = boundaryParameter(value, start);
  return boundary === undefined ? undefined : { kind: "multipart", boundary };
}

/** `boundary=`, quoted or not, or in the pieces of RFC 2231 §3–4 (`boundary*0="…"; boundary*1*=…`). */
function boundaryParameter(value: string, start: number): string | undefined {
  let plain: string | undefined;
  const pieces = new Map<number, string>();
  let position = value.indexOf(";", start);
  while (position >= 0) {
    const equals = value.indexOf("=", position + 1);
    if (equals < 0) break;
    const name = value
      .slice(Math.max(position + 1, value.lastIndexOf(";", equals) + 1), equals)
      .trim()
      .toLowerCase();
    const parameter = parameterValue(value, equals + 1);
    const match = /^boundary(?:\*(?:([0-9]{1,2})(\*)?)?)?$/.exec(name);
    if (match !== null) {
      const isExtended = match[2] === "*" || name === "boundary*";
      const first = match[1] === undefined || Number(match[1]) === 0;
      const text = isExtended ? decodeExtended(parameter.text, first) : parameter.text;
      if (match[1] !== undefined) pieces.set(Number(match[1]), text);
      else plain ??= text;
    }
    position = value.indexOf(";", parameter.end);
  }
  const boundary = (plain ?? joinPieces(pieces)).replace(/[ \t]+$/, "");
  const isUsable =
    boundary.length > 0 && boundary.length <= boundaryLimitBytes && !hasControlCharacter(boundary);
  return isUsable ? boundary : undefined;
}

/** A delimiter is looked for within a line; a line end in it (RFC 2231 can encode one) could not be found. */
function hasControlCharacter(text: string): boolean {
  for (let index = 0; index < text.length; index++) {
    if (text.charCodeAt(index) < 0x20) return true;
  }
  return false;
}

function joinPieces(pieces: ReadonlyMap<number, string>): string {
  let text = "";
  for (let index = 0; ; index++) {
    const piece = pieces.get(index);
    if (piece === undefined) return text;
    text += piece;
  }
}

function parameterValue(
  value: string,
  from: number,
): { readonly text: string; readonly end: number } {
  let index = skipBlank(value, from);
  if (value[index] !== '"') {
    const start = index;
    while (
      index < value.length &&
      value[index] !== ";" &&
      value[index] !== " " &&
      value[index] !== "\t"
    )
      index++;
    return { text: value.slice(start, index), end: index };
  }
  let text = "";
  for (index++; index < value.length && value[index] !== '"'; index++) {
    if (value[index] === "\\" && index + 1 < value.length) index++;
    text += value[index];
  }
  return { text, end: index + 1 };
}

function decodeExtended(text: string, hasCharset: boolean): string {
  const encoded = hasCharset ? text.replace(/^[^']*'[^']*'/, "") : text;
  return encoded.replace(/%([0-9a-fA-F]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

/**
 * Without comments (RFC 5322 §3.2.2; nesting counted, not recursed into). Only where a word
 * could begin: some senders put unquoted parentheses into the boundary itself.
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

function skipBlank(value: string, from: number): number {
  let index = from;
  while (value[index] === " " || value[index] === "\t") index++;
  return Math.min(index, value.length);
}
