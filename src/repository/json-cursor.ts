/** A place in the bytes of JSON, and what can be read there without making texts of it. */

const zero = 0x30;
const quote = 0x22;

/** 1 where a character of a JSON string stands for itself, in the name of a node too. */
export const isPlain: Uint8Array = Uint8Array.from({ length: 256 }, (_, code) =>
  code >= 0x20 && code <= 0x7e && !`"\\/`.includes(String.fromCharCode(code)) ? 1 : 0,
);

export class JsonCursor {
  readonly bytes: Buffer;
  at = 0;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  /** Goes past these bytes, if they stand here. */
  take(part: Uint8Array): boolean {
    const bytes = this.bytes;
    const at = this.at;
    for (let n = 0; n < part.length; n++) if (bytes[at + n] !== part[n]) return false;
    this.at = at + part.length;
    return true;
  }

  /** Goes to the closing quote; false where something is escaped, or is no plain ASCII. */
  plain(): boolean {
    const bytes = this.bytes;
    let at = this.at;
    while (isPlain[bytes[at] as number] === 1) at++;
    this.at = at;
    return bytes[at] === quote;
  }

  /** A number that JSON allows, of at most so many digits; -1 where it is not one. */
  number(digitsLimit: number): number {
    const bytes = this.bytes;
    const from = this.at;
    let at = from;
    let value = 0;
    for (;;) {
      const digit = (bytes[at] as number) - zero;
      if (!(digit >= 0 && digit <= 9)) break;
      value = value * 10 + digit;
      at++;
    }
    this.at = at;
    const digits = at - from;
    if (digits === 0 || digits > digitsLimit) return -1;
    return digits > 1 && bytes[from] === zero ? -1 : value;
  }

  /** A number of two digits below the limit; -1 where it is not one. Does not move. */
  twoDigits(at: number, limit: number): number {
    const tens = (this.bytes[at] as number) - zero;
    const ones = (this.bytes[at + 1] as number) - zero;
    if (!(tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9)) return -1;
    const value = tens * 10 + ones;
    return value < limit ? value : -1;
  }

  /** Whether the bytes from one place on are those from another on. */
  isSame(from: number, at: number, lengthBytes: number): boolean {
    const bytes = this.bytes;
    for (let n = 0; n < lengthBytes; n++) if (bytes[from + n] !== bytes[at + n]) return false;
    return true;
  }
}
