import type { Cutter } from "./cutter-port.ts";
import { MessageStream } from "./message-stream.ts";

const fromAfterLine = Buffer.from("\nFrom ");
/** One less than the longest border, LF CR LF "From ". */
const tailBytes = 7;

/**
 * Divides an mbox (RFC 4155) before each blank line that a `From ` line follows, and has each
 * message cut as in a Maildir. The blank line belongs to what comes after it, so that a
 * message's own bytes end as they do elsewhere.
 */
export class MboxCutter implements Cutter {
  readonly #stream = new MessageStream();
  /** The last bytes, which may be the beginning of a border. */
  #tail = Buffer.alloc(0);
  /** Offset in the file of the first byte of `#tail`. */
  #offset = 0;

  constructor() {
    this.#stream.begin(0, { isInside: true });
  }

  get heldBytes(): number {
    return this.#tail.length + this.#stream.heldBytes;
  }

  push(chunk: Uint8Array): readonly number[] {
    const data = joined(this.#tail, chunk);
    let start = 0;
    let searchFrom = 0;
    for (;;) {
      const found = data.indexOf(fromAfterLine, searchFrom);
      if (found < 0) break;
      searchFrom = found + fromAfterLine.length;
      const border = blankLineBefore(data, found);
      if (border <= start) continue;
      this.#stream.push(data.subarray(start, border), { ends: "message" });
      this.#stream.begin(this.#offset + border, { isInside: true });
      start = border;
    }
    const end = Math.max(start, data.length - tailBytes);
    this.#stream.push(data.subarray(start, end), { ends: "nothing" });
    this.#tail = Buffer.from(data.subarray(end));
    this.#offset += end;
    return this.#stream.scanner.plan.take();
  }

  end(): readonly number[] {
    this.#stream.push(this.#tail, { ends: "file" });
    this.#tail = Buffer.alloc(0);
    return this.#stream.scanner.plan.take();
  }
}

/** Where the blank line starts whose line feed is at the index; -1 where the line is not blank. */
function blankLineBefore(data: Buffer, lineFeedAt: number): number {
  if (data[lineFeedAt - 1] === 0x0a) return lineFeedAt;
  return data[lineFeedAt - 1] === 0x0d && data[lineFeedAt - 2] === 0x0a ? lineFeedAt - 1 : -1;
}

/** The tail and the chunk in one piece; the chunk itself where there is no tail. */
export function joined(tail: Buffer, chunk: Uint8Array): Buffer {
  if (tail.length > 0) return Buffer.concat([tail, chunk]);
  return Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
}
