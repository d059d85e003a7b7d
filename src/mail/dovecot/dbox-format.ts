/**
 * A dbox file (Dovecot's dbox-file.h): sdbox has one message in each (`u.N`), mdbox many (`m.N`).
 *
 *     2 M1e C<creation, seconds, hex> LF          version, bytes of a message header (hex)
 *     <message> …
 *
 * A message:
 *
 * | bytes | what                                                                     |
 * | ----- | ------------------------------------------------------------------------ |
 * | 2     | 01 02                                                                    |
 * | 1     | type, "N"                                                                |
 * | 10    | spaces                                                                   |
 * | 16    | size of the body as stored, hex                                          |
 * | 1     | LF                                                                       |
 * | …     | body, perhaps compressed, perhaps without its attachments                |
 * | 4     | LF 01 03 LF                                                              |
 * | …     | metadata: a letter and its value on a line each, then an empty line      |
 *
 * Letters: R received (seconds, hex), V size with CRLF (hex), G GUID, Z size of the message where it
 * is not the body's (hex), B mailbox it was first saved to, X attachments stored elsewhere, P POP3
 * UIDL, O order for POP3.
 */
import { createHash } from "node:crypto";

export type DboxFileHeader = {
  /** Where the first message starts. */
  readonly lengthBytes: number;
  readonly messageHeaderBytes: number;
};

/** What a file has whose own header is damaged. */
export const usualFileHeader: DboxFileHeader = { lengthBytes: 16, messageHeaderBytes: 30 };

export type DboxMetadata = {
  readonly receivedSeconds?: number;
  readonly virtualSizeBytes?: number;
  readonly guid?: string;
  readonly plainSizeBytes?: number;
  /** One character per byte. */
  readonly mailbox?: string;
  readonly references?: string;
  /** Bytes from the start of the metadata's magic to after its empty line. */
  readonly lengthBytes: number;
};

/** Longest first line that is looked at; Dovecot's has some 20 bytes. */
export const fileHeaderLimitBytes = 256;
/** What mail with thousands of attachments needs. */
export const metadataLimitBytes: number = 1024 * 1024;
const metadataMagic = Buffer.from("\n\x01\x03\n", "latin1");
const sizeOffset = 13;
const sizeDigits = 16;

/** Undefined where the file does not start as a dbox file does. */
export function parseFileHeader(start: Uint8Array): DboxFileHeader | undefined {
  const end = start.subarray(0, fileHeaderLimitBytes).indexOf(0x0a);
  if (end < 0) return undefined;
  const line = Buffer.from(start.subarray(0, end)).toString("latin1");
  const size = /^[12] (?:.* )?M([0-9a-f]{1,3})(?: |$)/.exec(line)?.[1];
  const messageHeaderBytes = Number.parseInt(size ?? "", 16);
  if (!(messageHeaderBytes >= sizeOffset + sizeDigits + 1)) return undefined;
  return { lengthBytes: end + 1, messageHeaderBytes };
}

/** The size of the body after a message header; undefined where these bytes are none. */
export function parseMessageHeader(bytes: Uint8Array): number | undefined {
  if (bytes[0] !== 1 || bytes[1] !== 2 || bytes[bytes.length - 1] !== 0x0a) return undefined;
  const digits = bytes.subarray(sizeOffset, sizeOffset + sizeDigits);
  return hexNumber(Buffer.from(digits).toString("latin1"));
}

/** Undefined where the bytes are no metadata or their end is not among them. */
export function parseMetadata(bytes: Uint8Array): DboxMetadata | undefined {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (!metadataMagic.equals(buffer.subarray(0, metadataMagic.length))) return undefined;
  const values = new Map<string, string>();
  let at = metadataMagic.length;
  for (;;) {
    const end = buffer.indexOf(0x0a, at);
    if (end < 0) return undefined;
    const key = buffer[at] as number;
    const line = at;
    at = end + 1;
    if (line === end || key === 0x20) break;
    const letter = String.fromCharCode(key);
    if (!values.has(letter)) values.set(letter, buffer.toString("latin1", line + 1, end));
  }
  const text = (letter: string, name: string): object => {
    const value = values.get(letter);
    return value === undefined ? {} : { [name]: value };
  };
  const number = (letter: string, name: string): object => {
    const value = hexNumber(values.get(letter) ?? "");
    return value === undefined ? {} : { [name]: value };
  };
  return {
    ...number("R", "receivedSeconds"),
    ...number("V", "virtualSizeBytes"),
    ...text("G", "guid"),
    ...number("Z", "plainSizeBytes"),
    ...text("B", "mailbox"),
    ...text("X", "references"),
    lengthBytes: at,
  };
}

/** Dovecot's 128 bits of a message's GUID, which may be any text: 32 hexadecimal digits. */
export function shortGuid(guid: string): string {
  if (/^[0-9a-f]{32}$/.test(guid)) return guid;
  return createHash("sha1").update(guid, "latin1").digest().subarray(4).toString("hex");
}

/** Up to 2^53, as no mail has more bytes and no moment more seconds. */
function hexNumber(text: string): number | undefined {
  if (!/^[0-9a-fA-F]{1,16}$/.test(text)) return undefined;
  const value = Number.parseInt(text, 16);
  return Number.isSafeInteger(value) ? value : undefined;
}
