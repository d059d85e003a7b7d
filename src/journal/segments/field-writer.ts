import { JournalError } from "../journal-error.ts";

const largestSigned = (1n << 63n) - 1n;
const largestUnsigned = (1n << 64n) - 1n;

/**
 * Writes fields one after another, as docs/formats/journal.md names them:
 *
 *   u8        one byte
 *   number    a whole number of 0 … 2⁵³ − 1, seven bits a byte, low ones first, the top bit set where more follow
 *   i64, u64  eight bytes, little-endian
 *   bytes     a number, then as many bytes
 *   raw       the same, of a string with one character per byte
 *   text      the same, UTF-8
 */
export class FieldWriter {
  #buffer: Buffer;
  /** Of the same memory: it writes 64 bits in one go. */
  #view: DataView;
  #length = 0;

  constructor(sizeBytes = 256) {
    this.#buffer = Buffer.allocUnsafe(sizeBytes);
    this.#view = viewOf(this.#buffer);
  }

  get length(): number {
    return this.#length;
  }

  u8(value: number): void {
    this.#reserve(1);
    this.#buffer[this.#length++] = value;
  }

  number(value: number): void {
    if (!Number.isSafeInteger(value) || value < 0) throw notStorable(String(value));
    this.#reserve(8);
    let rest = value;
    while (rest >= 0x80) {
      this.#buffer[this.#length++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.#buffer[this.#length++] = rest;
  }

  i64(value: bigint): void {
    if (value > largestSigned || value < -largestSigned - 1n) throw notStorable(String(value));
    this.#reserve(8);
    this.#view.setBigInt64(this.#length, value, true);
    this.#length += 8;
  }

  u64(value: bigint): void {
    if (value > largestUnsigned || value < 0n) throw notStorable(String(value));
    this.#reserve(8);
    this.#view.setBigUint64(this.#length, value, true);
    this.#length += 8;
  }

  bytes(value: Uint8Array): void {
    this.number(value.length);
    this.#reserve(value.length);
    this.#buffer.set(value, this.#length);
    this.#length += value.length;
  }

  raw(value: string): void {
    // oxlint-disable-next-line no-control-regex
    if (/[^\u0000-\u00ff]/.test(value)) throw notStorable("a path that is not bytes");
    this.number(value.length);
    this.#reserve(value.length);
    this.#length += this.#buffer.write(value, this.#length, "latin1");
  }

  text(value: string): void {
    this.bytes(Buffer.from(value, "utf8"));
  }

  /** What was written so far; valid until the next field. */
  written(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }

  /** Begins anew in the same memory. */
  clear(): void {
    this.#length = 0;
  }

  #reserve(sizeBytes: number): void {
    if (this.#length + sizeBytes <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafe((this.#length + sizeBytes) * 2);
    larger.set(this.written());
    this.#buffer = larger;
    this.#view = viewOf(larger);
  }
}

function viewOf({ buffer, byteOffset, byteLength }: Buffer): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}

function notStorable(value: string): JournalError {
  return new JournalError(
    "journal.not-storable",
    `Cannot journal an event: ${value} does not fit into its field`,
    { hint: "The event is not stored; a report of it is welcome." },
  );
}
