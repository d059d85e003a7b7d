/**
 * The texts of messages that wait to be written, in UTF-8 and in few large pieces of memory: thousands
 * of strings that live that long would be copied by the garbage collector again and again, and once
 * more on their way to the thread that writes.
 */
const pageBytes = 1024 * 1024;
/** What a character may need: those of four bytes are two units of a string. */
const mostBytesPerUnit = 3;

export class TextPages {
  #page: Buffer<ArrayBuffer> = Buffer.alloc(0);
  #used = 0;
  #sizeBytes = 0;

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** The text's bytes, beside others' in one piece of memory. */
  add(text: string): Uint8Array<ArrayBuffer> {
    const mostBytes = text.length * mostBytesPerUnit;
    if (this.#used + mostBytes > this.#page.length) {
      this.#page = Buffer.allocUnsafeSlow(Math.max(pageBytes, mostBytes));
      this.#used = 0;
    }
    const start = this.#used;
    const length = this.#page.write(text, start, "utf8");
    this.#used += length;
    this.#sizeBytes += length;
    return this.#page.subarray(start, this.#used);
  }
}
