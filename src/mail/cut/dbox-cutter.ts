import type { Cutter } from "./cutter-port.ts";
import { joined } from "./mbox-cutter.ts";
import { MessageStream } from "./message-stream.ts";

/**
 * A dbox message's header (Dovecot's dbox-file.h), 30 bytes:
 *
 * | offset | bytes | what |
 * |---|---|---|
 * | 0 | 2 | 01 02 |
 * | 2 | 1 | type, "N" |
 * | 3 | 10 | spaces, formerly the object id |
 * | 13 | 16 | size of the message, hexadecimal |
 * | 29 | 1 | LF |
 */
const recordHeaderBytes = 30;
const recordMagic = Buffer.from([0x01, 0x02]);
const sizeAt = 13;

/**
 * Finds the messages of a dbox file (sdbox `u.N`, mdbox `m.N`) by the sizes in their headers,
 * and has each cut as in a Maildir. Metadata and headers stay together, and with the trace
 * that follows. After a header that makes no sense the next one is searched for.
 */
export class DboxCutter implements Cutter {
  readonly #stream = new MessageStream();
  #tail = Buffer.alloc(0);
  /** Offset in the file of the first byte of `#tail`. */
  #offset = 0;
  /** Bytes of the open message still to come; -1 between messages. */
  #remaining = -1;

  get heldBytes(): number {
    return this.#tail.length + this.#stream.heldBytes;
  }

  push(chunk: Uint8Array): readonly number[] {
    const data = joined(this.#tail, chunk);
    let position = 0;
    while (position < data.length) {
      const next = this.#remaining >= 0 ? this.#body(data, position) : this.#header(data, position);
      if (next < 0) break;
      position = next;
    }
    this.#tail = Buffer.from(data.subarray(position));
    this.#offset += position;
    return this.#stream.scanner.plan.take();
  }

  end(): readonly number[] {
    if (this.#remaining >= 0) this.#stream.push(Buffer.alloc(0), { ends: "file" });
    return this.#stream.scanner.plan.take();
  }

  /** Hands on what is there of the message; it ends only once something is seen to follow it. */
  #body(data: Buffer, position: number): number {
    const isWhole = this.#remaining < data.length - position;
    const end = isWhole ? position + this.#remaining : data.length;
    this.#stream.push(data.subarray(position, end), { ends: isWhole ? "message" : "nothing" });
    this.#remaining = isWhole ? -1 : this.#remaining - (end - position);
    return end;
  }

  /** Where the message starts whose header is the next one; -1 where it is not complete yet. */
  #header(data: Buffer, position: number): number {
    const found = data.indexOf(recordMagic, position);
    if (found < 0) return nextOrWait(position, data.length - 2);
    const isLineStart = found > 0 && data[found - 1] === 0x0a;
    if (!isLineStart) return found + 1;
    if (found + recordHeaderBytes > data.length) return nextOrWait(position, found - 1);
    const sizeBytes = sizeOf(data, found);
    if (sizeBytes === undefined) return found + 1;
    this.#remaining = sizeBytes;
    this.#stream.begin(this.#offset + found + recordHeaderBytes, { isInside: true });
    return found + recordHeaderBytes;
  }
}

function nextOrWait(position: number, next: number): number {
  return next > position ? next : -1;
}

function sizeOf(data: Buffer, header: number): number | undefined {
  const text = data.toString("latin1", header + sizeAt, header + recordHeaderBytes);
  if (!/^[0-9a-fA-F]{16}\n$/.test(text)) return undefined;
  const sizeBytes = Number.parseInt(text, 16);
  return Number.isSafeInteger(sizeBytes) ? sizeBytes : undefined;
}
