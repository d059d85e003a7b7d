import { joined } from "../cut/mbox-cutter.ts";
import { fieldStartBytes, type ServerField, serverFieldAt } from "./mbox-header.ts";

export type HeaderSplitterOptions = {
  /** Bytes that the server shows its clients, in order: bytes[start, end). */
  readonly shown: (bytes: Uint8Array, start: number, end: number) => void;
  /** A field that it keeps to itself, with its unfolded value. */
  readonly field?: (name: ServerField, value: string) => void;
};

const valueLimitBytes = 64 * 1024;
const lineFeed = 0x0a;
const carriageReturn = 0x0d;

/**
 * Tells the fields that a server keeps for itself from the rest of a message, whose bytes come in
 * pieces of any size. Holds less than 64 bytes, and 64 KiB of one field's value.
 */
export class HeaderSplitter {
  readonly #options: HeaderSplitterOptions;
  /** The beginning of a line that does not say yet whose it is. */
  #held: Buffer = Buffer.alloc(0);
  #isAtLineStart = true;
  #isInBody = false;
  #current: { readonly name: ServerField; value: string } | undefined;
  #pushedBytes = 0;
  #bodyOffset: number | undefined;

  constructor(options: HeaderSplitterOptions) {
    this.#options = options;
  }

  /** Where the body starts, counted from the first byte pushed, once that is known. */
  get bodyOffset(): number | undefined {
    return this.#bodyOffset;
  }

  push(chunk: Uint8Array): void {
    const offset = this.#pushedBytes - this.#held.length;
    this.#pushedBytes += chunk.length;
    if (this.#isInBody) {
      if (chunk.length > 0) this.#options.shown(chunk, 0, chunk.length);
      return;
    }
    const data = joined(this.#held, chunk);
    this.#held = Buffer.alloc(0);
    const end = this.#header(data);
    if (this.#isInBody) this.#bodyOffset = offset + end;
  }

  end(): void {
    if (this.#held.length > 0) {
      const rest = this.#held;
      this.#held = Buffer.alloc(0);
      this.#startLine(rest, 0, rest.length);
      if (this.#current === undefined) this.#options.shown(rest, 0, rest.length);
      else this.#keep(rest, 0, rest.length);
    }
    this.#finishField();
  }

  /** Returns where the header ends, or the end of the data. */
  #header(data: Buffer): number {
    let shownFrom = 0;
    let position = 0;
    const showUpTo = (end: number): void => {
      if (end > shownFrom) this.#options.shown(data, shownFrom, end);
    };
    while (position < data.length) {
      const found = data.indexOf(lineFeed, position);
      const lineEnd = found < 0 ? data.length : found + 1;
      if (this.#isAtLineStart) {
        if (found < 0 && lineEnd - position < fieldStartBytes) {
          showUpTo(position);
          this.#held = Buffer.from(data.subarray(position));
          return data.length;
        }
        if (isBlank(data, position, lineEnd)) {
          this.#finishField();
          this.#isInBody = true;
          showUpTo(data.length);
          return lineEnd;
        }
        this.#startLine(data, position, lineEnd);
      }
      if (this.#current !== undefined) {
        showUpTo(position);
        this.#keep(data, position, lineEnd);
        shownFrom = lineEnd;
      }
      this.#isAtLineStart = found >= 0;
      position = lineEnd;
    }
    showUpTo(data.length);
    return data.length;
  }

  #startLine(data: Buffer, start: number, lineEnd: number): void {
    if (data[start] === 0x20 || data[start] === 0x09) return;
    this.#finishField();
    const name = serverFieldAt(data, start, lineEnd);
    if (name !== undefined) this.#current = { name, value: "" };
  }

  #keep(data: Buffer, start: number, end: number): void {
    const field = this.#current;
    if (field === undefined || field.value.length >= valueLimitBytes) return;
    field.value += data.toString("latin1", start, Math.min(end, start + valueLimitBytes));
  }

  #finishField(): void {
    if (this.#current === undefined) return;
    const { name, value } = this.#current;
    this.#current = undefined;
    const text = value.slice(value.indexOf(":") + 1).replace(/[\r\n]+/g, " ");
    this.#options.field?.(name, text.trim());
  }
}

function isBlank(data: Buffer, start: number, lineEnd: number): boolean {
  const length = lineEnd - start;
  if (length === 1) return data[start] === lineFeed;
  return length === 2 && data[start] === carriageReturn && data[start + 1] === lineFeed;
}

/** A message as the server shows it, from its bytes in the mbox. */
export async function* withoutServerFields(
  bytes: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  let pieces: Uint8Array[] = [];
  const splitter = new HeaderSplitter({
    shown: (chunk, start, end) => pieces.push(chunk.subarray(start, end)),
  });
  for await (const chunk of bytes) {
    splitter.push(chunk);
    yield* pieces;
    pieces = [];
  }
  splitter.end();
  yield* pieces;
}
