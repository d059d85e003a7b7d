/**
 * The delivery trace: the leading header fields that the last deliveries put in front of a
 * message, different for every recipient while everything after them repeats. It is what
 * stands between one mail in many mailboxes and storing it once, and it is no part of what
 * makes a message the same message.
 */

/** A trace that is longer than this ends at the last whole field before it. */
export const traceLimitBytes: number = 32 * 1024;

const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const space = 0x20;
const tab = 0x09;

const returnPath = Buffer.from("return-path");
const received = Buffer.from("received");
const deliveredTo = Buffer.from("delivered-to");
const originalTo = Buffer.from("x-original-to");
const envelopeTo = Buffer.from("envelope-to");
const fromLine = Buffer.from("From ");

/**
 * Where the delivery trace of the message in bytes[start, end) ends: a leading `From ` line
 * of an mbox, then Return-Path, Delivered-To, X-Original-To, Envelope-To, and Received that
 * names LMTP or one recipient (`for <…>`), each with its folded lines (RFC 5322 §2.2.3).
 * `start` where there is none. Looks at `traceLimitBytes` at most; whoever holds only the
 * head of a message must hold at least one byte more than that.
 */
export function deliveryTraceEnd(bytes: Uint8Array, start: number, end: number): number {
  const limit = Math.min(end, start + traceLimitBytes);
  const isCutOff = limit < end;
  let position = afterFromLine(bytes, start, end);
  for (;;) {
    const kind = traceFieldAt(bytes, position, limit);
    if (kind === undefined) return position;
    const fieldEnd = endOfField(bytes, position, limit);
    if (fieldEnd === limit && isCutOff) return position;
    if (kind === received && !namesRecipient(bytes, position, fieldEnd)) return position;
    position = fieldEnd;
  }
}

/** The position after a leading `From ` line (RFC 4155), or `start` where there is none. */
export function afterFromLine(bytes: Uint8Array, start: number, end: number): number {
  if (end - start < fromLine.length || bytes[start] !== fromLine[0]) return start;
  for (let index = 1; index < fromLine.length; index++) {
    if (bytes[start + index] !== fromLine[index]) return start;
  }
  const limit = Math.min(end, start + traceLimitBytes);
  for (let index = start + fromLine.length; index < limit; index++) {
    if (bytes[index] === lineFeed) return index + 1;
  }
  return start;
}

function traceFieldAt(bytes: Uint8Array, position: number, limit: number): Buffer | undefined {
  if (position >= limit) return undefined;
  switch ((bytes[position] as number) | 0x20) {
    case 0x72: // r
      if (isField(bytes, position, limit, received)) return received;
      return isField(bytes, position, limit, returnPath) ? returnPath : undefined;
    case 0x64: // d
      return isField(bytes, position, limit, deliveredTo) ? deliveredTo : undefined;
    case 0x78: // x
      return isField(bytes, position, limit, originalTo) ? originalTo : undefined;
    case 0x65: // e
      return isField(bytes, position, limit, envelopeTo) ? envelopeTo : undefined;
    default:
      return undefined;
  }
}

/** Whether a header field of this lower-case name starts at the position. */
export function isField(
  bytes: Uint8Array,
  position: number,
  limit: number,
  name: Uint8Array,
): boolean {
  let index = position + name.length;
  if (index >= limit) return false;
  for (let at = 0; at < name.length; at++) {
    const byte = bytes[position + at] as number;
    const lower = byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte;
    if (lower !== name[at]) return false;
  }
  while (index < limit && (bytes[index] === space || bytes[index] === tab)) index++;
  return index < limit && bytes[index] === 0x3a;
}

/** After the last folded line of the field; `limit` where it does not end before. */
function endOfField(bytes: Uint8Array, position: number, limit: number): number {
  for (let index = position; index < limit; index++) {
    if (bytes[index] !== lineFeed) continue;
    const next = bytes[index + 1];
    if (index + 1 < limit && next !== space && next !== tab) return index + 1;
  }
  return limit;
}

/** Whether a Received field says ` LMTP…` (RFC 3848) or ` for <`, folded or not. */
function namesRecipient(bytes: Uint8Array, start: number, end: number): boolean {
  for (let index = start + 1; index + 4 < end; index++) {
    const byte = bytes[index] as number;
    if (byte !== 0x4c && (byte | 0x20) !== 0x66) continue;
    if (!isWhitespace(bytes[index - 1] as number)) continue;
    if (byte === 0x4c) {
      if (bytes[index + 1] === 0x4d && bytes[index + 2] === 0x54 && bytes[index + 3] === 0x50)
        return true;
      continue;
    }
    if (
      ((bytes[index + 1] as number) | 0x20) !== 0x6f ||
      ((bytes[index + 2] as number) | 0x20) !== 0x72
    )
      continue;
    let after = index + 3;
    while (after < end && isWhitespace(bytes[after] as number)) after++;
    if (after > index + 3 && after < end && bytes[after] === 0x3c) return true;
  }
  return false;
}

function isWhitespace(byte: number): boolean {
  return byte === space || byte === tab || byte === lineFeed || byte === carriageReturn;
}
