import type { JournalFile } from "./journal-files.ts";

/** How much is read at once. */
const windowBytes = 1024 * 1024;

/** A part of a file in memory that moves along with whoever reads it. */
export class FileWindow {
  readonly #file: JournalFile;
  readonly #end: number;
  #bytes: Buffer = Buffer.alloc(0);
  #start = 0;

  /** Nothing at or behind `end` is looked at. */
  constructor(file: JournalFile, end: number) {
    this.#file = file;
    this.#end = end;
  }

  has(offset: number, lengthBytes: number): boolean {
    return offset >= this.#start && offset + lengthBytes <= this.#start + this.#bytes.length;
  }

  /** Makes what lies at `offset` available, as far as the file has it. */
  async moveTo(offset: number, lengthBytes: number): Promise<void> {
    const wanted = Math.min(Math.max(lengthBytes, windowBytes), Math.max(0, this.#end - offset));
    // Never the same memory: what was handed out of the former window stays as it is.
    const bytes = Buffer.allocUnsafeSlow(wanted);
    const length = wanted === 0 ? 0 : await this.#file.read(bytes, offset);
    this.#bytes = bytes.subarray(0, length);
    this.#start = offset;
  }

  /** From `offset` to the end of the window. */
  from(offset: number): Buffer {
    return this.#bytes.subarray(Math.max(0, offset - this.#start));
  }

  get end(): number {
    return this.#start + this.#bytes.length;
  }
}
