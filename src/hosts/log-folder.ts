/**
 * A folder of a log: files that only grow at their end. It has the names of a journal's folder alone
 * (docs/formats/journal.md), so that nothing else can be written through it.
 */
import { constants } from "node:fs";
import { type FileHandle, lstat, mkdir, open, readdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { systemErrorCode } from "#errors";
import { syncFolder, writeDurably } from "#files";
import { displayPath, type RawPath } from "#image";
import { HostError, hostErrorOf } from "./host-error.ts";
import { checkAbsolute, pathAsText } from "./host-path.ts";

export type LogFile = { readonly name: string; readonly sizeBytes: number };
export type LogOptions = { readonly signal?: AbortSignal | undefined };

/** Errors are HostError. */
export interface LogFolder {
  /** For people. */
  readonly location: string;
  /** By name; of more than `mostLogFiles` the newest. Empty where the folder is not there. */
  list(options?: LogOptions): Promise<readonly LogFile[]>;
  /** At most `largestLogPiece` bytes; fewer where the file ends. Throws `host.not-found`. */
  read(
    name: string,
    range: { readonly offset: number; readonly lengthBytes: number } & LogOptions,
  ): Promise<Uint8Array>;
  /**
   * At `offset` these bytes stand, durable, when it returns: at most `largestLogPiece`. What stood there
   * before is never changed: where it differs, or where `offset` lies behind the file's end, `host.differs`.
   * Makes the file, and the folder in one that is there. Twice is as good as once.
   */
  write(
    name: string,
    piece: { readonly offset: number; readonly bytes: Uint8Array } & LogOptions,
  ): Promise<void>;
  /** The file `position` is this, whole. */
  setPosition(bytes: Uint8Array, options?: LogOptions): Promise<void>;
}

export const largestLogPiece: number = 1024 * 1024;
export const mostLogFiles = 20_000;
const largestPosition = 4096;
const positionName = "position";
const nameForm = /^(?:\d{16}\.journal|keys\/[0-9a-f]{64}|position)$/;

/** Of this machine. Throws `host.bad-path`. */
export function localLogFolder(path: RawPath): LogFolder {
  return new LocalLogFolder(path);
}

/** Throws `host.denied` for a name that no log has. */
export function checkLogName(name: string, isWritten = false): void {
  if (nameForm.test(name) && !(isWritten && name === positionName)) return;
  throw new HostError(
    "host.denied",
    `Cannot use a file of a log: its name is none of a journal's`,
    {
      hint: "A report of it is welcome.",
    },
  );
}

class LocalLogFolder implements LogFolder {
  readonly location: string;
  readonly #path: RawPath;
  readonly #folder: string;

  constructor(path: RawPath) {
    this.#path = checkAbsolute(path);
    this.#folder = pathAsText(path);
    this.location = displayPath(path);
  }

  async list({ signal }: LogOptions = {}): Promise<readonly LogFile[]> {
    return await this.#doing("list", async () => {
      const [top, keys] = await Promise.all([
        namesIn(this.#folder),
        namesIn(join(this.#folder, "keys")),
      ]);
      const names = [...top, ...keys.map((name) => `keys/${name}`)];
      const found: LogFile[] = [];
      for (const name of names.filter((one) => nameForm.test(one)).toSorted()) {
        signal?.throwIfAborted();
        const facts = await lstat(join(this.#folder, name));
        if (facts.isFile()) found.push({ name, sizeBytes: facts.size });
      }
      return found.slice(-mostLogFiles);
    });
  }

  async read(
    name: string,
    { offset, lengthBytes }: { readonly offset: number; readonly lengthBytes: number },
  ): Promise<Uint8Array> {
    checkLogName(name);
    return await this.#doing("read", async () => {
      const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
      await using file = await open(join(this.#folder, name), O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
      return await readAt(file, offset, Math.min(lengthBytes, largestLogPiece));
    });
  }

  async write(
    name: string,
    { offset, bytes }: { readonly offset: number; readonly bytes: Uint8Array },
  ): Promise<void> {
    checkLogName(name, true);
    await this.#doing("write to", async () => {
      const path = join(this.#folder, name);
      await makeFolder(this.#folder);
      if (dirname(path) !== this.#folder) await makeFolder(dirname(path));
      const { O_RDWR, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = constants;
      await using file = await open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0o600);
      const facts = await file.stat();
      if (!facts.isFile() || facts.size < offset) throw differs(this.location, name);
      const there = await readAt(file, offset, Math.min(bytes.length, facts.size - offset));
      if (Buffer.compare(there, bytes.subarray(0, there.length)) !== 0)
        throw differs(this.location, name);
      for (let done = there.length; done < bytes.length;)
        done += (await file.write(bytes, done, bytes.length - done, offset + done)).bytesWritten;
      await file.datasync();
      if (facts.size === 0) await syncFolder(dirname(path));
    });
  }

  async setPosition(bytes: Uint8Array): Promise<void> {
    if (bytes.length > largestPosition) throw differs(this.location, positionName);
    await this.#doing("write to", async () => {
      await makeFolder(this.#folder);
      await writeDurably(join(this.#folder, positionName), bytes);
    });
  }

  async #doing<Result>(action: string, work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } catch (error) {
      throw hostErrorOf(error, action, this.#path);
    }
  }
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return [];
    throw error;
  }
}

async function readAt(file: FileHandle, offset: number, lengthBytes: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(lengthBytes);
  let done = 0;
  while (done < lengthBytes) {
    const { bytesRead } = await file.read(bytes, done, lengthBytes - done, offset + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return bytes.subarray(0, done);
}

/** Not with its parents: an unmounted mount point must not be filled. */
async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { mode: 0o700 });
  } catch (error) {
    if (systemErrorCode(error) !== "EEXIST") throw error;
    // A link would lead out of where a peer may write.
    if ((await lstat(folder)).isDirectory()) return;
    throw Object.assign(new Error("not a folder"), { code: "ENOTDIR" });
  }
  await syncFolder(dirname(folder));
}

export function differs(location: string, name: string): HostError {
  return new HostError(
    "host.differs",
    `Cannot add to "${name}" in "${location}": what stands there is not what the log says`,
    { hint: "Two logs may be written to one folder, or the disk has changed what it held." },
  );
}
