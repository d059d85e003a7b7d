import { createReadStream, createWriteStream, rmSync } from "node:fs";
import { open } from "node:fs/promises";
import { posix } from "node:path";
import { Readable } from "node:stream";
import { finished, pipeline } from "node:stream/promises";
import { ZipFile } from "yazl";
import { nameOf, subjectHeadBytes } from "./eml-writer.ts";
import type { ExportWriter, ExportWriterOptions } from "./export-writer.ts";
import { UniqueNames } from "./file-names.ts";
import { MailboxPaths } from "./mailbox-paths.ts";
import { NewFile } from "./new-files.ts";

/** Larger messages wait in a file until they are known to be whole. */
const memoryLimitBytes = 64 * 1024 * 1024;

/** A zip of .eml files by folders, written as it comes, with zip64 where it grows that far. */
export function zipWriter({ path, levels }: ExportWriterOptions): ExportWriter {
  const paths = new MailboxPaths(levels);
  const zip = new ZipFile();
  const output = createWriteStream(path, { flags: "wx", mode: 0o600 });
  const written = pipeline(zip.outputStream, output);
  // It is awaited at the end; until then a failure shows in whatever waits for it.
  written.catch(() => undefined);
  const failed = new Promise<never>((_, reject) => zip.once("error", reject));
  failed.catch(() => undefined);
  let folder = "";
  let names = new UniqueNames();
  return {
    begin: (mailbox) => {
      folder = paths.path(mailbox);
      names = new UniqueNames();
    },
    add: async (message, bytes) => {
      await using staged = await stage(bytes, `${path}.message`);
      const name = posix.join(folder, names.take(nameOf(message, staged.head), ".eml"));
      const options = {
        mtime: new Date(Number(message.internalDateNs / 1_000_000n)),
        mode: 0o100600,
        size: staged.sizeBytes,
      };
      const stream = staged.stream();
      addEntry(zip, name, { options, source: { stream } });
      await Promise.race([finished(stream), failed, written]);
      return staged.sizeBytes;
    },
    finish: async () => {
      zip.end();
      await Promise.race([written, failed]);
      const file = await open(path, "r+");
      await file.sync();
      await file.close();
    },
    close: async () => {
      output.destroy();
      await written.catch(() => undefined);
    },
  };
}

type Entry = {
  readonly options: Parameters<ZipFile["addReadStreamLazy"]>[1];
  readonly source: { stream: Readable | undefined };
};

/** The library keeps every entry, with this function, until the end: it must not hold the message. */
function addEntry(zip: ZipFile, name: string, { options, source }: Entry): void {
  zip.addReadStreamLazy(name, options as object, (callback) => {
    const { stream } = source;
    source.stream = undefined;
    callback(null, stream as Readable);
  });
}

type Staged = AsyncDisposable & {
  readonly head: Uint8Array;
  readonly sizeBytes: number;
  stream(): Readable;
};

/** A message read to its end before any of it goes on: what was begun in a zip cannot be taken back. */
async function stage(bytes: AsyncIterable<Uint8Array>, path: string): Promise<Staged> {
  const pieces: Uint8Array[] = [];
  let sizeBytes = 0;
  let file: NewFile | undefined;
  try {
    for await (const piece of bytes) {
      sizeBytes += piece.length;
      if (file !== undefined) {
        file.write(piece);
        continue;
      }
      pieces.push(Uint8Array.from(piece));
      if (sizeBytes <= memoryLimitBytes) continue;
      file = new NewFile(path);
      for (const held of pieces) file.write(held);
      pieces.length = 0;
    }
    file?.finish();
  } catch (error) {
    file?.discard();
    throw error;
  }
  if (file === undefined) {
    const whole = Buffer.concat(pieces);
    return {
      head: whole.subarray(0, subjectHeadBytes),
      sizeBytes,
      stream: () => Readable.from(whole.length === 0 ? [] : [whole]),
      [Symbol.asyncDispose]: async () => undefined,
    };
  }
  const head = Buffer.alloc(subjectHeadBytes);
  const handle = await open(path, "r");
  const { bytesRead } = await handle.read(head, 0, head.length, 0);
  await handle.close();
  return {
    head: head.subarray(0, bytesRead),
    sizeBytes,
    stream: () => createReadStream(path),
    [Symbol.asyncDispose]: async () => rmSync(path, { force: true }),
  };
}
