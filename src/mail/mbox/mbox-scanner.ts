import { joined } from "../cut/mbox-cutter.ts";
import { fromLineLimitBytes, parseFromLine } from "./from-line.ts";
import { HeaderSplitter } from "./header-splitter.ts";
import { type ServerFields, ServerFieldReader } from "./mbox-header.ts";

/** Where the bytes of an mbox come from. */
export type MboxSource = (range: {
  readonly offset: number;
  readonly lengthBytes?: number;
}) => AsyncIterable<Uint8Array>;

/** One message, found in one pass over the file. Offsets are of the file. */
export type ScannedMessage = {
  readonly fromOffset: number;
  /** After the From_ line. */
  readonly headerOffset: number;
  /** Before the blank line that parts it from the next one. */
  readonly endOffset: number;
  /** As the server shows it. */
  readonly sizeBytes: number;
  /** The same with every line end as CRLF. */
  readonly virtualSizeBytes: number;
  /** From the From_ line; undefined where the file begins with something else. */
  readonly dateNs: bigint | undefined;
  readonly fields: ServerFields;
};

const fromAfterLine = Buffer.from("\nFrom ");
const carriageReturn = 0x0d;
const lineFeed = 0x0a;
/** What may be the beginning of a border, CR LF "From ", is not given away yet. */
const tailBytes = 8;
/** So many wrong lengths in one file, and no other is looked at. */
const wrongLengthLimit = 1000;

/**
 * Finds the messages of an mbox in one pass, holding one piece of the file and a line at a time. A
 * message ends where a line end is followed by a From_ line with a date (as Dovecot has it, a blank
 * line or none before it: that line end belongs to the border) or with the file; a Content-Length
 * that leads to such a place makes From_ lines before it a part of the body.
 */
export async function* scanMbox(
  source: MboxSource,
): AsyncGenerator<ScannedMessage, void, undefined> {
  const scanner = new Scanner(source);
  let isFirst = true;
  for (;;) {
    const message = await scanner.next({ isFirst });
    if (message === undefined) return;
    yield message;
    isFirst = false;
  }
}

class Scanner {
  readonly #source: MboxSource;
  readonly #chunks: AsyncIterator<Uint8Array>;
  #data: Buffer = Buffer.alloc(0);
  /** Offset of the first byte of `#data`. */
  #base = 0;
  #hasEnded = false;
  #wrongLengths = 0;

  constructor(source: MboxSource) {
    this.#source = source;
    this.#chunks = source({ offset: 0 })[Symbol.asyncIterator]();
  }

  get #end(): number {
    return this.#base + this.#data.length;
  }

  /** The message whose From_ line the data begins with; the file's first may begin with anything. */
  async next({ isFirst }: { readonly isFirst: boolean }): Promise<ScannedMessage | undefined> {
    const fromOffset = this.#base;
    // The file's first line may be damaged: then the rest of it tells.
    let from = await this.#fromLineAt(0, { startsAnyhow: isFirst });
    if (from === undefined) return undefined;
    const isMarked = from.dateNs !== undefined || this.#data.toString("latin1", 0, 5) === "From ";
    this.#drop(isMarked ? from.lineBytes : 0);
    if (isMarked && from.dateNs === undefined) {
      // A hole may have taken the first messages with their line ends, up to another From_ line.
      const other = await this.#fromLineAt(0);
      if (other?.dateNs !== undefined) {
        from = other;
        this.#drop(other.lineBytes);
      }
    }
    const tally = new MessageTally({ isFirst });
    const headerOffset = this.#base;
    const endOffset = await this.#toBorder(tally, headerOffset);
    tally.end();
    return {
      fromOffset,
      headerOffset,
      endOffset,
      sizeBytes: tally.sizeBytes,
      virtualSizeBytes: tally.sizeBytes + tally.bareLineFeeds,
      dateNs: from.dateNs,
      fields: tally.fields,
    };
  }

  /** Gives the tally all bytes of a message, and leaves the data at the next From_ line. */
  async #toBorder(tally: MessageTally, headerOffset: number): Promise<number> {
    let searchFrom = 0;
    for (;;) {
      const found = this.#data.indexOf(fromAfterLine, searchFrom);
      if (found < 0) {
        if (this.#hasEnded) return this.#lastEnd(tally, headerOffset);
        const given = this.#give(tally, this.#data.length - tailBytes);
        searchFrom = Math.max(searchFrom, this.#data.length - fromAfterLine.length + 1) - given;
        searchFrom = Math.max(searchFrom, 0);
        await this.#more();
        continue;
      }
      // The line end may be CR LF, and both belong to the border.
      const border = found > 0 && this.#data[found - 1] === carriageReturn ? found - 1 : found;
      const at = found - this.#give(tally, border);
      const line = await this.#fromLineAt(at + 1);
      if (line?.dateNs === undefined) {
        searchFrom = at + 1;
        continue;
      }
      const offset = this.#base;
      const target = tally.statedEnd(headerOffset);
      if (target === undefined || target <= offset || !(await this.#isEnd(target))) {
        this.#drop(at + 1);
        return offset;
      }
      await this.#giveUpTo(tally, target);
      this.#drop(this.#borderBytes());
      return target;
    }
  }

  /** Where the last message ends: without the line end that would part it from another one. */
  #lastEnd(tally: MessageTally, headerOffset: number): number {
    const { length } = this.#data;
    const hasLineEnd = this.#data[length - 1] === lineFeed;
    const ending = !hasLineEnd ? 0 : this.#data[length - 2] === carriageReturn ? 2 : 1;
    this.#give(tally, length - ending);
    if (tally.statedEnd(headerOffset) === this.#end) this.#give(tally, this.#data.length);
    const end = this.#base;
    this.#drop(this.#data.length);
    return end;
  }

  /** Whether a stated length leads to the end of the file or to a From_ line. */
  async #isEnd(target: number): Promise<boolean> {
    if (this.#wrongLengths >= wrongLengthLimit) return false;
    const wanted = fromLineLimitBytes + 8;
    const pieces: Uint8Array[] = [];
    if (this.#end >= target + wanted) {
      const start = target - 1 - this.#base;
      pieces.push(this.#data.subarray(start, start + wanted));
    } else {
      const range = { offset: target - 1, lengthBytes: wanted };
      for await (const piece of this.#source(range)) pieces.push(Uint8Array.from(piece));
    }
    const bytes = Buffer.concat(pieces);
    const isEnd = bytes.length > 0 && isBorder(bytes.toString("latin1", 0, wanted), wanted);
    if (!isEnd) this.#wrongLengths += 1;
    return isEnd;
  }

  async #giveUpTo(tally: MessageTally, target: number): Promise<void> {
    while (this.#end < target) {
      this.#give(tally, this.#data.length);
      if (!(await this.#more())) return;
    }
    this.#give(tally, target - this.#base);
    while (this.#data.length < tailBytes && (await this.#more()));
  }

  /** The line end between a message and the From_ line, or the end of the file. */
  #borderBytes(): number {
    if (this.#data[0] === lineFeed) return 1;
    return this.#data[0] === carriageReturn && this.#data[1] === lineFeed ? 2 : 0;
  }

  /** The line at a place in the data, which grows for it: its date where it is a From_ line. */
  async #fromLineAt(
    at: number,
    { startsAnyhow = false }: { readonly startsAnyhow?: boolean } = {},
  ): Promise<{ readonly lineBytes: number; readonly dateNs: bigint | undefined } | undefined> {
    let end = this.#data.indexOf(lineFeed, at);
    while (end < 0 && this.#data.length - at <= fromLineLimitBytes && (await this.#more()))
      end = this.#data.indexOf(lineFeed, at);
    if (this.#data.length <= at) return undefined;
    const lineEnd = end < 0 ? this.#data.length : end;
    let line = this.#data.toString("latin1", at, Math.min(lineEnd, at + fromLineLimitBytes + 1));
    if (line.endsWith("\r")) line = line.slice(0, -1);
    if (startsAnyhow) line = `From ${line.slice(5)}`;
    const dateNs = parseFromLine(line)?.dateNs;
    return { lineBytes: (end < 0 ? lineEnd : end + 1) - at, dateNs };
  }

  /** Returns how many bytes the data lost at its beginning. */
  #give(tally: MessageTally, end: number): number {
    if (end <= 0) return 0;
    tally.push(this.#data.subarray(0, end));
    this.#drop(end);
    return end;
  }

  #drop(bytes: number): void {
    this.#data = this.#data.subarray(bytes);
    this.#base += bytes;
  }

  async #more(): Promise<boolean> {
    if (this.#hasEnded) return false;
    const { value, done } = await this.#chunks.next();
    if (done === true) this.#hasEnded = true;
    // Whoever yields chunks may reuse them; what is joined is a copy already.
    else this.#data = this.#data.length > 0 ? joined(this.#data, value) : Buffer.from(value);
    return !this.#hasEnded;
  }
}

/** What stands at a stated end, with the byte before it: nothing more, a line end, or a From_ line. */
function isBorder(text: string, wanted: number): boolean {
  const isWholeRest = text.length < wanted;
  const rest = text.slice(1);
  if (isWholeRest && /^(?:\r?\n)?$/.test(rest)) return true;
  const line =
    /^\r?\n(From [^\n]*)/.exec(rest) ??
    (text.startsWith("\n") ? /^(From [^\n]*)/.exec(rest) : null);
  return line !== null && parseFromLine((line[1] as string).replace(/\r$/, "")) !== undefined;
}

/** What one message comes to, from its bytes in pieces. */
class MessageTally {
  sizeBytes = 0;
  bareLineFeeds = 0;
  #previous = 0;
  readonly #reader: ServerFieldReader;
  readonly #splitter: HeaderSplitter;
  #fields: ServerFields | undefined;

  constructor(options: { readonly isFirst: boolean }) {
    this.#reader = new ServerFieldReader(options);
    this.#splitter = new HeaderSplitter({
      shown: (bytes, start, end) => this.#count(bytes, start, end),
      field: (name, value) => this.#reader.field(name, value),
    });
  }

  push(bytes: Uint8Array): void {
    this.#splitter.push(bytes);
  }

  end(): void {
    this.#splitter.end();
  }

  get fields(): ServerFields {
    this.#fields ??= this.#reader.result();
    return this.#fields;
  }

  /** Where Content-Length says that the message ends, once its header has been seen. */
  statedEnd(headerOffset: number): number | undefined {
    const { bodyOffset } = this.#splitter;
    if (bodyOffset === undefined) return undefined;
    const { contentLength } = this.fields;
    const end = headerOffset + bodyOffset + (contentLength ?? Number.NaN);
    return Number.isSafeInteger(end) ? end : undefined;
  }

  #count(bytes: Uint8Array, start: number, end: number): void {
    this.sizeBytes += end - start;
    let previous = this.#previous;
    let count = 0;
    for (let index = start; index < end; index++) {
      const byte = bytes[index] as number;
      if (byte === lineFeed && previous !== carriageReturn) count += 1;
      previous = byte;
    }
    this.#previous = previous;
    this.bareLineFeeds += count;
  }
}
