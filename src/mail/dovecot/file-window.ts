import type { Image, RawPath } from "#image";

export type FileWindowOptions = {
  /** How much is read at once where one piece follows the other. */
  readonly readAheadBytes: number;
  /** Kept for long, so that the file may have grown since its end was met. */
  readonly mayGrow?: boolean;
  readonly signal?: AbortSignal | undefined;
};

type Held = { readonly start: number; readonly bytes: Buffer };

/** Pieces of one file, read a window at a time; best asked for in ascending order. May be asked by many at once. */
export class FileWindow {
  readonly #image: Image;
  readonly #path: RawPath;
  readonly #options: FileWindowOptions;
  #held: Held = { start: 0, bytes: Buffer.alloc(0) };
  /** Where the file ends, once that was met. */
  #fileEnd = Number.POSITIVE_INFINITY;

  constructor(image: Image, path: RawPath, options: FileWindowOptions) {
    this.#image = image;
    this.#path = path;
    this.#options = options;
  }

  /** Fewer where the file ends. Throws ImageError. */
  async bytes(offset: number, length: number): Promise<Buffer> {
    const { start, bytes } = this.#held;
    const end = Math.min(offset + length, this.#fileEnd);
    const isHeld = offset >= start && end <= start + bytes.length;
    const held = isHeld ? this.#held : await this.#move(offset, length);
    const from = offset - held.start;
    return held.bytes.subarray(from, from + length);
  }

  async #move(offset: number, length: number): Promise<Held> {
    const { readAheadBytes, signal } = this.#options;
    const heldEnd = this.#held.start + this.#held.bytes.length;
    const follows = offset >= this.#held.start && offset <= heldEnd + readAheadBytes;
    const lengthBytes = follows ? Math.max(length, readAheadBytes) : length;
    const pieces: Uint8Array[] = [];
    const options = { offset, lengthBytes, ...(signal === undefined ? {} : { signal }) };
    for await (const piece of this.#image.read(this.#path, options)) pieces.push(piece);
    const [only] = pieces;
    const bytes =
      only !== undefined && pieces.length === 1
        ? Buffer.from(only.buffer, only.byteOffset, only.byteLength)
        : Buffer.concat(pieces);
    if (bytes.length < lengthBytes && this.#options.mayGrow !== true)
      this.#fileEnd = offset + bytes.length;
    this.#held = { start: offset, bytes };
    return this.#held;
  }
}
