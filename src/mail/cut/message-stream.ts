import { type MessageEnd, MessageScanner } from "./message-scanner.ts";

const windowBytes = 64 * 1024;

/**
 * Feeds a `MessageScanner` from chunks of any size. Holds the bytes that the scanner has not
 * decided about, less than 100 KiB, in one buffer that is reused.
 */
export class MessageStream {
  readonly scanner: MessageScanner = new MessageScanner();
  #held: Buffer | undefined;
  #heldBytes = 0;
  /** Offset in the file of the first byte not yet consumed. */
  #offset = 0;

  get heldBytes(): number {
    return this.#heldBytes;
  }

  begin(offset: number, options: { readonly isInside: boolean }): void {
    this.scanner.begin(options);
    this.#offset = offset;
    this.#heldBytes = 0;
  }

  push(chunk: Buffer, options: { readonly ends: MessageEnd }): void {
    let rest = chunk;
    while (this.#heldBytes > 0 && rest.length > 0) {
      const piece = rest.subarray(0, windowBytes);
      rest = rest.subarray(piece.length);
      this.#hold(piece);
      const ends = rest.length > 0 ? "nothing" : options.ends;
      if (ends !== "nothing" || this.#heldBytes > this.scanner.lookaheadBytes) this.#scanHeld(ends);
    }
    if (rest.length > 0) {
      const consumed = this.scanner.scan(rest, {
        offset: this.#offset,
        from: 0,
        ends: options.ends,
      });
      this.#offset += consumed;
      if (consumed < rest.length) this.#hold(rest.subarray(consumed));
    } else if (chunk.length === 0 && options.ends !== "nothing") {
      this.#scanHeld(options.ends);
    }
  }

  #scanHeld(ends: MessageEnd): void {
    const held = this.#held?.subarray(0, this.#heldBytes) ?? Buffer.alloc(0);
    const consumed = this.scanner.scan(held, { offset: this.#offset, from: 0, ends });
    this.#offset += consumed;
    this.#heldBytes -= consumed;
    held.copyWithin(0, consumed);
  }

  #hold(bytes: Buffer): void {
    this.#held ??= Buffer.allocUnsafe(windowBytes * 2);
    bytes.copy(this.#held, this.#heldBytes);
    this.#heldBytes += bytes.length;
  }
}
