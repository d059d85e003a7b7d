/**
 * Messages that a server compressed, as Dovecot's zlib plugin (2.4: mail_compress) does in Maildir,
 * sdbox and mdbox. A file says by its first bytes how; nothing else in the store does.
 */
import { pipeline, Readable } from "node:stream";
import { createGunzip, createZstdDecompress } from "node:zlib";
import { isRecoveryError } from "#errors";
import { MailError } from "../mail-error.ts";
import { isLz4, unpackLz4 } from "./lz4.ts";

export const messageCompressions = ["gzip", "zstd", "bzip2", "lz4", "xz"] as const;
export type MessageCompression = (typeof messageCompressions)[number];

/** How many bytes of a file tell. */
export const compressionMagicBytes = 16;

/** How a file is compressed whose first bytes these are; undefined: it is not. No mail starts like that. */
export function compressionOf(start: Uint8Array): MessageCompression | undefined {
  const begins = (...magic: readonly number[]): boolean =>
    magic.every((byte, index) => start[index] === byte);
  if (begins(0x1f, 0x8b)) return "gzip";
  if (begins(0x28, 0xb5, 0x2f, 0xfd)) return "zstd";
  // "BZh", a level, and the first digits of π; of √π where nothing was compressed.
  const level = start[3] ?? 0;
  if (begins(0x42, 0x5a, 0x68) && level >= 0x31 && level <= 0x39)
    return start[4] === 0x31 || start[4] === 0x17 ? "bzip2" : undefined;
  if (begins(0xfd, 0x37, 0x7a, 0x58, 0x5a)) return "xz";
  return isLz4(start) ? "lz4" : undefined;
}

export type DecompressOptions = {
  /** What is read, for messages: `message 3 of "INBOX"`. */
  readonly subject: string;
  /** Most bytes that come out; more is damage. Default 1 GiB. */
  readonly limitBytes?: number;
};

/** What bzip2 and LZ4 keep in memory of one message, packed. */
const packedLimitBytes = 256 * 1024 * 1024;

/**
 * The message that was compressed. Throws MailError `mail.damaged` where the bytes are not whole or
 * more than the limit come out, `mail.unsupported` for xz; what came before is void then.
 */
export async function* decompressMessage(
  compression: MessageCompression,
  packed: AsyncIterable<Uint8Array>,
  { subject, limitBytes = 1024 ** 3 }: DecompressOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  let left = limitBytes;
  try {
    for await (const piece of unpack(compression, { packed, subject, limitBytes })) {
      left -= piece.length;
      if (left < 0) throw damaged(subject, `more than ${limitBytes} bytes come out of it`);
      yield piece;
    }
  } catch (error) {
    if (isRecoveryError(error) || isAbort(error)) throw error;
    throw damaged(subject, `its ${compression} data is not whole`, error);
  }
}

type Packed = DecompressOptions & {
  readonly packed: AsyncIterable<Uint8Array>;
  readonly limitBytes: number;
};

function unpack(
  compression: MessageCompression,
  { packed, subject, limitBytes }: Packed,
): AsyncIterable<Uint8Array> {
  switch (compression) {
    case "gzip":
      return through(packed, createGunzip());
    case "zstd":
      return through(packed, createZstdDecompress());
    case "bzip2":
      return unpackBzip2(packed, { subject, limitBytes });
    case "lz4":
      return unpackLz4(packed, packedLimitBytes);
    case "xz":
      throw new MailError("mail.unsupported", `Cannot read ${subject}: it is compressed with xz`, {
        hint: "Restore the file and unpack it with xz, or let its server read it.",
      });
  }
}

/** A stream that ends when its reader leaves, and ends its source then. */
function through(
  packed: AsyncIterable<Uint8Array>,
  stream: ReturnType<typeof createGunzip>,
): AsyncIterable<Uint8Array> {
  // Whatever goes wrong arrives at the one who reads the stream.
  pipeline(Readable.from(packed, { objectMode: true }), stream, () => undefined);
  return stream;
}

/** What is used of the package `seek-bzip`. */
type Bunzip = {
  decode(
    input: {
      readByte(): number;
      read(target: Uint8Array, offset: number, length: number): number;
      eof(): boolean;
    },
    output: { writeByte(byte: number): void },
    multistream?: boolean,
  ): unknown;
};

async function* unpackBzip2(
  packed: AsyncIterable<Uint8Array>,
  { subject, limitBytes }: { readonly subject: string; readonly limitBytes: number },
): AsyncGenerator<Uint8Array, void, undefined> {
  const pieces: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const piece of packed) {
    sizeBytes += piece.length;
    if (sizeBytes > packedLimitBytes)
      throw damaged(subject, `it holds more than ${packedLimitBytes} bytes of bzip2`);
    pieces.push(piece);
  }
  const bytes = Buffer.concat(pieces, sizeBytes);
  // Rarely needed, so loaded only then.
  // @ts-expect-error The package has no types.
  const { default: bunzip } = (await import("seek-bzip")) as { default: Bunzip };
  const sink = new ByteSink(Math.min(limitBytes, packedLimitBytes));
  let at = 0;
  bunzip.decode(
    {
      readByte: () => {
        const byte = bytes[at++];
        // The library would read zeros for ever.
        if (byte === undefined) throw new RangeError("the data ends too early");
        return byte;
      },
      read: (target, offset, length) => {
        const copied = bytes.copy(target, offset, at, at + length);
        at += copied;
        return copied;
      },
      eof: () => at >= bytes.length,
    },
    sink,
    true,
  );
  yield sink.bytes();
}

class ByteSink {
  readonly #limitBytes: number;
  #held = Buffer.allocUnsafe(64 * 1024);
  #used = 0;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  writeByte(byte: number): void {
    if (this.#used === this.#held.length) this.#grow();
    this.#held[this.#used++] = byte;
  }

  bytes(): Uint8Array {
    return this.#held.subarray(0, this.#used);
  }

  #grow(): void {
    if (this.#used > this.#limitBytes) throw new RangeError("too many bytes come out");
    const wider = Buffer.allocUnsafe(this.#held.length * 2);
    this.#held.copy(wider, 0, 0, this.#used);
    this.#held = wider;
  }
}

function damaged(subject: string, state: string, cause?: unknown): MailError {
  return new MailError("mail.damaged", `Cannot read ${subject}: ${state}`, {
    hint: "Open it at another moment, or restore the file and look at it with the compressor's own tool.",
    ...(cause === undefined ? {} : { cause }),
  });
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === "AbortError";
}
