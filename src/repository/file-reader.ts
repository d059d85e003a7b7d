/**
 * Reads local files and stores their content as blobs, synchronously: it runs in threads that
 * have nothing else to do, where an awaited read costs several times a small file's read.
 */
import {
  type BigIntStats,
  closeSync,
  constants,
  fstatSync,
  openSync,
  readSync,
  readlinkSync,
} from "node:fs";
import { asError, systemErrorCode } from "#errors";
import { type RawPath, hasExtendedAttributes } from "#image";
import { contentKindOf } from "#mail";
import type { BlobWriter } from "./blob-writer.ts";
import { type BatchResult, type BatchStatus, type FileBatch, batchStatus } from "./file-batch.ts";
import type { PieceSplitter } from "./piece-splitter.ts";
import { announceRead } from "./read-ahead.ts";

const wholeFileBytes = 4 * 1024 * 1024;
const streamStepBytes = 1024 * 1024;
/** A file that changed while it was read is read again this often before it is called torn. */
const readAttempts = 3;
/** So many small files keep a disk busy, and few of them are read in vain when a batch fails. */
const filesAhead = 32;
/** O_NONBLOCK: a FIFO put in a file's place must not hang the capture. */
const openFlags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

export class FileReader {
  readonly #writer: BlobWriter;
  readonly #splitter: PieceSplitter;
  #buffer: Buffer = Buffer.allocUnsafeSlow(256 * 1024);
  /** Reading one's own mail must not look like access; only the owner may ask for it. */
  #noAccessTime: number = constants.O_NOATIME ?? 0;

  constructor(writer: BlobWriter, splitter: PieceSplitter) {
    this.#writer = writer;
    this.#splitter = splitter;
  }

  storeBatch(batch: FileBatch): BatchResult {
    const count = batch.paths.length;
    const statuses = new Uint8Array(count);
    const blobCounts = new Uint32Array(count);
    const stats = new BigInt64Array(count * 4);
    const ids: Uint8Array[] = [];
    const hasAttributes = new Uint8Array(count);
    const reasons = new Map<number, string>();
    let bytesRead = 0;
    const opened = this.#openAhead(batch.paths);
    try {
      for (let file = 0; file < count; file++) {
        const before = ids.length;
        try {
          const path = batch.paths[file] as string;
          const inode = batch.inodes[file] as bigint;
          const outcome = this.#storeFile(opened.next(), { path, inode, ids });
          statuses[file] = outcome.status;
          hasAttributes[file] = outcome.hasAttributes ? 1 : 0;
          if (outcome.stat !== undefined) stats.set(identityOf(outcome.stat), file * 4);
          bytesRead += outcome.bytesRead;
        } catch (error) {
          ids.length = before;
          statuses[file] = statusOf(error);
          if (statuses[file] === batchStatus.unreadable)
            reasons.set(file, systemErrorCode(error) ?? "?");
        }
        blobCounts[file] = ids.length - before;
      }
    } finally {
      opened.close();
    }
    return { statuses, blobCounts, ids: joinIds(ids), stats, bytesRead, hasAttributes, reasons };
  }

  /** Keeps some files open and announced before they are read. */
  #openAhead(paths: readonly string[]): { next(): number; close(): void } {
    const waiting: (number | Error)[] = [];
    let opened = 0;
    const fill = (): void => {
      while (opened < paths.length && waiting.length < filesAhead) {
        waiting.push(this.#openAnnounced(paths[opened++] as string));
      }
    };
    return {
      next: () => {
        fill();
        const first = waiting.shift() as number | Error;
        if (first instanceof Error) throw first;
        return first;
      },
      close: () => {
        for (const one of waiting) if (typeof one === "number") closeSync(one);
      },
    };
  }

  #openAnnounced(path: string): number | Error {
    try {
      const descriptor = this.#open(path);
      announceRead(descriptor);
      return descriptor;
    } catch (error) {
      return asError(error);
    }
  }

  #storeFile(
    descriptor: number,
    {
      path,
      inode,
      ids,
    }: { readonly path: string; readonly inode: bigint; readonly ids: Uint8Array[] },
  ): { status: BatchStatus; stat?: BigIntStats; bytesRead: number; hasAttributes: boolean } {
    const firstId = ids.length;
    let bytesRead = 0;
    try {
      for (let attempt = 1; ; attempt++) {
        const stat = fstatSync(descriptor, { bigint: true });
        if (!stat.isFile())
          return { status: batchStatus.notAFile, bytesRead, hasAttributes: false };
        // Not the inode that was listed: a file that was replaced is fine, one that was renamed
        // since, or stands behind a link, is looked for again.
        if (stat.ino !== inode && !isAt(descriptor, path))
          return { status: batchStatus.vanished, bytesRead, hasAttributes: false };
        ids.length = firstId;
        const sizeBytes = Number(stat.size);
        const read = this.#storeContent(descriptor, { path, sizeBytes, ids });
        bytesRead += read;
        // A flag set meanwhile renames the file: its ctime moves, its bytes do not.
        const after = fstatSync(descriptor, { bigint: true });
        const steady =
          after.mtimeNs === stat.mtimeNs && after.size === stat.size && read === sizeBytes;
        const hasAttributes = hasExtendedAttributes(descriptor);
        if (steady) return { status: batchStatus.stored, stat, bytesRead, hasAttributes };
        if (attempt === readAttempts) {
          // The stored size is what was read, so that the node and its content agree.
          const torn = Object.assign(Object.create(stat) as BigIntStats, { size: BigInt(read) });
          return { status: batchStatus.torn, stat: torn, bytesRead, hasAttributes };
        }
      }
    } finally {
      closeSync(descriptor);
    }
  }

  #open(path: string): number {
    const target = isAscii(path) ? path : Buffer.from(path, "latin1");
    try {
      return openSync(target, openFlags | this.#noAccessTime);
    } catch (error) {
      if (systemErrorCode(error) !== "EPERM" || this.#noAccessTime === 0) throw error;
      return openSync(target, openFlags);
    }
  }

  #storeContent(
    descriptor: number,
    {
      path,
      sizeBytes,
      ids,
    }: { readonly path: string; readonly sizeBytes: number; readonly ids: Uint8Array[] },
  ): number {
    const onPiece = (piece: Uint8Array): void => {
      ids.push(this.#writer.add(piece, "data"));
    };
    if (sizeBytes > wholeFileBytes)
      return this.#storeStream(descriptor, { path, sizeBytes, onPiece });
    if (this.#buffer.length < sizeBytes + 1)
      this.#buffer = Buffer.allocUnsafeSlow(sizeBytes + 64 * 1024);
    // One byte more than the size is asked for: a file that has grown is noticed by reading it.
    const length = readFully(descriptor, { buffer: this.#buffer, sizeBytes });
    const bytes = this.#buffer.subarray(0, length);
    if (length > 0)
      this.#splitter.splitWhole(contentKindOf(path as RawPath, bytes), bytes, onPiece);
    return length;
  }

  #storeStream(
    descriptor: number,
    {
      path,
      sizeBytes,
      onPiece,
    }: {
      readonly path: string;
      readonly sizeBytes: number;
      readonly onPiece: (piece: Uint8Array) => void;
    },
  ): number {
    if (this.#buffer.length < streamStepBytes)
      this.#buffer = Buffer.allocUnsafeSlow(streamStepBytes);
    const buffer = this.#buffer.subarray(0, streamStepBytes);
    let total = 0;
    let stream: ReturnType<PieceSplitter["stream"]> | undefined;
    // One byte more than the size, as above: one that grows faster than it is read would have no end.
    while (total <= sizeBytes) {
      const length = readSync(
        descriptor,
        buffer,
        0,
        Math.min(buffer.length, sizeBytes + 1 - total),
        total,
      );
      if (length === 0) break;
      const bytes = buffer.subarray(0, length);
      stream ??= this.#splitter.stream(contentKindOf(path as RawPath, bytes), onPiece);
      stream.push(bytes);
      total += length;
    }
    stream?.end();
    return total;
  }
}

/**
 * Whether an open file is the one of that path with no symbolic link on the way: a folder that was
 * swapped for a link after it was listed must not lead a capture that runs as root elsewhere.
 */
function isAt(descriptor: number, path: string): boolean {
  try {
    const place = readlinkSync(`/proc/self/fd/${descriptor}`, { encoding: "latin1" });
    // Replaced once more since it was opened, as Dovecot does with its UID lists.
    return place === path || place === `${path} (deleted)`;
  } catch {
    // No /proc: nothing to tell it by, and nothing speaks against the file.
    return true;
  }
}

/** Reads until there are `sizeBytes` or more, or the file ends; mostly one call. */
function readFully(
  descriptor: number,
  { buffer, sizeBytes }: { readonly buffer: Buffer; readonly sizeBytes: number },
): number {
  let length = 0;
  do {
    const read = readSync(descriptor, buffer, length, sizeBytes + 1 - length, length);
    if (read === 0) break;
    length += read;
  } while (length < sizeBytes);
  return length;
}

function identityOf(stat: BigIntStats): [bigint, bigint, bigint, bigint] {
  return [stat.ino, stat.size, stat.mtimeNs, stat.ctimeNs];
}

function statusOf(error: unknown): BatchStatus {
  switch (systemErrorCode(error)) {
    case undefined:
      // Not the system's: a bug or a failed self-check, which must end the capture.
      throw error;
    case "ENOENT":
    case "ENOTDIR":
      return batchStatus.vanished;
    case "ELOOP":
    case "EISDIR":
    case "ENXIO":
      return batchStatus.notAFile;
    default:
      return batchStatus.unreadable;
  }
}

function joinIds(ids: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(ids.length * 32);
  for (let at = 0; at < ids.length; at++) joined.set(ids[at] as Uint8Array, at * 32);
  return joined;
}

function isAscii(path: string): boolean {
  // oxlint-disable-next-line no-control-regex
  return /^[\x00-\x7f]*$/.test(path);
}
