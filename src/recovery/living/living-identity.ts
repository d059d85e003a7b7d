import { messageIdentityOf } from "#mail";

const nul = 0x00;
const inPlaceOfNul = 0x80;

/**
 * The identity (#mail) of a message as IMAP shows it, to compare one from a store with one from a
 * server. IMAP cannot carry NUL (RFC 9051 §9, CHAR8); Dovecot keeps it and sends 0x80 in its place, so
 * that the two count as the same here.
 */
export function livingIdentityOf(bytes: Uint8Array): string {
  const first = bytes.indexOf(nul);
  if (first < 0) return messageIdentityOf(bytes);
  const shown = Buffer.from(bytes);
  for (let at = first; at >= 0; at = shown.indexOf(nul, at + 1)) shown[at] = inPlaceOfNul;
  return messageIdentityOf(shown);
}

const carriageReturn = 0x0d;
const lineFeed = 0x0a;

/** The message with every line end as CRLF, as IMAP wants it; its identity stays. */
export function withCrlf(bytes: Uint8Array): Uint8Array {
  let bare = 0;
  for (let at = bytes.indexOf(lineFeed); at >= 0; at = bytes.indexOf(lineFeed, at + 1)) {
    if (bytes[at - 1] !== carriageReturn) bare++;
  }
  if (bare === 0) return bytes;
  const whole = new Uint8Array(bytes.length + bare);
  let from = 0;
  let length = 0;
  for (let at = bytes.indexOf(lineFeed); at >= 0; at = bytes.indexOf(lineFeed, at + 1)) {
    if (bytes[at - 1] === carriageReturn) continue;
    whole.set(bytes.subarray(from, at), length);
    length += at - from;
    whole[length++] = carriageReturn;
    from = at;
  }
  whole.set(bytes.subarray(from), length);
  return whole;
}
