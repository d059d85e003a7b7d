/**
 * Reads the messages that are not known yet: in batches out of the Image, their facts by several
 * threads, into the catalog in large pieces. Memory holds a few batches, whatever their number.
 */
import { isRecoveryError } from "#errors";
import type { RawPath } from "#image";
import { type MailAccount, messageIdentity, type StoredMessage } from "#mail";
import type { MessageNumber, MomentFill, NewMessage } from "../catalog.ts";
import { type MessageFacts, messageFactsOf } from "../message-facts.ts";
import { searchable } from "../words.ts";
import type { FactsPool } from "./facts-pool.ts";
import type { PrefetchedImage } from "./prefetched-image.ts";
import { TextPages } from "./text-pages.ts";

export type MessageToRead = {
  readonly account: MailAccount;
  readonly message: StoredMessage;
  readonly content: string | undefined;
};

export type ReadMessagesOptions = {
  readonly image: PrefetchedImage;
  readonly pool: FactsPool;
  readonly fill: MomentFill;
  readonly textLimit: number;
  readonly onRead: (messages: number, bytes: number) => void;
  readonly signal?: AbortSignal | undefined;
};

/** What is read at once. */
const batchBytes = 8 * 1024 * 1024;
const batchMessages = 1_024;
const batchesAhead = 4;
/** What is written at once, and what is gathered meanwhile: each begins a segment of the index of words. */
const writeMessages = 8_192;
const writeTextBytes = 48 * 1024 * 1024;
/** The first piece, and twice as many each time after it: until there is one, nothing is written. */
const firstWriteMessages = 1_024;
/** Larger messages are read as they come, and searched by what they begin with. */
const largeBytes = 8 * 1024 * 1024;
const headBytes = 1024 * 1024;

/** By the message that was asked for; one that could not be read is in `failures`. */
export type NumbersOfRead = ReadonlyMap<MessageToRead, MessageNumber>;

export type ReadResult = {
  /** When all are written. */
  readonly numbers: Promise<NumbersOfRead>;
  readonly failures: ReadonlyMap<MessageToRead, string>;
};

/** Resolves when all are read. */
export async function readMessages(
  wanted: readonly MessageToRead[],
  options: ReadMessagesOptions,
): Promise<ReadResult> {
  const failures = new Map<MessageToRead, string>();
  const writer = new Writer(options.fill, wanted.length);
  const ahead: Promise<void>[] = [];
  for (const batch of batchesOf(wanted)) {
    const read = await readBatch(batch, failures, options);
    const facts = options.pool.run({ messages: read.small.map(({ bytes }) => bytes) });
    const written = facts.then(async (all) => {
      const small = read.small.map(({ one }, index) => ({
        one,
        facts: all[index] as MessageFacts,
      }));
      await writer.add([...small, ...read.large]);
    });
    // It is awaited in its turn; until then its failure must not count as unhandled.
    written.catch(() => undefined);
    ahead.push(written);
    if (ahead.length > batchesAhead) await ahead.shift();
  }
  await Promise.all(ahead);
  const numbers = writer.finish();
  // Whoever asks for them is told.
  numbers.catch(() => undefined);
  return { numbers, failures };
}

function* batchesOf(wanted: readonly MessageToRead[]): Generator<readonly MessageToRead[]> {
  let batch: MessageToRead[] = [];
  let bytes = 0;
  for (const one of wanted) {
    if (
      batch.length >= batchMessages ||
      (bytes > 0 && bytes + one.message.sizeBytes > batchBytes)
    ) {
      yield batch;
      [batch, bytes] = [[], 0];
    }
    batch.push(one);
    bytes += one.message.sizeBytes;
  }
  if (batch.length > 0) yield batch;
}

type Batch = {
  readonly small: { readonly one: MessageToRead; readonly bytes: Uint8Array }[];
  readonly large: { readonly one: MessageToRead; readonly facts: MessageFacts }[];
};

async function readBatch(
  batch: readonly MessageToRead[],
  failures: Map<MessageToRead, string>,
  { image, textLimit, onRead, signal }: ReadMessagesOptions,
): Promise<Batch> {
  const files = batch
    .filter(({ message }) => isSmallFile(message))
    .map(({ message }) => message.path);
  await image.prefetch([...new Set<RawPath>(files)], signal);
  const read: Batch = { small: [], large: [] };
  let total = 0;
  for (const one of batch) {
    signal?.throwIfAborted();
    try {
      const bytes = await readWhole(one, signal);
      if (bytes !== undefined) read.small.push({ one, bytes });
      else read.large.push({ one, facts: await readLarge(one, textLimit, signal) });
      total += one.message.sizeBytes;
    } catch (error) {
      // What the mail or the copy lacks takes this message along and no other; storage that does not answer is no damage.
      if (!isRecoveryError(error) || error.retryable) throw error;
      failures.set(one, error.message);
    }
  }
  onRead(batch.length, total);
  return read;
}

function isSmallFile({ range, sizeBytes }: StoredMessage): boolean {
  return range === undefined && sizeBytes <= largeBytes;
}

/** Undefined where it is too large to be held. */
async function readWhole(
  { account, message }: MessageToRead,
  signal: AbortSignal | undefined,
): Promise<Uint8Array | undefined> {
  if (message.sizeBytes > largeBytes) return undefined;
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of account.read(message, signal === undefined ? {} : { signal })) {
    pieces.push(piece);
    length += piece.length;
    // Compressed, it may be larger than its store says.
    if (length > largeBytes) return undefined;
  }
  if (pieces.length === 1) return pieces[0];
  const bytes = new Uint8Array(length);
  let end = 0;
  for (const piece of pieces) {
    bytes.set(piece, end);
    end += piece.length;
  }
  return bytes;
}

async function readLarge(
  { account, message }: MessageToRead,
  textLimit: number,
  signal: AbortSignal | undefined,
): Promise<MessageFacts> {
  const head: Uint8Array[] = [];
  let [length, held, returns] = [0, 0, 0];
  let endsWithReturn = false;
  async function* watched(): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const piece of account.read(message, signal === undefined ? {} : { signal })) {
      if (held < headBytes) {
        head.push(Uint8Array.from(piece.subarray(0, headBytes - held)));
        held += head.at(-1)?.length ?? 0;
      }
      if (endsWithReturn && piece[0] === 0x0a) returns++;
      for (let at = piece.indexOf(0x0d); at >= 0; at = piece.indexOf(0x0d, at + 1))
        if (piece[at + 1] === 0x0a) returns++;
      endsWithReturn = piece.at(-1) === 0x0d;
      length += piece.length;
      yield piece;
    }
  }
  const identity = await messageIdentity(watched());
  const begun = Buffer.concat(head);
  const facts = messageFactsOf(begun, { textLimit });
  // Of the head it counted what comes after the trace, with line ends as one byte.
  const traceBytes = begun.length - countReturns(begun) - facts.sizeBytes;
  return { ...facts, identity, sizeBytes: length - returns - traceBytes };
}

function countReturns(bytes: Uint8Array): number {
  let count = 0;
  for (let at = bytes.indexOf(0x0d); at >= 0; at = bytes.indexOf(0x0d, at + 1))
    if (bytes[at + 1] === 0x0a) count++;
  return count;
}

/**
 * Gathers what was read until it is worth writing; one after another, since numbers are given in order.
 * What is read while one piece is written makes the next: neither thread waits for the other.
 */
class Writer {
  readonly #numbers = new Map<MessageToRead, MessageNumber>();
  readonly #fill: MomentFill;
  #enoughMessages = firstWriteMessages;
  /** Of all that will be added, those whose writing has not begun. */
  #leftMessages: number;
  #waiting: { readonly one: MessageToRead; readonly message: NewMessage }[] = [];
  #texts = new TextPages();
  #writing: Promise<void> = Promise.resolve();

  constructor(fill: MomentFill, messages: number) {
    this.#fill = fill;
    this.#leftMessages = messages;
  }

  async add(
    read: readonly { readonly one: MessageToRead; readonly facts: MessageFacts }[],
  ): Promise<void> {
    for (const { one, facts } of read) {
      const { content } = one;
      const words = this.#texts.add(searchable(facts.text));
      const message = { facts: { ...facts, text: "" }, words };
      this.#waiting.push({
        one,
        message: content === undefined ? message : { ...message, content },
      });
    }
    // Several may have waited for the same piece: the first of them writes what all have read.
    while (this.#isEnough()) {
      const before = this.#writing;
      await before;
      if (this.#writing === before) this.#write();
    }
  }

  async finish(): Promise<NumbersOfRead> {
    await this.#writing;
    this.#write();
    await this.#writing;
    return this.#numbers;
  }

  #isEnough(): boolean {
    // Towards the end in ever smaller pieces: while the last is written nobody has anything else to do.
    const enough = Math.min(
      this.#enoughMessages,
      Math.max(firstWriteMessages, this.#leftMessages / 2),
    );
    return this.#waiting.length >= enough || this.#texts.sizeBytes >= writeTextBytes;
  }

  /** Not awaited: its failure is met by whoever adds next, or by `finish`. */
  #write(): void {
    const waiting = this.#waiting;
    if (waiting.length === 0) return;
    [this.#waiting, this.#texts] = [[], new TextPages()];
    this.#leftMessages -= waiting.length;
    this.#enoughMessages = Math.min(2 * this.#enoughMessages, writeMessages);
    this.#writing = this.#store(waiting);
    this.#writing.catch(() => undefined);
  }

  async #store(
    read: readonly { readonly one: MessageToRead; readonly message: NewMessage }[],
  ): Promise<void> {
    const numbers = await this.#fill.addMessages(read.map(({ message }) => message));
    for (const [index, { one }] of read.entries())
      this.#numbers.set(one, numbers[index] as MessageNumber);
  }
}
