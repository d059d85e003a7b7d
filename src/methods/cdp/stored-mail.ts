import {
  compressionOf,
  decompressMessage,
  mboxIdentities,
  mboxStart,
  messageIdentity,
  parseDboxFileHeader,
  parseDboxMessageHeader,
  parseDboxMetadata,
} from "#mail";

/** As much of the bytes as tells what they are. */
const startBytes = 1024;
/** Of a message header in a dbox file that goes on: what Dovecot has always written. */
const usualHeaderBytes = 30;
const firstMetadataBytes = 4096;
const metadataLimitBytes = 1024 * 1024;

/** Bytes that can be read from anywhere, and again. */
export type StoredBytes = (range: {
  readonly offset: number;
  readonly lengthBytes?: number;
}) => AsyncIterable<Uint8Array>;

export type StoredMail = {
  readonly identities: readonly string[];
  /** Then the file is a folder of its own. */
  readonly isMbox: boolean;
};

/**
 * The identities (#mail) of the messages in bytes that a server wrote: one file of a Maildir or a Cyrus
 * spool is one message, compressed or not; a dbox file or an mbox, or what was put at the end of one,
 * holds many, and one of an mbox may be known by several. What cannot be understood ends it: then those
 * so far are given. Holds 1 MiB at most, a bzip2 message more.
 */
export async function storedMail(bytes: StoredBytes): Promise<StoredMail> {
  const cursor = new ByteCursor(bytes({ offset: 0 }));
  try {
    const start = await cursor.peek(startBytes);
    const mbox = mboxStart(start);
    if (mbox !== undefined) {
      const identities = await Array.fromAsync(mboxIdentities(bytes, mbox));
      return { identities: [...new Set(identities)], isMbox: true };
    }
    const header = parseDboxFileHeader(start);
    if (header === undefined && !(start[0] === 1 && start[1] === 2))
      return { identities: [await identityOf(cursor, Number.POSITIVE_INFINITY)], isMbox: false };
    cursor.skip(header?.lengthBytes ?? 0);
    const found = dboxIdentities(cursor, header?.messageHeaderBytes ?? usualHeaderBytes);
    return { identities: await Array.fromAsync(found), isMbox: false };
  } finally {
    await cursor.close();
  }
}

async function* dboxIdentities(
  cursor: ByteCursor,
  headerBytes: number,
): AsyncGenerator<string, void, undefined> {
  for (;;) {
    const header = await cursor.peek(headerBytes);
    const sizeBytes = header.length < headerBytes ? undefined : parseDboxMessageHeader(header);
    if (sizeBytes === undefined) return;
    cursor.skip(headerBytes);
    yield await identityOf(cursor, sizeBytes);
    let metadata: ReturnType<typeof parseDboxMetadata>;
    for (let wanted = firstMetadataBytes; metadata === undefined; wanted *= 4) {
      const seen = await cursor.peek(wanted);
      metadata = parseDboxMetadata(seen);
      if (metadata === undefined && (seen.length < wanted || wanted > metadataLimitBytes)) return;
    }
    cursor.skip(metadata.lengthBytes);
  }
}

/** Of the message in the next bytes, which are read past. */
async function identityOf(cursor: ByteCursor, lengthBytes: number): Promise<string> {
  const compression = compressionOf(await cursor.peek(Math.min(startBytes, lengthBytes)));
  const body = cursor.take(lengthBytes);
  const identity = await messageIdentity(
    compression === undefined
      ? body
      : decompressMessage(compression, body, { subject: "a message of the journal" }),
  );
  // What a decompressor left after its end.
  for await (const _rest of body);
  return identity;
}

/** Bytes that arrive in pieces, read in turn. */
class ByteCursor {
  readonly #pieces: AsyncIterator<Uint8Array>;
  #held: Buffer = Buffer.alloc(0);

  constructor(bytes: AsyncIterable<Uint8Array>) {
    this.#pieces = bytes[Symbol.asyncIterator]();
  }

  /** The next bytes, fewer at the end; they stay. */
  async peek(lengthBytes: number): Promise<Buffer> {
    while (this.#held.length < lengthBytes) {
      const { value, done } = await this.#pieces.next();
      if (done === true) break;
      this.#held = Buffer.concat([this.#held, value]);
    }
    return this.#held.subarray(0, lengthBytes);
  }

  /** Over bytes that were looked at. */
  skip(lengthBytes: number): void {
    this.#held = this.#held.subarray(lengthBytes);
  }

  /** The next bytes, taken. Again after it was left, it goes on where it was. */
  take(lengthBytes: number): AsyncIterable<Uint8Array> {
    let left = lengthBytes;
    const next = async (): Promise<IteratorResult<Uint8Array, undefined>> => {
      if (left > 0 && this.#held.length === 0) await this.peek(1);
      const piece = this.#held.subarray(0, left);
      if (piece.length === 0) return { value: undefined, done: true };
      left -= piece.length;
      this.skip(piece.length);
      return { value: piece, done: false };
    };
    return { [Symbol.asyncIterator]: () => ({ next }) };
  }

  async close(): Promise<void> {
    await this.#pieces.return?.();
  }
}
