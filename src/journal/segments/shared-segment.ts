import type { FramePlace } from "./segment.ts";
import type { JournalFile } from "./journal-files.ts";

/** How much is read at once by whoever reads on from piece to piece. */
const readAheadBytes = 256 * 1024;
/** Between the data of two events that follow each other stand the events that point at them. */
const nearbyBytes = 16 * 1024;

/** A segment that is open for all who want frames of it at the same time. */
export class SharedSegment {
  readonly #file: JournalFile;
  #window: { readonly start: number; readonly bytes: Buffer } | undefined;
  /** Where the frame before ended. */
  #readTo = -1;
  #users = 0;
  #isRetired = false;
  #closing: Promise<void> | undefined;

  constructor(file: JournalFile) {
    this.#file = file;
  }

  get file(): JournalFile {
    return this.#file;
  }

  get isRetired(): boolean {
    return this.#isRetired;
  }

  /**
   * The bytes of a frame as they stand in the file, which nobody may change. Undefined where the
   * file ends before. Nothing at or behind `endOffset` is looked at.
   */
  async frame({ offset, lengthBytes }: FramePlace, endOffset: number): Promise<Buffer | undefined> {
    const isNext = this.#readTo >= 0 && offset >= this.#readTo;
    const readsOn = isNext && offset - this.#readTo <= nearbyBytes;
    this.#readTo = offset + lengthBytes;
    const known = this.#window;
    if (known !== undefined && offset >= known.start) {
      const at = offset - known.start;
      if (at + lengthBytes <= known.bytes.length) return known.bytes.subarray(at, at + lengthBytes);
    }
    const wanted = readsOn
      ? Math.max(lengthBytes, Math.min(readAheadBytes, endOffset - offset))
      : lengthBytes;
    // Never the same memory: another reader may still look at what was read before.
    const bytes = Buffer.allocUnsafeSlow(wanted);
    const length = await this.#file.read(bytes, offset);
    if (length < lengthBytes) return undefined;
    if (readsOn) this.#window = { start: offset, bytes: bytes.subarray(0, length) };
    return bytes.subarray(0, lengthBytes);
  }

  begin(): void {
    this.#users += 1;
  }

  async end(): Promise<void> {
    this.#users -= 1;
    if (this.#isRetired) await this.retire();
  }

  /** Nobody new gets it; it is closed when the last who has it is done. */
  async retire(): Promise<void> {
    this.#isRetired = true;
    this.#window = undefined;
    if (this.#users > 0) return;
    this.#closing ??= this.#file.close();
    await this.#closing;
  }
}
