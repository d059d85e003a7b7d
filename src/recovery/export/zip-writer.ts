import { createReadStream, rmSync } from "node:fs";
import { posix } from "node:path";
import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";
import { crc32, createDeflateRaw, deflateRaw } from "node:zlib";
import { nameOf, subjectHeadBytes } from "./eml-writer.ts";
import type { ExportWriter, ExportWriterOptions } from "./export-writer.ts";
import { UniqueNames } from "./file-names.ts";
import { MailboxPaths } from "./mailbox-paths.ts";
import { NewFile } from "./new-files.ts";
import { centralHeader, endOfZip, localHeader, type ZipEntry } from "./zip-format.ts";

export type ZipWriterOptions = ExportWriterOptions & {
  /** Larger messages wait in a file until they are known to be whole. Default 64 MiB. */
  readonly memoryLimitBytes?: number;
};

const deflated = promisify(deflateRaw);
/** Headers of the central directory are joined into pieces of so many. */
const joinedHeaders = 4096;

/** A zip of .eml files by folders, written as it comes. Keeps its directory in memory, some 150 bytes a message. */
export function zipWriter({
  path,
  levels,
  memoryLimitBytes = 64 * 1024 * 1024,
}: ZipWriterOptions): ExportWriter {
  const paths = new MailboxPaths(levels);
  const file = new NewFile(path);
  const directory = new Directory();
  let folder = "";
  let names = new UniqueNames();
  return {
    begin: (mailbox) => {
      folder = paths.path(mailbox);
      names = new UniqueNames();
    },
    add: async (message, bytes) => {
      using staged = await stage(bytes, { path: `${path}.message`, memoryLimitBytes });
      const entry = {
        name: posix.join(folder, names.take(nameOf(message, staged.head), ".eml")),
        modifiedMs: Number(message.internalDateNs / 1_000_000n),
        crc32: staged.crc32,
        sizeBytes: staged.sizeBytes,
      };
      const offset = file.sizeBytes;
      directory.add(await staged.write(file, entry), offset);
      return staged.sizeBytes;
    },
    finish: async () => {
      const offset = file.sizeBytes;
      for (const piece of directory.pieces()) file.write(piece);
      const sizeBytes = file.sizeBytes - offset;
      file.write(endOfZip({ entries: directory.entries, offset, sizeBytes }));
      file.finish({ isDurable: true });
    },
    close: () => file[Symbol.dispose](),
  };
}

class Directory {
  entries = 0;
  #headers: Buffer[] = [];
  readonly #joined: Buffer[] = [];

  add(entry: ZipEntry, offset: number): void {
    this.entries += 1;
    this.#headers.push(centralHeader(entry, offset));
    if (this.#headers.length < joinedHeaders) return;
    this.#joined.push(Buffer.concat(this.#headers));
    this.#headers = [];
  }

  pieces(): readonly Buffer[] {
    return [...this.#joined, ...this.#headers];
  }
}

type Unpacked = Omit<ZipEntry, "isDeflated" | "packedBytes">;

type Staged = Disposable & {
  readonly head: Uint8Array;
  readonly sizeBytes: number;
  readonly crc32: number;
  /** Writes header and content at the end of the file. */
  write(file: NewFile, entry: Unpacked): Promise<ZipEntry>;
};

/** A message read to its end before any of it goes on: what was begun in a zip is not taken back. */
async function stage(
  bytes: AsyncIterable<Uint8Array>,
  { path, memoryLimitBytes }: { readonly path: string; readonly memoryLimitBytes: number },
): Promise<Staged> {
  const pieces: Uint8Array[] = [];
  let sizeBytes = 0;
  let checksum = 0;
  let head: Uint8Array | undefined;
  let large: NewFile | undefined;
  try {
    for await (const piece of bytes) {
      sizeBytes += piece.length;
      checksum = crc32(piece, checksum);
      if (large !== undefined) {
        large.write(piece);
        continue;
      }
      pieces.push(Uint8Array.from(piece));
      if (sizeBytes <= memoryLimitBytes) continue;
      large = new NewFile(path);
      for (const held of pieces) large.write(held);
      head = Buffer.concat(pieces).subarray(0, subjectHeadBytes);
      pieces.length = 0;
    }
    large?.finish();
  } catch (error) {
    large?.discard();
    throw error;
  }
  const whole = Buffer.concat(pieces);
  return {
    head: head ?? whole.subarray(0, subjectHeadBytes),
    sizeBytes,
    crc32: checksum,
    write: (file, entry) =>
      large === undefined ? writeWhole(file, entry, whole) : writeLarge(file, entry, path),
    [Symbol.dispose]: () => {
      if (large !== undefined) rmSync(path, { force: true });
    },
  };
}

async function writeWhole(file: NewFile, unpacked: Unpacked, content: Buffer): Promise<ZipEntry> {
  const packed = await deflated(content);
  const isDeflated = packed.length < content.length;
  const stored = isDeflated ? packed : content;
  const entry = { ...unpacked, isDeflated, packedBytes: stored.length };
  file.write(localHeader(entry));
  file.write(stored);
  return entry;
}

async function writeLarge(file: NewFile, unpacked: Unpacked, path: string): Promise<ZipEntry> {
  const start = file.sizeBytes;
  const begun = { ...unpacked, isDeflated: true, packedBytes: 0 };
  file.write(localHeader(begun));
  const contentStart = file.sizeBytes;
  await pipeline(createReadStream(path), createDeflateRaw(), async (packed) => {
    for await (const piece of packed as AsyncIterable<Buffer>) file.write(piece);
  });
  const entry = { ...begun, packedBytes: file.sizeBytes - contentStart };
  file.writeAgain(start, localHeader(entry));
  return entry;
}
