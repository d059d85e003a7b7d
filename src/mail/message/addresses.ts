import { decodeHeaderText, decodeRawHeader } from "./encoded-words.ts";
import { addProblem, type MailProblem } from "../mail-problem.ts";

/** One person or list in From, To and the like. */
export type MailAddress = {
  /** As people read it, decoded; "" where none is given. */
  readonly name: string;
  /** "user@domain"; without the domain where the mail has none. */
  readonly address: string;
  /** The group that it stands in (RFC 5322 §3.4). */
  readonly group?: string;
};

export type ReadAddressesOptions = {
  /** Default 1000. */
  readonly addressLimit?: number;
  /** Of raw bytes that are no UTF-8. Default: Windows-1252. */
  readonly rawCharset?: string;
};

/**
 * Reads an address list (one character per byte, unfolded), one step for each character: quoted
 * strings, comments, groups, routes of old and names with unquoted dots, commas excepted. Never
 * throws. What has neither name nor address is left out; a comment after an address is its name
 * where it has no other, as was the custom once.
 */
export function readAddresses(
  raw: string,
  problems: MailProblem[] = [],
  options: ReadAddressesOptions = {},
): readonly MailAddress[] {
  return new AddressReader(raw, problems, options).read();
}

class AddressReader {
  readonly #raw: string;
  readonly #problems: MailProblem[];
  readonly #limit: number;
  readonly #rawCharset: string;
  readonly #addresses: MailAddress[] = [];
  #group: string | undefined;
  /** Of the address that is being read: what is neither comment nor in angle brackets. */
  #words = "";
  #comment = "";
  #angle: string | undefined;
  /** Quotes within angle brackets count until once they were not closed. */
  #areQuotesClosed = true;

  constructor(raw: string, problems: MailProblem[], options: ReadAddressesOptions) {
    this.#raw = raw;
    this.#problems = problems;
    this.#limit = options.addressLimit ?? 1000;
    this.#rawCharset = options.rawCharset ?? "";
  }

  read(): readonly MailAddress[] {
    let index = 0;
    while (index < this.#raw.length) index = this.#step(index);
    this.#finish();
    return this.#addresses;
  }

  #step(index: number): number {
    const raw = this.#raw;
    switch (raw[index]) {
      case '"': {
        const quoted = readQuoted(raw, index);
        // In an address the quotes belong to it: "john doe"@example.org.
        this.#words += raw[quoted.end] === "@" ? raw.slice(index, quoted.end) : quoted.text;
        return quoted.end;
      }
      case "(": {
        const found = readComment(raw, index);
        if (this.#comment === "") this.#comment = found.text;
        return found.end;
      }
      case "<": {
        const end = this.#angleEnd(index);
        this.#angle ??= raw.slice(index + 1, end);
        return end + 1;
      }
      case ":":
        this.#colon();
        return index + 1;
      case ";":
        this.#finish();
        this.#group = undefined;
        return index + 1;
      case ",":
        this.#finish();
        return index + 1;
      default: {
        const end = plainEnd(raw, index);
        this.#words += raw.slice(index, end);
        return end;
      }
    }
  }

  /** Begins a group, unless it stands where none can begin. */
  #colon(): void {
    if (this.#group !== undefined || this.#angle !== undefined || this.#words.includes("@")) {
      this.#words += ":";
      return;
    }
    this.#group = decodeHeaderText(this.#words.trim(), this.#problems, this.#rawCharset);
    this.#words = "";
  }

  #finish(): void {
    const written = this.#words.trim();
    const commented = this.#comment.trim();
    const angle = this.#angle;
    this.#words = "";
    this.#comment = "";
    this.#angle = undefined;
    if (written === "" && angle === undefined) return;
    if (this.#addresses.length >= this.#limit) {
      const message = `A field has more than ${this.#limit} addresses`;
      addProblem(this.#problems, "header", message);
      return;
    }
    if (angle !== undefined) {
      this.#add(written === "" ? commented : written, withoutRoute(angle));
    } else if (written.includes("@")) {
      for (const address of bareAddresses(written)) this.#add(commented, address);
    } else if (written.includes("=?")) this.#add(written, "");
    else this.#add(commented, written);
  }

  #add(writtenName: string, writtenAddress: string): void {
    const name = decodeHeaderText(writtenName, this.#problems, this.#rawCharset);
    // Encoded words have no meaning within an address (RFC 2047 §5); bytes beyond ASCII do (RFC 6532).
    const address = decodeRawHeader(writtenAddress, this.#rawCharset);
    if (address === "" && name === "") return;
    const group = this.#group;
    this.#addresses.push({ name, address, ...(group === undefined ? {} : { group }) });
  }

  /** Where ">" stands that ends it; one within quotes does not. */
  #angleEnd(from: number): number {
    const raw = this.#raw;
    if (this.#areQuotesClosed) {
      let isQuoted = false;
      for (let index = from + 1; index < raw.length; index++) {
        const character = raw[index];
        if (character === '"') isQuoted = !isQuoted;
        else if (character === "\\" && isQuoted) index++;
        else if (character === ">" && !isQuoted) return index;
      }
      this.#areQuotesClosed = false;
    }
    const end = raw.indexOf(">", from);
    return end < 0 ? raw.length : end;
  }
}

/** Past the characters that have no meaning of their own. */
function plainEnd(raw: string, from: number): number {
  let index = from + 1;
  for (; index < raw.length; index++) {
    const code = raw.charCodeAt(index);
    // " ( , : ; <
    if (
      code === 0x22 ||
      code === 0x28 ||
      code === 0x2c ||
      code === 0x3a ||
      code === 0x3b ||
      code === 0x3c
    )
      break;
  }
  return index;
}

function readQuoted(raw: string, from: number): { readonly text: string; readonly end: number } {
  let text = "";
  let start = from + 1;
  for (let index = start; index < raw.length; index++) {
    const character = raw[index];
    if (character === '"') return { text: text + raw.slice(start, index), end: index + 1 };
    if (character !== "\\" || index + 1 >= raw.length) continue;
    text += raw.slice(start, index);
    start = ++index;
  }
  return { text: text + raw.slice(start), end: raw.length };
}

/** Without the outer parentheses; nesting is counted. */
function readComment(raw: string, from: number): { readonly text: string; readonly end: number } {
  let depth = 0;
  let text = "";
  let start = from + 1;
  for (let index = from; index < raw.length; index++) {
    const character = raw[index];
    if (character === "(") depth++;
    else if (character === ")" && --depth === 0)
      return { text: text + raw.slice(start, index), end: index + 1 };
    else if (character === "\\" && index + 1 < raw.length) {
      text += raw.slice(start, index);
      start = ++index;
    }
  }
  return { text: text + raw.slice(start), end: raw.length };
}

/** `@relay,@other:user@domain` (RFC 5322 §4.4) → `user@domain`. */
function withoutRoute(text: string): string {
  const trimmed = withoutBlanks(text.includes("(") ? text.replace(/\([^()]*\)/g, "") : text);
  if (!trimmed.startsWith("@")) return trimmed;
  return trimmed.slice(trimmed.indexOf(":") + 1);
}

/** Mostly one; several where the commas between them were forgotten. */
function bareAddresses(written: string): readonly string[] {
  const words = written.split(/[ \t]+/);
  if (words.length > 1 && words.every((word) => /^[^@]+@[^@]+$/.test(word))) return words;
  return [withoutBlanks(written)];
}

/** RFC 5322 §4.4 allows blanks around dots and "@"; within quotes they count. */
function withoutBlanks(text: string): string {
  const trimmed = text.trim();
  if (trimmed.includes('"') || !trimmed.includes("@") || !/[ \t]/.test(trimmed)) return trimmed;
  // In two steps: one expression for both looks again and again at a long run of blanks.
  return trimmed.replace(/[ \t]+/g, " ").replace(/ ?([.@]) ?/g, "$1");
}
