/**
 * Reads local files and stores their content as blobs, synchronously: it runs in threads that
 * have nothing else to do, where an awaited read costs several times a small file's read. Small
 * files are read one after the other into one memory and stored together.
 */
import { closeSync, constants, openSync, readSync, readlinkSync } from "node:fs";
import { asError, systemErrorCode } from "#errors";
import { type RawPath, hasExtendedAttributes, identityInto, identityLength } from "#image";
import { contentKindOf } from "#mail";
import type { BlobWriter } from "./blob-writer.ts";
import { type BatchResult, type BatchStatus, type FileBatch, batchStatus } from "./file-batch.ts";
import { digestBytes } from "./digest.ts";
import type { PieceSplitter } from "./piece-splitter.ts";
import { announceRead } from "./read-ahead.ts";

/** Longer files are cut while they are read. */
const wholeFileBytes = 4 * 1024 * 1024;
const streamStepBytes = 1024 * 1024;
/** Small files that are stored together: what stays in the processor's second cache. */
const groupBytes = 512 * 1024;
/** Below the least length of a chunk: such a file's pieces are views of it. */
const groupedFileBytes = 256 * 1024;
/** A file that changed while it was read is read again this often before it is called torn. */
const readAttempts = 3;
/** So many small files keep a disk busy, and few of them are read in vain when a batch fails. */
const filesAhead = 32;
/** O_NONBLOCK: a FIFO put in a file's place must not hang the capture. */
const [formatMask, formatFile] = [0o170000, 0o100000];
const openFlags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

type OpenFile = {
  readonly descriptor: number;
  readonly path: string;
  readonly inode: bigint;
  /** Its position in the batch. */
  readonly at: number;
};

/** What comes of a batch, column by column. */
type Outcome = {
  readonly statuses: Uint8Array;
  readonly stats: BigInt64Array;
  readonly hasAttributes: Uint8Array;
  readonly ids: (Uint8Array | undefined)[];
  bytesRead: number;
};

/** A small file that was read and is not stored yet: its place in the group's memory. */
type Grouped = {
  readonly at: number;
  readonly path: string;
  readonly start: number;
  readonly end: number;
};

export class FileReader {
  readonly #writer: BlobWriter;
  readonly #splitter: PieceSplitter;
  readonly #group: Buffer = Buffer.allocUnsafeSlow(groupBytes);
  readonly #grouped: Grouped[] = [];
  #groupUsed = 0;
  #buffer: Buffer = Buffer.allocUnsafeSlow(0);
  /** As it was before and after it was read. */
  readonly #identities: BigInt64Array = new BigInt64Array(2 * identityLength);
  /** Reading one's own mail must not look like access; only the owner may ask for it. */
  #noAccessTime: number = constants.O_NOATIME ?? 0;

  constructor(writer: BlobWriter, splitter: PieceSplitter) {
    this.#writer = writer;
    this.#splitter = splitter;
  }

  storeBatch(batch: FileBatch): BatchResult {
    const count = batch.paths.length;
    const outcome: Outcome = {
      statuses: new Uint8Array(count),
      stats: new BigInt64Array(count * identityLength),
      hasAttributes: new Uint8Array(count),
      ids: Array.from({ length: count }),
      bytesRead: 0,
    };
    const reasons = new Map<number, string>();
    const opened = this.#openAhead(batch.paths);
    // What an earlier batch left when it failed is not this one's.
    this.#startGroup();
    try {
      for (let at = 0; at < count; at++) {
        try {
          const path = batch.paths[at] as string;
          const file = { path, inode: batch.inodes[at] as bigint, at };
          this.#takeFile({ ...file, descriptor: opened.next() }, outcome);
        } catch (error) {
          outcome.statuses[at] = statusOf(error);
          if (outcome.statuses[at] === batchStatus.unreadable)
            reasons.set(at, systemErrorCode(error) ?? "?");
        }
      }
      this.#storeGroup(outcome);
    } finally {
      opened.close();
    }
    const { ids, ...columns } = outcome;
    return { ...columns, ...joinIds(ids), reasons };
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

  #takeFile(file: OpenFile, outcome: Outcome): void {
    const { descriptor, path, inode, at } = file;
    const [before, after] = [this.#identities, this.#identities.subarray(identityLength)];
    try {
      for (let attempt = 1; ; attempt++) {
        const mode = identityInto(descriptor, before, 0);
        if ((mode & formatMask) !== formatFile) {
          outcome.statuses[at] = batchStatus.notAFile;
          return;
        }
        // Not the inode that was listed: a file that was replaced is fine, one that was renamed
        // since, or stands behind a link, is looked for again.
        if (before[0] !== BigInt.asIntN(64, inode) && !isAt(descriptor, path)) {
          outcome.statuses[at] = batchStatus.vanished;
          return;
        }
        const sizeBytes = Number(before[1]);
        const read = this.#readContent(file, sizeBytes, outcome);
        outcome.bytesRead += read;
        // A flag set meanwhile renames the file: its ctime moves, its bytes do not.
        identityInto(descriptor, after, 0);
        const isSteady = before[2] === after[2] && before[1] === after[1] && read === sizeBytes;
        if (!isSteady && attempt < readAttempts) continue;
        outcome.hasAttributes[at] = hasExtendedAttributes(descriptor) ? 1 : 0;
        outcome.stats.set(before.subarray(0, identityLength), at * identityLength);
        if (isSteady) return;
        outcome.statuses[at] = batchStatus.torn;
        // The stored size is what was read, so that the node and its content agree.
        outcome.stats[at * identityLength + 1] = BigInt(read);
        return;
      }
    } catch (error) {
      this.#forget(at, outcome);
      throw error;
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

  /** Reads a file as a whole and has it stored, at once or with its group; returns its length. */
  #readContent(file: OpenFile, sizeBytes: number, outcome: Outcome): number {
    const { descriptor, path, at } = file;
    this.#forget(at, outcome);
    if (sizeBytes <= groupedFileBytes) return this.#readGrouped(file, sizeBytes, outcome);
    const ids: Uint8Array[] = [];
    const onPiece = (piece: Uint8Array): void => {
      ids.push(this.#writer.add(piece, "data"));
    };
    let length: number;
    if (sizeBytes > wholeFileBytes)
      length = this.#storeStream(descriptor, { path, sizeBytes, onPiece });
    else {
      if (this.#buffer.length < sizeBytes + 1)
        this.#buffer = Buffer.allocUnsafeSlow(sizeBytes + 64 * 1024);
      length = readFully(descriptor, { buffer: this.#buffer, offset: 0, sizeBytes });
      const bytes = this.#buffer.subarray(0, length);
      this.#splitter.splitWhole(contentKindOf(path as RawPath, bytes), bytes, onPiece);
    }
    outcome.ids[at] = Buffer.concat(ids);
    return length;
  }

  #readGrouped({ descriptor, path, at }: OpenFile, sizeBytes: number, outcome: Outcome): number {
    if (this.#groupUsed + sizeBytes + 1 > groupBytes) this.#storeGroup(outcome);
    const start = this.#groupUsed;
    const length = readFully(descriptor, { buffer: this.#group, offset: start, sizeBytes });
    if (length === 0) return 0;
    this.#groupUsed += length;
    this.#grouped.push({ at, path, start, end: start + length });
    return length;
  }

  /** Drops what an earlier reading of the file left: it changed meanwhile. */
  #forget(at: number, outcome: Outcome): void {
    outcome.ids[at] = undefined;
    const last = this.#grouped.at(-1);
    if (last?.at !== at) return;
    this.#grouped.pop();
    this.#groupUsed = last.start;
  }

  /** Cuts and stores what was read together. */
  #storeGroup(outcome: Outcome): void {
    const pieces: Uint8Array[] = [];
    const ends: number[] = [];
    for (const { path, start, end } of this.#grouped) {
      const bytes = this.#group.subarray(start, end);
      const kind = contentKindOf(path as RawPath, bytes);
      this.#splitter.splitWhole(kind, bytes, (piece) => pieces.push(piece));
      ends.push(pieces.length);
    }
    const ids = this.#writer.addAll(pieces, "data");
    let from = 0;
    for (const [n, { at }] of this.#grouped.entries()) {
      const end = (ends[n] as number) * digestBytes;
      outcome.ids[at] = ids.subarray(from, end);
      from = end;
    }
    this.#startGroup();
  }

  #startGroup(): void {
    this.#grouped.length = 0;
    this.#groupUsed = 0;
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

/**
 * Reads until there are more than `sizeBytes`, or the file ends; mostly one call. One byte more than
 * the size is asked for: a file that has grown is noticed by reading it.
 */
function readFully(
  descriptor: number,
  {
    buffer,
    offset,
    sizeBytes,
  }: { readonly buffer: Buffer; readonly offset: number; readonly sizeBytes: number },
): number {
  let length = 0;
  do {
    const wanted = sizeBytes + 1 - length;
    const read = readSync(descriptor, buffer, offset + length, wanted, length);
    if (read === 0) break;
    length += read;
  } while (length < sizeBytes);
  return length;
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

function joinIds(ids: readonly (Uint8Array | undefined)[]): {
  readonly ids: Uint8Array;
  readonly blobCounts: Uint32Array;
} {
  const blobCounts = Uint32Array.from(ids, (one) => (one?.length ?? 0) / digestBytes);
  const joined = new Uint8Array(ids.reduce((sum, one) => sum + (one?.length ?? 0), 0));
  let end = 0;
  for (const one of ids) {
    if (one === undefined) continue;
    joined.set(one, end);
    end += one.length;
  }
  return { ids: joined, blobCounts };
}

function isAscii(path: string): boolean {
  // oxlint-disable-next-line no-control-regex
  return /^[\x00-\x7f]*$/.test(path);
}
