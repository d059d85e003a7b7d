import type { ContentPiece, Sequence } from "#journal";

const headBytes = 4096;
const mostHeads = 256;

/** How the bytes of the last `data` events begin: the events that point at them come right after. */
export class HeadCache {
  readonly #heads = new Map<Sequence, Uint8Array>();

  add(sequence: Sequence, bytes: Uint8Array): void {
    this.#heads.set(sequence, Uint8Array.from(bytes.subarray(0, headBytes)));
    if (this.#heads.size > mostHeads) this.#heads.delete(this.#heads.keys().next().value ?? 0);
  }

  /** The first bytes of this content; undefined where they are not at hand any more. */
  of(content: readonly ContentPiece[], from: number): Uint8Array | undefined {
    const [first] = content;
    if (first === undefined) return undefined;
    return this.#heads
      .get(first.data)
      ?.subarray(first.offset + from, first.offset + from + first.lengthBytes);
  }
}
