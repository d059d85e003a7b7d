import { quoted } from "#errors";
import { LmtpError } from "../lmtp-error.ts";

/** An answer of a server (RFC 5321 §4.2). Texts are bytes, one character each, as they were received. */
export type Reply = {
  readonly code: number;
  /** Every line's text, without code and separator. At least one. */
  readonly lines: readonly string[];
};

/** One line, with its enhanced status (RFC 3463) in front: `reply(250, "2.0.0 OK")`. */
export function reply(code: number, ...lines: readonly string[]): Reply {
  return { code, lines };
}

export function isPositive({ code }: Reply): boolean {
  return code >= 200 && code < 300;
}

/** As it goes over the wire, one character for each byte. */
export function encodeReply({ code, lines }: Reply): string {
  const last = lines.length - 1;
  let text = "";
  for (const [index, line] of lines.entries())
    text += `${code}${index === last ? " " : "-"}${line}\r\n`;
  return text;
}

/**
 * The most bytes of a line. RFC 5321 §4.5.3.1.5 says 512 for a reply and 512 for a command, to which
 * extensions add (RFC 3461 §4.2: 500 for ORCPT, RFC 6531 §3.4: 10 for SMTPUTF8, …).
 */
export const maxLineBytes: number = 4096;
/** The most lines of one reply: LHLO names one extension a line. */
const maxReplyLines = 128;

/** Takes a server's answers off its stream of bytes, however that is cut. */
export class ReplyReader {
  #pending: Buffer = Buffer.alloc(0);
  #code = 0;
  #lines: string[] = [];

  push(bytes: Buffer): void {
    this.#pending = this.#pending.length === 0 ? bytes : Buffer.concat([this.#pending, bytes]);
  }

  /** Undefined when more bytes are needed. Throws LmtpError `lmtp.bad-reply`. */
  next(): Reply | undefined {
    for (;;) {
      const end = this.#pending.indexOf(0x0a);
      if ((end === -1 ? this.#pending.length : end) > maxLineBytes)
        throw badReply(`a line of more than ${maxLineBytes} bytes`);
      if (end === -1) return undefined;
      const hasCr = end > 0 && this.#pending[end - 1] === 0x0d;
      const line = this.#pending.toString("latin1", 0, hasCr ? end - 1 : end);
      this.#pending = this.#pending.subarray(end + 1);
      const found = this.#take(line);
      if (found !== undefined) return found;
    }
  }

  #take(line: string): Reply | undefined {
    const [, digits, separator, text = ""] = /^([2-5]\d\d)(?:([ -])([^\0\r]*))?$/.exec(line) ?? [];
    if (digits === undefined) throw badReply(quoted(line));
    const code = Number(digits);
    if (this.#lines.length > 0 && code !== this.#code) throw badReply("one reply with two codes");
    if (this.#lines.length >= maxReplyLines)
      throw badReply(`a reply of more than ${maxReplyLines} lines`);
    this.#code = code;
    this.#lines.push(text);
    if (separator === "-") return undefined;
    const found: Reply = { code, lines: this.#lines };
    this.#lines = [];
    return found;
  }
}

function badReply(what: string): LmtpError {
  return new LmtpError("lmtp.bad-reply", `Cannot understand the mail server: it sent ${what}`, {
    hint: "Check that --server names an LMTP service, and not SMTP, IMAP or another.",
  });
}
