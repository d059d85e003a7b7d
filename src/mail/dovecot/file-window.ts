import type { Image, RawPath } from "#image";

export type FileWindowOptions = {
  /** How much is read at once, at least. */
  readonly readAheadBytes: number;
  readonly signal?: AbortSignal | undefined;
};

/** Pieces of one file, read a window at a time; best asked for in ascending order. */
export class FileWindow {
  readonly #image: Image;
  readonly #path: RawPath;
  readonly #options: FileWindowOptions;
  #start = 0;
  #held: Buffer = Buffer.alloc(0);
  /** Where the file ends, once that was met. */
  #fileEnd = Number.POSITIVE_INFINITY;

  constructor(image: Image, path: RawPath, options: FileWindowOptions) {
    this.#image = image;
    this.#path = path;
    this.#options = options;
  }

  /** Fewer where the file ends. Throws ImageError. */
  async bytes(offset: number, length: number): Promise<Buffer> {
    const end = Math.min(offset + length, this.#fileEnd);
    if (offset < this.#start || end > this.#start + this.#held.length)
      await this.#move(offset, length);
    const from = offset - this.#start;
    return this.#held.subarray(from, from + length);
  }

  async #move(offset: number, length: number): Promise<void> {
    const { readAheadBytes, signal } = this.#options;
    const lengthBytes = Math.max(length, readAheadBytes);
    const pieces: Uint8Array[] = [];
    const options = { offset, lengthBytes, ...(signal === undefined ? {} : { signal }) };
    for await (const piece of this.#image.read(this.#path, options)) pieces.push(piece);
    const [only] = pieces;
    this.#held =
      only !== undefined && pieces.length === 1
        ? Buffer.from(only.buffer, only.byteOffset, only.byteLength)
        : Buffer.concat(pieces);
    this.#start = offset;
    if (this.#held.length < lengthBytes) this.#fileEnd = offset + this.#held.length;
  }
}
