import { endianness } from "node:os";
import { parseRfc3339 } from "#time";
import type { JsonCursor } from "./json-cursor.ts";

const secondsPerDay = 86_400;
/** Nanoseconds since 1970 fit into 63 bits before this year. */
const firstYearTooLate = 2262;
const maxDates = 4096;
const zero = 0x30;
const quote = 0x22;
const dash = 0x2d;

/** Halves of a 64-bit column, which are in this machine's own order. */
export const low: 0 | 1 = endianness() === "LE" ? 0 : 1;
export const high: 0 | 1 = low === 0 ? 1 : 0;

/** The date that stood in the same field of the node before. */
export type LastDay = { key: number; day: number };

/** Times of RFC 3339, as `parseRfc3339` understands them, into a column of 64 bits without a BigInt for each. */
export class TimeScanner {
  readonly #json: JsonCursor;
  /** Days since 1970 by the digits of a date. */
  readonly #days = new Map<number, number>();

  constructor(json: JsonCursor) {
    this.#json = json;
  }

  /** A time from 1970 up to what the column holds; stops at its closing quote. False where it is not one. */
  scan(column: Uint32Array, row: number, known: LastDay): boolean {
    const bytes = this.#json.bytes;
    const day = this.#day(known);
    const at = this.#json.at;
    if (day < 0 || bytes[at] !== 0x54 || bytes[at + 3] !== 0x3a || bytes[at + 6] !== 0x3a)
      return false;
    const hour = this.#json.twoDigits(at + 1, 24);
    const minute = this.#json.twoDigits(at + 4, 60);
    const second = this.#json.twoDigits(at + 7, 60);
    if (hour < 0 || minute < 0 || second < 0) return false;
    this.#json.at = at + 9;
    const fraction = bytes[this.#json.at] === 0x2e ? this.#fraction() : 0;
    const offset = this.#offset();
    if (fraction < 0 || Number.isNaN(offset)) return false;
    const seconds = day * secondsPerDay + hour * 3600 + minute * 60 + second - offset;
    if (seconds < 0) return false;
    // The product has more digits than a number holds; its lower half is exact modulo 2^32.
    const lower = (Math.imul(seconds, 1_000_000_000) + fraction) >>> 0;
    column[row * 2 + low] = lower;
    column[row * 2 + high] = Math.round((seconds * 1e9 + fraction - lower) / 0x1_0000_0000);
    return bytes[this.#json.at] === quote;
  }

  /** Days since 1970; -1 where it is no date that the columns hold. */
  #day(known: LastDay): number {
    const bytes = this.#json.bytes;
    const at = this.#json.at;
    if (bytes[at + 4] !== dash || bytes[at + 7] !== dash) return -1;
    const century = this.#json.twoDigits(at, 100);
    const ofCentury = this.#json.twoDigits(at + 2, 100);
    const month = this.#json.twoDigits(at + 5, 13);
    const date = this.#json.twoDigits(at + 8, 32);
    this.#json.at = at + 10;
    if (century < 0 || ofCentury < 0 || month < 1 || date < 1) return -1;
    const year = century * 100 + ofCentury;
    if (year < 1970 || year >= firstYearTooLate) return -1;
    const key = (year * 16 + month) * 32 + date;
    if (known.key === key) return known.day;
    let day = this.#days.get(key);
    if (day === undefined) {
      day = dayOf(bytes.toString("latin1", at, at + 10));
      if (this.#days.size >= maxDates) this.#days.clear();
      this.#days.set(key, day);
    }
    known.key = key;
    known.day = day;
    return day;
  }

  /** Seconds ahead of UTC; NaN where none is said. */
  #offset(): number {
    const sign = this.#json.bytes[this.#json.at++];
    if (sign === 0x5a) return 0;
    if ((sign !== 0x2b && sign !== 0x2d) || this.#json.bytes[this.#json.at + 2] !== 0x3a)
      return Number.NaN;
    const hours = this.#json.twoDigits(this.#json.at, 24);
    const minutes = this.#json.twoDigits(this.#json.at + 3, 60);
    this.#json.at += 5;
    if (hours < 0 || minutes < 0) return Number.NaN;
    return (hours * 3600 + minutes * 60) * (sign === 0x2d ? -1 : 1);
  }

  /** Nanoseconds; -1 where there are no digits, or too many. */
  #fraction(): number {
    const bytes = this.#json.bytes;
    let at = this.#json.at + 1;
    let value = 0;
    let digits = 0;
    for (; digits < 10; digits++) {
      const digit = (bytes[at] as number) - zero;
      if (!(digit >= 0 && digit <= 9)) break;
      value = value * 10 + digit;
      at++;
    }
    this.#json.at = at;
    if (digits === 0 || digits > 9) return -1;
    for (; digits < 9; digits++) value *= 10;
    return value;
  }
}

function dayOf(date: string): number {
  try {
    return Number(parseRfc3339(`${date}T00:00:00Z`) / 1_000_000_000n) / secondsPerDay;
  } catch {
    return -1;
  }
}
