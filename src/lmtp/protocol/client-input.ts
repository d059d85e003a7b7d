import { DotDecoder } from "./dot-stuffing.ts";
import { maxLineBytes } from "./reply.ts";

export type InputLine =
  /** Without its CR LF, one character per byte. */
  | { readonly kind: "line"; readonly text: string }
  /** More than the limit; all of it was thrown away. */
  | { readonly kind: "too-long" }
  /** Ended by an LF without CR: not a line (RFC 5321 §2.3.8). */
  | { readonly kind: "bare-lf" };

export type DataPart = { readonly bytes: Buffer; readonly isLast: boolean };

const empty = Buffer.alloc(0);

/**
 * What a client sends, however its stream is cut: command lines, a message with dots, or a chunk of
 * known size, as the reader asks. Holds no more than was pushed and one line.
 */
export class ClientInput {
  #pending: Buffer = empty;
  #isSkipping = false;
  #decoder: DotDecoder | undefined;
  readonly #maxLineBytes: number;

  constructor(options: { readonly maxLineBytes?: number } = {}) {
    this.#maxLineBytes = options.maxLineBytes ?? maxLineBytes;
  }

  push(bytes: Buffer): void {
    this.#pending = this.#pending.length === 0 ? bytes : Buffer.concat([this.#pending, bytes]);
  }

  /** What was pushed and not taken yet. */
  get pending(): Buffer {
    return this.#pending;
  }

  /** Throws away what is not taken yet: before TLS begins, it came from anybody. */
  clear(): void {
    this.#pending = empty;
  }

  /** The next command line; undefined when more is needed. */
  line(): InputLine | undefined {
    const end = this.#pending.indexOf(0x0a);
    const lengthBytes = end === -1 ? this.#pending.length : end + 1;
    if (lengthBytes > this.#maxLineBytes) this.#isSkipping = true;
    if (end === -1) {
      if (this.#isSkipping) this.clear();
      return undefined;
    }
    const line = this.#pending.subarray(0, end);
    this.#pending = this.#pending.subarray(end + 1);
    if (this.#isSkipping) {
      this.#isSkipping = false;
      return { kind: "too-long" };
    }
    if (end === 0 || line[end - 1] !== 0x0d) return { kind: "bare-lf" };
    return { kind: "line", text: line.toString("latin1", 0, end - 1) };
  }

  /**
   * The next line where it is whole and all is well with it; it stays the next until `line` is called.
   * For what a client sends without waiting.
   */
  peek(): string | undefined {
    const end = this.#pending.indexOf("\r\n");
    if (end === -1 || end + 2 > this.#maxLineBytes || this.#isSkipping) return undefined;
    const text = this.#pending.toString("latin1", 0, end);
    return text.includes("\n") ? undefined : text;
  }

  /** The next bytes of a message after DATA, dots taken away; undefined when more is needed. */
  data(): DataPart | undefined {
    if (this.#pending.length === 0) return undefined;
    this.#decoder ??= new DotDecoder();
    const { bytes, isEnd, rest } = this.#decoder.push(this.#pending);
    this.#pending = rest;
    if (isEnd) this.#decoder = undefined;
    return { bytes, isLast: isEnd };
  }

  /** At most so many bytes as they are; undefined when none is there. */
  bytes(most: number): Buffer | undefined {
    if (this.#pending.length === 0) return undefined;
    const bytes = this.#pending.subarray(0, most);
    this.#pending = this.#pending.subarray(bytes.length);
    return bytes;
  }
}
