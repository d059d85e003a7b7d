import { isField } from "../message/delivery-trace.ts";

/**
 * What servers keep about a message among its own header fields. Dovecot hides all of these from its
 * clients, wherever they come from; so do UW-IMAP and Courier's mbox tools with those they know.
 *
 * | field          | value                                                                       |
 * | -------------- | --------------------------------------------------------------------------- |
 * | Status         | R read, O no longer recent                                                  |
 * | X-Status       | A answered, F flagged, T draft, D deleted                                   |
 * | X-Keywords     | names of keywords, blanks between and after them                            |
 * | X-UID          | the UID                                                                     |
 * | X-IMAPbase     | of the first message: UIDVALIDITY, the last UID given, names of keywords    |
 * | X-IMAP         | the same; its message is no mail: "FOLDER INTERNAL DATA"                    |
 * | Content-Length | bytes of the body, not to be believed without looking                       |
 */
const serverFields = [
  "content-length",
  "status",
  "x-imap",
  "x-imapbase",
  "x-keywords",
  "x-status",
  "x-uid",
] as const;
export type ServerField = (typeof serverFields)[number];
const needles = serverFields.map((name) => [name, Buffer.from(name)] as const);

/** How much of a line decides whose it is: the longest name, and blanks before its colon. */
export const fieldStartBytes = 64;

/** The server's own field that a line of a header begins with. */
export function serverFieldAt(
  bytes: Uint8Array,
  start: number,
  lineEnd: number,
): ServerField | undefined {
  const first = (bytes[start] as number) | 0x20;
  if (first !== 0x78 && first !== 0x73 && first !== 0x63) return undefined;
  const limit = Math.min(lineEnd, start + fieldStartBytes);
  for (const [name, needle] of needles) {
    if (needle[0] === first && isField(bytes, start, limit, needle)) return name;
  }
  return undefined;
}

/** What a mailbox's first message says of the whole mailbox. */
export type ImapBase = {
  readonly uidValidity: number;
  readonly uidLast: number;
  readonly keywords: readonly string[];
};

const uidLimit = 0xffff_ffff;
const keywordLimit = 1000;

/** "1234567890 0000000012 Important $Junk" */
export function parseImapBase(value: string): ImapBase | undefined {
  const match = /^(\d{1,10})(?: +[\s]*(\d{1,10})(?=\s|$)(.*))?\s*$/s.exec(value.trim());
  if (match === null) return undefined;
  const uidValidity = Number(match[1]);
  const uidLast = Number(match[2] ?? 0);
  if (uidValidity === 0 || uidValidity > uidLimit || uidLast > uidLimit) return undefined;
  return { uidValidity, uidLast, keywords: words(match[3] ?? "") };
}

/** Everything that one header says to its server. */
export type ServerFields = {
  readonly flags: readonly string[];
  readonly isRecent: boolean;
  readonly uid?: number;
  /** Undefined where the field is missing. */
  readonly keywords?: readonly string[];
  readonly base?: ImapBase;
  readonly isPseudoMessage: boolean;
  readonly contentLength?: number;
};

const flagOfLetter: ReadonlyMap<string, string> = new Map([
  ["status R", "\\Seen"],
  ["x-status A", "\\Answered"],
  ["x-status F", "\\Flagged"],
  ["x-status T", "\\Draft"],
  ["x-status D", "\\Deleted"],
]);

export class ServerFieldReader {
  readonly #isFirst: boolean;
  readonly #flags = new Set<string>();
  #isRecent = true;
  #uid: number | undefined;
  #keywords: readonly string[] | undefined;
  #base: ImapBase | undefined;
  #isPseudoMessage = false;
  #contentLength: number | undefined;

  /** Only the first message of a mailbox speaks for all of it. */
  constructor(options: { readonly isFirst: boolean }) {
    this.#isFirst = options.isFirst;
  }

  /** A field with its unfolded value. Of two of a kind the first counts; flags add up. */
  field(name: ServerField, value: string): void {
    switch (name) {
      case "status":
      case "x-status":
        for (const letter of value.slice(0, 100)) {
          if (name === "status" && letter === "O") this.#isRecent = false;
          const flag = flagOfLetter.get(`${name} ${letter}`);
          if (flag !== undefined) this.#flags.add(flag);
        }
        return;
      case "x-uid":
        // In the first message a UID before the base means nothing: c-client and Dovecot write it after.
        if (!this.#isFirst || this.#base !== undefined) this.#uid ??= wholeNumber(value, uidLimit);
        return;
      case "x-keywords":
        this.#keywords ??= words(value);
        return;
      case "content-length":
        this.#contentLength ??= wholeNumber(value, Number.MAX_SAFE_INTEGER);
        return;
      case "x-imapbase":
      case "x-imap":
        if (!this.#isFirst || this.#base !== undefined) return;
        this.#base = parseImapBase(value);
        if (name === "x-imap") this.#isPseudoMessage = this.#base !== undefined;
        return;
      default:
        name satisfies never;
    }
  }

  result(): ServerFields {
    return {
      flags: [...this.#flags].sort(),
      isRecent: this.#isRecent,
      isPseudoMessage: this.#isPseudoMessage,
      ...(this.#uid === undefined ? {} : { uid: this.#uid }),
      ...(this.#keywords === undefined ? {} : { keywords: this.#keywords }),
      ...(this.#base === undefined ? {} : { base: this.#base }),
      ...(this.#contentLength === undefined ? {} : { contentLength: this.#contentLength }),
    };
  }
}

function wholeNumber(value: string, limit: number): number | undefined {
  if (!/^\s*\d{1,16}\s*$/.test(value)) return undefined;
  const number = Number(value);
  return number <= limit ? number : undefined;
}

function words(value: string): readonly string[] {
  const text = Buffer.from(value, "latin1").toString("utf8");
  return text.split(/\s+/, keywordLimit).filter((word) => word !== "" && word.length <= 500);
}
