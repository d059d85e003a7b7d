import { compressionOf } from "#mail";

/** Fewer bytes than this say nothing. */
const leastBytes = 512;
/** Dovecot's mail_crypt: its files are random by design, and begin so. */
const cryptMagic = "CRYPTED\u0003\u0007";

/**
 * Whether these first bytes of a file are noise: as even as random bytes are, and no known compression or
 * encryption of a mail server. Mail begins with a header, whatever is attached to it; base64 has 6 bits
 * a byte, text about 4.5, random bytes of this length at least 97 % of what is possible.
 */
export function looksRandom(start: Uint8Array): boolean {
  const bytes = start.subarray(0, 4096);
  if (bytes.length < leastBytes) return false;
  if (compressionOf(bytes) !== undefined) return false;
  if (Buffer.from(bytes.subarray(0, cryptMagic.length)).toString("latin1") === cryptMagic)
    return false;
  return entropyOf(bytes) > expectedOfRandom(bytes.length) * 0.97;
}

/** Shannon's, in bits a byte. */
function entropyOf(bytes: Uint8Array): number {
  const counts = new Uint32Array(256);
  for (const byte of bytes) counts[byte] = (counts[byte] ?? 0) + 1;
  let bits = 0;
  for (const count of counts) {
    if (count === 0) continue;
    const share = count / bytes.length;
    bits -= share * Math.log2(share);
  }
  return bits;
}

/** What random bytes of this length show: a sample is less even than its source (Miller 1955). */
function expectedOfRandom(length: number): number {
  return 8 - 255 / (2 * length * Math.LN2);
}
