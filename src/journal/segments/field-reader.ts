/** Thrown where bytes end within a field, or mean nothing: whoever reads a whole thing catches it. */
export class FieldError extends Error {}

/** Reads what FieldWriter wrote. Every length is checked against what is there. */
export class FieldReader {
  readonly #buffer: Buffer;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get at(): number {
    return this.#at;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#buffer.length;
  }

  u8(): number {
    return this.#buffer[this.#take(1)] ?? 0;
  }

  number(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 0x80) {
      const byte = this.u8();
      value += (byte & 0x7f) * scale;
      if (value > Number.MAX_SAFE_INTEGER) throw new FieldError("a number is too large");
      if (byte < 0x80) return value;
    }
  }

  i64(): bigint {
    return this.#buffer.readBigInt64LE(this.#take(8));
  }

  u64(): bigint {
    return this.#buffer.readBigUInt64LE(this.#take(8));
  }

  /** A view; valid as long as what it was made of. */
  bytes(): Buffer {
    const length = this.number();
    const at = this.#take(length);
    return this.#buffer.subarray(at, at + length);
  }

  raw(): string {
    const length = this.number();
    const at = this.#take(length);
    return this.#buffer.toString("latin1", at, at + length);
  }

  text(): string {
    return this.bytes().toString("utf8");
  }

  skip(length: number): void {
    this.#take(length);
  }

  /** A count of things that take at least a byte each, so that no count makes us allocate without bound. */
  count(): number {
    const count = this.number();
    if (count > this.#buffer.length - this.#at) throw new FieldError("a count is too large");
    return count;
  }

  #take(length: number): number {
    const at = this.#at;
    if (length > this.#buffer.length - at) throw new FieldError("the bytes end within a field");
    this.#at = at + length;
    return at;
  }
}
