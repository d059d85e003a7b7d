import type { ContentPiece, Sequence } from "#journal";

const headBytes = 4096;
const mostHeads = 256;
/** More than a log of Dovecot's grows to before it begins a new one. */
const mostBytes = 8 * 1024 * 1024;

/** The last `data` events, and how some before them begin: the events that point at them come right after. */
export class HeadCache {
  readonly #heads = new Map<Sequence, Uint8Array>();
  readonly #whole = new Map<Sequence, Uint8Array>();
  #wholeBytes = 0;

  add(sequence: Sequence, bytes: Uint8Array): void {
    this.#heads.set(sequence, new Uint8Array(bytes.subarray(0, headBytes)));
    if (this.#heads.size > mostHeads) this.#heads.delete(this.#heads.keys().next().value ?? 0);
    const kept = isPart(bytes) ? new Uint8Array(bytes) : bytes;
    this.#whole.set(sequence, kept);
    this.#wholeBytes += kept.buffer.byteLength;
    for (const [oldest, { buffer }] of this.#whole) {
      if (this.#wholeBytes <= mostBytes && this.#whole.size <= mostHeads) break;
      this.#whole.delete(oldest);
      this.#wholeBytes -= buffer.byteLength;
    }
  }

  /** The first bytes of this content; undefined where they are not at hand any more. */
  of(content: readonly ContentPiece[], from: number): Uint8Array | undefined {
    const [first] = content;
    if (first === undefined) return undefined;
    return this.#heads
      .get(first.data)
      ?.subarray(first.offset + from, first.offset + from + first.lengthBytes);
  }

  /** All of this content; undefined where a part of it is not at hand any more. */
  all(content: readonly ContentPiece[]): Uint8Array | undefined {
    const parts: Uint8Array[] = [];
    for (const { data, offset, lengthBytes } of content) {
      const part = this.#whole.get(data)?.subarray(offset, offset + lengthBytes);
      if (part?.length !== lengthBytes) return undefined;
      parts.push(part);
    }
    const [only] = parts;
    return parts.length === 1 && only !== undefined ? only : Buffer.concat(parts);
  }
}

/** Of a larger piece that was read at once: kept, it would keep all of that. Others are not copied: bytes of events do not change. */
function isPart(bytes: Uint8Array): boolean {
  return bytes.buffer.byteLength > 2 * bytes.length;
}
