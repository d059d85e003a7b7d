import {
  deliveryTraceEnd,
  extractText,
  type MailAddress,
  messageIdentityOf,
  readHeaders,
} from "#mail";

/**
 * What a catalog keeps of a message: nothing but what follows from the bytes that make its identity,
 * so that it does not matter in whose mailbox it was read first.
 */
export type MessageFacts = {
  /** 64 hexadecimal digits (`messageIdentity`). */
  readonly identity: string;
  /** Seconds since 1970 UTC: when it was sent, as its header says; absent where nothing in it can be right. */
  readonly dateS?: number;
  /** Line ends counted as one byte, without the delivery trace. */
  readonly sizeBytes: number;
  readonly subject: string;
  readonly from: string;
  readonly to: string;
  /** Cc and Bcc. */
  readonly cc: string;
  /** Without angle brackets. */
  readonly messageId: string;
  readonly attachmentNames: readonly string[];
  readonly hasAttachment: boolean;
  /** What a reader sees, at most `textLimit` characters. */
  readonly text: string;
};

export type MessageFactsOptions = {
  /** Characters of text that are kept. Default 256 Ki; 0 keeps none. */
  readonly textLimit?: number;
};

/** Longer ones are cut: they are for lists, and what one mail may cost must have a bound. */
const fieldLimit = 8_192;
const nameLimit = 255;
const namesLimit = 200;
const headerLimitBytes = 64 * 1024;
/** A date beyond is a program's or a sender's mistake: 2106, and what 32 bits hold. */
const endOfDatesS = 2 ** 32;

/** Reads one message whole. Never throws: bad mail gives what it has. */
export function messageFactsOf(
  bytes: Uint8Array,
  { textLimit = 256 * 1024 }: MessageFactsOptions = {},
): MessageFacts {
  // The delivery trace is no part of the identity.
  const traceEnd = deliveryTraceEnd(bytes, 0, bytes.length);
  const own = Buffer.from(bytes.buffer, bytes.byteOffset + traceEnd, bytes.length - traceEnd);
  const found = extractText(own, { textLimit });
  const dateS = secondsOf(found.dateMs) ?? receivedS(own);
  return {
    identity: messageIdentityOf(bytes, traceEnd),
    ...(dateS === undefined ? {} : { dateS }),
    sizeBytes: own.length - lineEndsOfTwo(own),
    subject: short(found.subject),
    from: addresses(found.from),
    to: addresses(found.to),
    cc: addresses([...found.cc, ...found.bcc]),
    messageId: short(found.messageId ?? ""),
    attachmentNames: found.attachmentNames
      .slice(0, namesLimit)
      .map((name) => name.slice(0, nameLimit).toWellFormed()),
    hasAttachment: found.hasAttachment,
    text: textLimit === 0 ? "" : found.bodyText.toWellFormed(),
  };
}

function short(text: string): string {
  return text.slice(0, fieldLimit).toWellFormed();
}

/** As a person writes them: "Ada Example <ada@example.org>, bob@example.org". */
function addresses(list: readonly MailAddress[]): string {
  let text = "";
  for (const { name, address } of list) {
    if (text.length > fieldLimit) break;
    const shown = name === "" ? address : address === "" ? name : `${name} <${address}>`;
    text += text === "" ? shown : `, ${shown}`;
  }
  return short(text);
}

function secondsOf(dateMs: number | undefined): number | undefined {
  if (dateMs === undefined) return undefined;
  const seconds = Math.floor(dateMs / 1000);
  return seconds > 0 && seconds < endOfDatesS ? seconds : undefined;
}

/** The date at which the last server that is in its header took it (RFC 5321 §4.4). */
function receivedS(own: Uint8Array): number | undefined {
  const { fields } = readHeaders(own, { limitBytes: headerLimitBytes });
  const received = fields.find(({ name }) => name.toLowerCase() === "received")?.value;
  if (received === undefined) return undefined;
  const date = received.slice(received.lastIndexOf(";") + 1);
  return secondsOf(readHeaders(Buffer.from(`Date: ${date}\n\n`, "latin1")).dateMs);
}

function lineEndsOfTwo(bytes: Buffer): number {
  let count = 0;
  for (let at = bytes.indexOf(0x0d); at >= 0; at = bytes.indexOf(0x0d, at + 1))
    if (bytes[at + 1] === 0x0a) count++;
  return count;
}
