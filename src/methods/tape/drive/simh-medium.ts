import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { setImmediate } from "node:timers/promises";
import { systemErrorCode } from "#errors";
import { tapeError } from "../tape-error.ts";
import {
  encodeMark,
  encodeRecord,
  endOf,
  scanSimh,
  type SimhObject,
  wordBytes,
} from "./simh-format.ts";
import type { TapeMedium, TapeObject } from "./tape-medium.ts";

/** Opens a .tap file as a tape. A file that nobody may write to is a write-protected tape, for root too. */
export async function openSimhMedium(path: string): Promise<TapeMedium> {
  const descriptor = openSync(path, "r");
  try {
    const stats = fstatSync(descriptor);
    const writeProtected = (stats.mode & 0o222) === 0;
    const word = Buffer.allocUnsafe(wordBytes);
    const scan = await scanSimh(
      (offset) =>
        offset >= 0 && readSync(descriptor, word, 0, wordBytes, offset) === wordBytes
          ? word.readUInt32LE()
          : undefined,
      { sizeBytes: stats.size, pause: setImmediate },
    );
    const file = await open(path, writeProtected ? "r" : "r+");
    const hasRest = stats.size > scan.endOffset;
    return new SimhMedium({ path, file, writeProtected, hasRest, ...scan });
  } finally {
    closeSync(descriptor);
  }
}

type SimhMediumOptions = {
  readonly path: string;
  readonly file: FileHandle;
  readonly writeProtected: boolean;
  readonly objects: readonly SimhObject[];
  readonly endOffset: number;
  readonly torn: boolean;
  /** Bytes follow the end: a torn object, or what stood behind an end of medium. */
  readonly hasRest: boolean;
};

class SimhMedium implements TapeMedium {
  readonly writeProtected: boolean;
  readonly #path: string;
  readonly #file: FileHandle;
  readonly #objects: SimhObject[];
  #endOffset: number;
  #torn: boolean;
  #hasRest: boolean;

  constructor(options: SimhMediumOptions) {
    this.#path = options.path;
    this.#file = options.file;
    this.writeProtected = options.writeProtected;
    this.#objects = [...options.objects];
    this.#endOffset = options.endOffset;
    this.#torn = options.torn;
    this.#hasRest = options.hasRest;
  }

  get length(): number {
    return this.#objects.length;
  }

  get torn(): boolean {
    return this.#torn;
  }

  kindOf(index: number): TapeObject {
    return this.#object(index).kind;
  }

  offsetOf(index: number): number {
    return index === this.length ? this.#endOffset : this.#object(index).offset;
  }

  async read(index: number): Promise<Uint8Array> {
    const { offset, lengthBytes } = this.#object(index);
    const bytes = Buffer.allocUnsafeSlow(lengthBytes);
    let done = 0;
    while (done < lengthBytes) {
      const { bytesRead } = await this.#file.read(
        bytes,
        done,
        lengthBytes - done,
        offset + wordBytes + done,
      );
      if (bytesRead === 0) throw new Error("the file ends within the block");
      done += bytesRead;
    }
    return bytes;
  }

  async cut(index: number): Promise<void> {
    const offset = this.offsetOf(index);
    await this.#refuseVanished();
    await this.#write(async () => await this.#file.truncate(offset));
    this.#objects.length = index;
    this.#endOffset = offset;
    this.#torn = false;
    this.#hasRest = false;
  }

  async append(block: Uint8Array): Promise<void> {
    await this.#append(encodeRecord(block), { kind: "block", lengthBytes: block.length });
  }

  async appendMark(): Promise<void> {
    await this.#append([encodeMark()], { kind: "file-mark", lengthBytes: 0 });
    await this.#write(async () => await this.#file.datasync());
    await this.#refuseVanished();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close();
  }

  async #append(parts: readonly Uint8Array[], what: Omit<SimhObject, "offset">): Promise<void> {
    if (this.#hasRest) await this.cut(this.length);
    const offset = this.#endOffset;
    let at = offset;
    try {
      await this.#write(async () => {
        for (const part of parts) {
          let done = 0;
          while (done < part.length) {
            const { bytesWritten } = await this.#file.write(
              part,
              done,
              part.length - done,
              at + done,
            );
            done += bytesWritten;
          }
          at += part.length;
        }
      });
    } catch (error) {
      // What was begun is taken back; where that fails too it stays as a torn end, which is known for what it is.
      this.#torn = true;
      this.#hasRest = true;
      await this.cut(this.length).catch(() => undefined);
      throw error;
    }
    const object = { ...what, offset };
    this.#objects.push(object);
    this.#endOffset = endOf(object);
  }

  async #write(work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
    } catch (error) {
      const code = systemErrorCode(error);
      if (code === undefined) throw error;
      if (code !== "ENOSPC" && code !== "EDQUOT") throw failedToWrite(this.#path, error);
      throw tapeError(
        "methods.tape-disk-full",
        `Cannot write to "${this.#path}": no space is left on the disk that holds the virtual tape`,
        {
          hint: "Free space there and run it again; nothing that was listed is touched.",
          cause: error,
        },
      );
    }
  }

  /** Bytes that are written to a file without a name are gone when it is closed. */
  async #refuseVanished(): Promise<void> {
    const { nlink } = await this.#file.stat();
    if (nlink > 0) return;
    throw tapeError(
      "methods.tape-vanished",
      `Cannot write to "${this.#path}": the file was removed while the tape was in the drive`,
      { hint: "Find out who removed it; the run has to be repeated on another tape." },
    );
  }

  #object(index: number): SimhObject {
    const object = this.#objects[index];
    if (object === undefined) throw new RangeError(`no object ${index} of ${this.length}`);
    return object;
  }
}

function failedToWrite(path: string, cause: unknown): Error {
  const reason = cause instanceof Error ? cause.message : "the reason is unknown";
  return tapeError("methods.tape-library-unreachable", `Cannot write to "${path}": ${reason}`, {
    hint: "Look at the disk that holds the virtual tape, and at its system's log.",
    cause,
  });
}
