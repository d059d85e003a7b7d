/**
 * JSON written byte by byte into one buffer that is used again: no text, and nothing for the garbage
 * collector, for each of a hundred thousand nodes. Only `text` makes room by itself.
 */

const firstBytes = 256 * 1024;
/** What the tree of a huge folder needed must not be kept for the rest of a capture. */
const mostKeptBytes = 8 * 1024 * 1024;
const maxDates = 4096;
const dateBytes = 11;
const secondsPerDay = 86_400;
const zero = 0x30;

/** 1 where a character goes through Go's strconv.Quote and encoding/json as it is (see go-json.ts). */
const isPlain = Uint8Array.from({ length: 256 }, (_, code) =>
  code >= 0x20 && code <= 0x7e && !`"&<>\\`.includes(String.fromCharCode(code)) ? 1 : 0,
);
const hexDigits: Uint8Array = Buffer.from("0123456789abcdef");

export class JsonBytes {
  #bytes: Uint8Array = new Uint8Array(firstBytes);
  #used = 0;
  readonly #dates = new Map<number, Uint8Array>();

  /** Room for so many bytes more. */
  reserve(moreBytes: number): void {
    const needed = this.#used + moreBytes;
    if (needed <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    larger.set(this.#bytes.subarray(0, this.#used));
    this.#bytes = larger;
  }

  /** One character per byte. */
  text(raw: string): void {
    this.reserve(raw.length);
    for (let n = 0; n < raw.length; n++) this.#bytes[this.#used++] = raw.charCodeAt(n);
  }

  put(part: Uint8Array): void {
    const bytes = this.#bytes;
    let used = this.#used;
    for (let n = 0; n < part.length; n++) bytes[used++] = part[n] as number;
    this.#used = used;
  }

  /** False, and nothing is written, where a character of it has to be escaped. */
  plain(raw: string): boolean {
    const bytes = this.#bytes;
    let used = this.#used;
    for (let n = 0; n < raw.length; n++) {
      const code = raw.charCodeAt(n);
      if (isPlain[code] !== 1) return false;
      bytes[used++] = code;
    }
    this.#used = used;
    return true;
  }

  /** A whole number from 0 up to 2^53. */
  number(value: number): void {
    const bytes = this.#bytes;
    let digits = 1;
    for (let power = 10; power <= value; power *= 10) digits++;
    let at = (this.#used += digits);
    let rest = value;
    // Beyond 31 bits division is that of floating point, which is slow.
    while (rest > 0x7fff_ffff) {
      const tenth = Math.floor(rest / 10);
      bytes[--at] = zero + (rest - tenth * 10);
      rest = tenth;
    }
    do {
      const tenth = (rest / 10) | 0;
      bytes[--at] = zero + (rest - tenth * 10);
      rest = tenth;
    } while (rest > 0);
  }

  hex(ids: Uint8Array, from: number, to: number): void {
    const bytes = this.#bytes;
    let used = this.#used;
    for (let n = from; n < to; n++) {
      const byte = ids[n] as number;
      bytes[used++] = hexDigits[byte >> 4] as number;
      bytes[used++] = hexDigits[byte & 15] as number;
    }
    this.#used = used;
  }

  /**
   * An instant as RFC3339Nano (see #time), of the two halves of its nanoseconds since 1970: 64 bits
   * reach from 1677 to 2262. Returns where it begins, for `again`.
   */
  time(lowHalf: number, highHalf: number): number {
    const start = this.#used;
    let second = Math.floor((highHalf * 0x1_0000_0000 + lowHalf) / 1e9);
    // The quotient may be one off, since so many digits have no place in it; the remainder is exact modulo 2^32.
    let fraction = (lowHalf - Math.imul(second, 1_000_000_000)) >>> 0;
    if (fraction >= 0x1_0000_0000 - 1e9) {
      second--;
      fraction = fraction - 0x1_0000_0000 + 1e9;
    } else if (fraction >= 1e9) {
      second++;
      fraction -= 1e9;
    }
    const day = Math.floor(second / secondsPerDay);
    this.put(this.#dateOf(day));
    this.#timeOfDay(second - day * secondsPerDay);
    if (fraction > 0) this.#fraction(fraction);
    this.#bytes[this.#used++] = 0x5a;
    return start;
  }

  /** What was written from there up to here, once more. */
  again(from: number, to: number): void {
    const bytes = this.#bytes;
    for (let n = from; n < to; n++) bytes[this.#used++] = bytes[n] as number;
  }

  get length(): number {
    return this.#used;
  }

  /** All that was written, the caller's own; then it begins anew. */
  take(): Uint8Array {
    const taken = this.#bytes.slice(0, this.#used);
    this.#used = 0;
    if (this.#bytes.length > mostKeptBytes) this.#bytes = new Uint8Array(firstBytes);
    return taken;
  }

  /** Mail of years has arrived on a few thousand days. */
  #dateOf(day: number): Uint8Array {
    const known = this.#dates.get(day);
    if (known !== undefined) return known;
    if (this.#dates.size >= maxDates) this.#dates.clear();
    const date = new Date(day * secondsPerDay * 1000).toISOString().slice(0, dateBytes);
    const made = Buffer.from(date, "latin1");
    this.#dates.set(day, made);
    return made;
  }

  #timeOfDay(second: number): void {
    const minutes = (second / 60) | 0;
    const hours = (minutes / 60) | 0;
    this.#twoDigits(hours);
    this.#bytes[this.#used++] = 0x3a;
    this.#twoDigits(minutes - hours * 60);
    this.#bytes[this.#used++] = 0x3a;
    this.#twoDigits(second - minutes * 60);
  }

  #twoDigits(value: number): void {
    const tens = (value / 10) | 0;
    this.#bytes[this.#used++] = zero + tens;
    this.#bytes[this.#used++] = zero + value - tens * 10;
  }

  /** Nine digits without the zeros at their end. */
  #fraction(nanoseconds: number): void {
    this.#bytes[this.#used++] = 0x2e;
    let digits = 9;
    let rest = nanoseconds;
    while (rest % 10 === 0) {
      rest /= 10;
      digits--;
    }
    this.#used += digits;
    for (let at = this.#used; digits > 0; digits--) {
      const tenth = (rest / 10) | 0;
      this.#bytes[--at] = zero + rest - tenth * 10;
      rest = tenth;
    }
  }
}
