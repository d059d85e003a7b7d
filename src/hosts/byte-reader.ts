/** Takes byte counts off a stream of chunks of any sizes. Never holds more than was asked for and one chunk. */
export class ByteReader {
  readonly #input: AsyncIterator<Uint8Array>;
  readonly #onBytes: () => void;
  #chunk: Uint8Array = new Uint8Array();

  /** `onBytes` is called for every chunk that comes: a sign of life. */
  constructor(input: AsyncIterable<Uint8Array>, onBytes: () => void = () => undefined) {
    this.#input = input[Symbol.asyncIterator]();
    this.#onBytes = onBytes;
  }

  /** Exactly so many bytes, or the fewer that came before the end of the input. */
  async take(count: number): Promise<Buffer> {
    const pieces: Uint8Array[] = [];
    let missing = count;
    while (missing > 0) {
      if (this.#chunk.length === 0 && !(await this.#next())) break;
      const piece = this.#chunk.subarray(0, missing);
      this.#chunk = this.#chunk.subarray(piece.length);
      missing -= piece.length;
      pieces.push(piece);
    }
    const [only] = pieces;
    if (only !== undefined && pieces.length === 1)
      return Buffer.from(only.buffer, only.byteOffset, only.length);
    return Buffer.concat(pieces);
  }

  async #next(): Promise<boolean> {
    const next = await this.#input.next();
    if (next.done === true) return false;
    this.#chunk = next.value;
    this.#onBytes();
    return true;
  }
}
