/**
 * Sealed blobs into files, synchronously: it runs in threads that have nothing else to do. Each
 * blob is verified, decrypted, decompressed and hashed once; each file is opened once per part,
 * and what was written is read back and compared before it counts.
 */
import { closeSync, constants, openSync, readSync, unlinkSync, writeSync } from "node:fs";
import { isRecoveryError, systemErrorCode } from "#errors";
import { type RawPath, displayPath } from "#image";
import { type Compressor, openCompressor } from "./compression.ts";
import { type MasterKey, type Sealer, openSealer, plainLengthOf } from "./crypto.ts";
import { hasDigest } from "./digest.ts";
import {
  type ExtractFailure,
  type ExtractOutcome,
  type ExtractTask,
  partStatus,
} from "./extract-task.ts";
import { FileMaker, systemPath } from "./file-maker.ts";
import { blobDamaged } from "./missing-blob.ts";
import { RepositoryError } from "./repository-error.ts";

const openFlags = constants.O_RDWR | constants.O_NOFOLLOW;
/** Memory kept between tasks; a task with one huge blob gives back what it needed. */
const keptBytes = 16 * 1024 * 1024;

export class ExtractWriter {
  readonly #sealer: Sealer;
  readonly #compressor: Compressor = openCompressor();
  /** Set to another value than 0 to stop after the file that is being written. */
  readonly #stop: Int32Array;
  /** Plain bytes of a task's blobs in the order in which they are first wanted. */
  readonly #plain = new Scratch();
  /** A part whose blobs were not decoded in a row. */
  readonly #joined = new Scratch();
  readonly #readBack = new Scratch();

  constructor(masterKey: MasterKey, stop: Int32Array) {
    this.#sealer = openSealer(masterKey);
    this.#stop = stop;
  }

  run(task: ExtractTask): ExtractOutcome {
    const targets = task.targets.split("\0");
    const statuses = new Uint8Array(targets.length);
    const failures = new Map<number, ExtractFailure>();
    const decoded = this.#prepare(task);
    using maker = new FileMaker();
    let firstBlob = 0;
    for (const [part, target] of targets.entries()) {
      if (Atomics.load(this.#stop, 0) !== 0) break;
      const blobs = task.blobs.subarray(firstBlob, (firstBlob += task.blobCounts[part] as number));
      try {
        const bytes = decoded.join(blobs);
        const isDressed = writePart(bytes, { task, part, target, maker, readBack: this.#readBack });
        statuses[part] = isDressed ? partStatus.dressed : partStatus.written;
      } catch (error) {
        statuses[part] = partStatus.failed;
        failures.set(part, failureOf(error, target));
      }
    }
    for (const scratch of [this.#plain, this.#joined, this.#readBack]) scratch.trim();
    return { statuses, failures, sealed: task.sealed };
  }

  #prepare(task: ExtractTask): DecodedBlobs {
    let plainBytes = 0;
    for (const [blob, rawLength] of task.rawLengths.entries()) {
      plainBytes += plainLengthOf(rawLength, task.sealedLengths[blob] as number);
    }
    return new DecodedBlobs(task, {
      sealer: this.#sealer,
      compressor: this.#compressor,
      plain: this.#plain.get(plainBytes),
      joined: this.#joined,
    });
  }
}

/** Memory used again and again; its content lasts until it is next asked for. */
class Scratch {
  #bytes: Buffer = Buffer.allocUnsafeSlow(0);

  get(lengthBytes: number): Buffer {
    if (this.#bytes.length < lengthBytes) this.#bytes = Buffer.allocUnsafeSlow(lengthBytes);
    return this.#bytes.subarray(0, lengthBytes);
  }

  trim(): void {
    if (this.#bytes.length > keptBytes) this.#bytes = Buffer.allocUnsafeSlow(0);
  }
}

type DecodingTools = {
  readonly sealer: Sealer;
  readonly compressor: Compressor;
  readonly plain: Buffer;
  readonly joined: Scratch;
};

const notDecoded = -1;
const isDamaged = -2;

/** The blobs of one task, each decoded when first wanted. */
class DecodedBlobs {
  readonly #task: ExtractTask;
  readonly #sealer: Sealer;
  readonly #compressor: Compressor;
  readonly #plain: Buffer;
  readonly #joined: Scratch;
  #used = 0;
  readonly #sealedAt: Float64Array;
  readonly #plainAt: Float64Array;

  constructor(task: ExtractTask, tools: DecodingTools) {
    this.#task = task;
    this.#sealer = tools.sealer;
    this.#compressor = tools.compressor;
    this.#plain = tools.plain;
    this.#joined = tools.joined;
    this.#sealedAt = new Float64Array(task.sealedLengths.length);
    this.#plainAt = new Float64Array(task.sealedLengths.length).fill(notDecoded);
    let at = 0;
    for (const [blob, length] of task.sealedLengths.entries()) {
      this.#sealedAt[blob] = at;
      at += length;
    }
  }

  /** The plain bytes of blobs in this order: a view where they were decoded in a row. */
  join(blobs: Uint32Array): Buffer {
    let length = 0;
    let inRow = true;
    let start = this.#used;
    for (const [position, blob] of blobs.entries()) {
      const at = this.#decode(blob);
      if (position === 0) start = at;
      else if (at !== start + length) inRow = false;
      length += this.#lengthOf(blob);
    }
    if (inRow) return this.#plain.subarray(start, start + length);
    const joined = this.#joined.get(length);
    let used = 0;
    for (const blob of blobs) {
      const at = this.#plainAt[blob] as number;
      used += this.#plain.copy(joined, used, at, at + this.#lengthOf(blob));
    }
    return joined;
  }

  #lengthOf(blob: number): number {
    const { rawLengths, sealedLengths } = this.#task;
    return plainLengthOf(rawLengths[blob] as number, sealedLengths[blob] as number);
  }

  #decode(blob: number): number {
    const known = this.#plainAt[blob] as number;
    if (known >= 0) return known;
    const { ids, packs, rawLengths, sealed, sealedLengths } = this.#task;
    const sealedAt = this.#sealedAt[blob] as number;
    const opened =
      known === isDamaged
        ? undefined
        : this.#sealer.openView(
            sealed.subarray(sealedAt, sealedAt + (sealedLengths[blob] as number)),
          );
    const rawLength = rawLengths[blob] as number;
    const plain =
      opened === undefined || rawLength === 0
        ? opened
        : this.#compressor.decompress(opened, rawLength);
    if (plain === undefined || !hasDigest(plain, ids, blob * 32)) {
      this.#plainAt[blob] = isDamaged;
      const id = ids.subarray(blob * 32, blob * 32 + 32);
      throw blobDamaged(id, (packs[blob] as number).toString(16).padStart(8, "0"));
    }
    // Both views are overwritten by their next use.
    this.#plain.set(plain, this.#used);
    const at = this.#used;
    this.#plainAt[blob] = at;
    this.#used += plain.length;
    return at;
  }
}

type PartToWrite = {
  readonly task: ExtractTask;
  readonly part: number;
  readonly target: string;
  readonly maker: FileMaker;
  readonly readBack: Scratch;
};

/** Whether the file has its attributes, too: one that is written in several parts gets them from the caller. */
function writePart(bytes: Buffer, { task, part, target, maker, readBack }: PartToWrite): boolean {
  const fileOffset = task.fileOffsets[part] as number;
  if (fileOffset >= 0) {
    const descriptor = openSync(systemPath(target), openFlags);
    try {
      writeAndCompare(descriptor, bytes, { offset: fileOffset, readBack });
    } finally {
      closeSync(descriptor);
    }
    return false;
  }
  const descriptor = maker.make(target, task.attributes.modes[part] as number);
  task.created[part] = 1;
  try {
    try {
      writeAndCompare(descriptor, bytes, { offset: 0, readBack });
      return maker.dress(descriptor, task.attributes, part);
    } finally {
      maker.close(descriptor);
    }
  } catch (error) {
    unlinkSync(systemPath(target));
    task.created[part] = 0;
    throw error;
  }
}

function writeAndCompare(
  descriptor: number,
  bytes: Buffer,
  { offset, readBack }: { readonly offset: number; readonly readBack: Scratch },
): void {
  const { length } = bytes;
  for (let done = 0; done < length;) {
    done += writeSync(descriptor, bytes, done, length - done, offset + done);
  }
  const again = readBack.get(length);
  let read = 0;
  while (read < length) {
    const count = readSync(descriptor, again, read, length - read, offset + read);
    if (count === 0) break;
    read += count;
  }
  if (read === length && bytes.compare(again, 0, length) === 0) return;
  throw new RepositoryError(
    "repository.write-differs",
    "Cannot restore the file: what was written does not read back equal",
    { hint: "Check the target's disk and memory, then run the restore again." },
  );
}

export function failureOf(error: unknown, target: string): ExtractFailure {
  if (isRecoveryError(error)) {
    const { code, message, hint } = error;
    return { code, message, ...(hint === undefined ? {} : { hint }) };
  }
  const system = systemErrorCode(error);
  // Not the system's and not ours: a bug, which must end the restore.
  if (system === undefined) throw error;
  const subject = `Cannot restore to "${displayPath(target as RawPath)}"`;
  const cause = { code: system, message: (error as Error).message };
  if (system === "EEXIST") {
    return {
      code: "repository.target-exists",
      message: `${subject}: there is a file already`,
      hint: "Nothing there was touched: choose another folder, or move that file away.",
      system: cause,
    };
  }
  return {
    code: "repository.write-failed",
    message: `${subject}: ${cause.message.split(",", 1)[0] as string}`,
    hint: "Make room or correct the folder's permissions, then run the restore again.",
    system: cause,
  };
}

/** The error that a failure stands for, on this side of the thread. */
export function errorOf({ code, message, hint, system }: ExtractFailure): RepositoryError {
  const cause =
    system === undefined
      ? undefined
      : Object.assign(new Error(system.message), { code: system.code });
  return new RepositoryError(code, message, {
    ...(hint === undefined ? {} : { hint }),
    ...(cause === undefined ? {} : { cause }),
  });
}
