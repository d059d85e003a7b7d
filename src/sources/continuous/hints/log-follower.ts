/**
 * Follows a log that another program writes, by asking for its size: a name that is another file's now was rotated, a
 * file that is shorter, or has other bytes where reading ended, was truncated and begun anew. Reads from the end on.
 */
import {
  type BigIntStats,
  closeSync,
  constants,
  fstatSync,
  openSync,
  readSync,
  statSync,
} from "node:fs";
import { systemErrorCode } from "#errors";

export type LogReading = {
  /** Whole lines without their ends, one character per byte. */
  readonly lines: readonly string[];
  /** One sentence where lines may have been lost; absent where none were. */
  readonly lost?: string;
  /** More waits to be read. */
  readonly hasMore: boolean;
};

export type LogFollowerOptions = {
  /** Read at once; the rest next time. Default 1 MiB. */
  readonly sliceBytes?: number;
  /** A longer line is passed over. Default 16 KiB. */
  readonly lineLimitBytes?: number;
  /** Does not go back. Default: the system's steady clock. */
  readonly steadyMs?: () => number;
  /** What was renamed is read on for so long: its writer may have it open. Default 60 s. */
  readonly lingerMs?: number;
  /** Begins with what is there already. Default: with what comes. */
  readonly fromStart?: boolean;
};

type Followed = {
  readonly descriptor: number;
  readonly device: bigint;
  readonly inode: bigint;
  position: number;
  /** A line whose end is not there yet. */
  rest: string;
  /** What is passed over up to the end of its line. */
  isTooLong: boolean;
  /** The last bytes that were read: a file that has others there was begun anew. */
  tail: Buffer;
};

const chunkBytes = 64 * 1024;
const tailBytes = 64;

export class LogFollower implements Disposable {
  readonly #path: string;
  readonly #options: Required<Omit<LogFollowerOptions, "fromStart">>;
  #current: Followed | undefined;
  /** What had the name before. */
  #previous: (Followed & { readonly untilMs: number }) | undefined;
  #trouble: string | undefined;
  #lost: string | undefined;

  /** Of a file that may not be there yet. */
  constructor(path: string, options: LogFollowerOptions = {}) {
    const { fromStart = false, ...rest } = options;
    this.#path = path;
    this.#options = {
      sliceBytes: 1024 * 1024,
      lineLimitBytes: 16 * 1024,
      steadyMs: () => performance.now(),
      lingerMs: 60_000,
      ...rest,
    };
    this.#open(fromStart ? "start" : "end");
  }

  /** Why nothing can be read now, one sentence's end; undefined where it can. */
  get trouble(): string | undefined {
    return this.#trouble;
  }

  /** Of the file that has the name, as far as it is known. */
  get sizeBytes(): number {
    return this.#current?.position ?? 0;
  }

  /** Something renamed is still read on. */
  get isLingering(): boolean {
    return this.#previous !== undefined;
  }

  poll(): LogReading {
    const lines: string[] = [];
    let budget = this.#options.sliceBytes;
    this.#lookForAnother();
    if (this.#previous !== undefined) {
      budget -= this.#read(this.#previous, lines, budget);
      if (this.#options.steadyMs() >= this.#previous.untilMs && budget > 0) this.#leave();
    }
    if (this.#current !== undefined && budget > 0)
      budget -= this.#read(this.#current, lines, budget);
    const lost = this.#lost;
    this.#lost = undefined;
    return { lines, hasMore: budget <= 0, ...(lost === undefined ? {} : { lost }) };
  }

  [Symbol.dispose](): void {
    this.#leave();
    if (this.#current !== undefined) closeSync(this.#current.descriptor);
    this.#current = undefined;
  }

  #leave(): void {
    if (this.#previous !== undefined) closeSync(this.#previous.descriptor);
    this.#previous = undefined;
  }

  /** Whether the name is another file's now. */
  #lookForAnother(): void {
    const { device, inode } = this.#current ?? {};
    const now = this.#stat();
    if (now === undefined || (now.dev === device && now.ino === inode)) return;
    const before = this.#current;
    if (before !== undefined) {
      if (this.#previous !== undefined) {
        this.#lost = "The log was rotated twice within a short time.";
        this.#leave();
      }
      const untilMs = this.#options.steadyMs() + this.#options.lingerMs;
      this.#previous = { ...before, untilMs };
      this.#current = undefined;
    }
    // What came between the renaming and now is in it.
    this.#open("start");
  }

  #stat(): BigIntStats | undefined {
    try {
      const stats = statSync(this.#path, { bigint: true });
      this.#trouble = stats.isFile() ? undefined : "it is not a file";
      return stats.isFile() ? stats : undefined;
    } catch (error) {
      const code = systemErrorCode(error);
      if (code === undefined) throw error;
      // Between a renaming and the first line of the new file there is none, and nothing is lost.
      this.#trouble = code === "ENOENT" ? "it is not there" : code;
      return undefined;
    }
  }

  #open(from: "start" | "end"): void {
    if (this.#stat() === undefined) return;
    let descriptor: number | undefined;
    try {
      // Not blocking: what has the name could have become a pipe.
      descriptor = openSync(this.#path, constants.O_RDONLY | constants.O_NONBLOCK);
      const stats = fstatSync(descriptor, { bigint: true });
      if (!stats.isFile()) throw new RangeError("it is not a file");
      this.#current = {
        descriptor,
        device: stats.dev,
        inode: stats.ino,
        position: from === "start" ? 0 : Number(stats.size),
        rest: "",
        // Of a line that had begun before, the end says nothing.
        isTooLong: from === "end" && !endsWithLine(descriptor, Number(stats.size)),
        tail: Buffer.alloc(0),
      };
    } catch (error) {
      if (descriptor !== undefined) closeSync(descriptor);
      const code = systemErrorCode(error);
      if (code === undefined && !(error instanceof RangeError)) throw error;
      this.#trouble = code ?? "it is not a file";
    }
  }

  /** Returns how many bytes were read. */
  #read(file: Followed, lines: string[], budget: number): number {
    const size = Number(fstatSync(file.descriptor, { bigint: true }).size);
    const isAnother = size < file.position || (size > file.position && !this.#goesOn(file));
    if (isAnother) {
      this.#lost = "The log was truncated: what was written just before may be lost.";
      Object.assign(file, { position: 0, rest: "", isTooLong: false, tail: Buffer.alloc(0) });
    }
    const buffer = Buffer.allocUnsafe(chunkBytes);
    let total = 0;
    while (total < budget) {
      const got = readSync(file.descriptor, buffer, 0, chunkBytes, file.position);
      if (got === 0) break;
      total += got;
      file.position += got;
      const bytes = buffer.subarray(0, got);
      file.tail = Buffer.concat([file.tail, bytes]).subarray(-tailBytes);
      this.#split(file, bytes.toString("latin1"), lines);
    }
    return total;
  }

  #goesOn({ descriptor, position, tail }: Followed): boolean {
    const there = Buffer.alloc(tail.length);
    readSync(descriptor, there, 0, tail.length, position - tail.length);
    return there.equals(tail);
  }

  #split(file: Followed, text: string, lines: string[]): void {
    const parts = (file.rest + text).split("\n");
    file.rest = parts.pop() ?? "";
    for (const part of parts) {
      const isWhole = !file.isTooLong && part.length <= this.#options.lineLimitBytes;
      file.isTooLong = false;
      if (isWhole) lines.push(part.endsWith("\r") ? part.slice(0, -1) : part);
    }
    if (file.rest.length <= this.#options.lineLimitBytes) return;
    file.rest = "";
    file.isTooLong = true;
  }
}

function endsWithLine(descriptor: number, size: number): boolean {
  if (size === 0) return true;
  const last = Buffer.alloc(1);
  return readSync(descriptor, last, 0, 1, size - 1) === 0 || last[0] === 0x0a;
}
