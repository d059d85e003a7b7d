import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle as OpenFile, lstat, mkdir, open, readdir, unlink } from "node:fs/promises";
import { join } from "node:path";
import { quoted, systemErrorCode } from "#errors";
import { type FileHandle, StorageError } from "#storage";

/** Beside restic's folders; restic, rustic and our own listings pass over it. */
export const transferFolder = ".transfers";
/** What nobody went on with for so long is removed, as directory storage does with its own. */
const abandonedAfterMs = 24 * 60 * 60 * 1000;
const partialName = /^(?:config|(?:key|lock|snapshot|index|data)-[0-9a-f]{64})-\d+-[0-9a-f]{64}$/;

/** What is being sent: the handle, and what the whole of it will be. */
export type Transfer = {
  readonly file: FileHandle;
  readonly sizeBytes: number;
  /** Lower-case hexadecimal, of all bytes. */
  readonly sha256: string;
};

/**
 * The beginning of a file that is on its way into a repository. It lies in a file whose name says
 * what the whole will be, and outlives the connection: whoever sends the same again goes on where it
 * ends. Pieces are written at their own place, so that two who send the same at once disturb nobody;
 * nothing is believed before the whole has its sha256.
 */
export class PartialFile implements AsyncDisposable {
  readonly #path: string;
  readonly #transfer: Transfer;
  readonly #location: string;
  readonly #file: OpenFile;
  #endBytes: number;

  private constructor(
    place: { readonly path: string; readonly location: string; readonly endBytes: number },
    transfer: Transfer,
    file: OpenFile,
  ) {
    this.#path = place.path;
    this.#location = place.location;
    this.#endBytes = place.endBytes;
    this.#transfer = transfer;
    this.#file = file;
  }

  /** `location` is the repository's folder, which must be there. */
  static async open(
    location: string,
    transfer: Transfer,
    nowMs: () => number = Date.now,
  ): Promise<PartialFile> {
    const folder = join(location, transferFolder);
    const path = join(folder, nameOf(transfer));
    try {
      await makeFolder(folder);
      await removeAbandoned(folder, nowMs());
      let file = await openPlain(path);
      let { size } = await file.stat();
      if (size > transfer.sizeBytes) {
        // More than the whole can be: somebody else's idea of this name. Begin again, apart from it.
        await file.close();
        await unlink(path);
        file = await openPlain(path);
        ({ size } = await file.stat());
      }
      return new PartialFile({ path, location, endBytes: size }, transfer, file);
    } catch (error) {
      throw transferError(error, transfer, location);
    }
  }

  /** How much is there: where to go on. */
  get endBytes(): number {
    return this.#endBytes;
  }

  get isWhole(): boolean {
    return this.#endBytes >= this.#transfer.sizeBytes;
  }

  async append(bytes: Uint8Array): Promise<void> {
    if (this.#endBytes + bytes.length > this.#transfer.sizeBytes) {
      throw new StorageError(
        "storage.failed",
        `Cannot save ${subjectOf(this.#transfer)} in "${this.#location}": more came than the ${this.#transfer.sizeBytes} bytes that were announced`,
        { hint: "The sender is at fault; check its version." },
      );
    }
    try {
      let done = 0;
      while (done < bytes.length) {
        const position = this.#endBytes + done;
        done += (await this.#file.write(bytes, done, bytes.length - done, position)).bytesWritten;
      }
      this.#endBytes += done;
    } catch (error) {
      // On a full disk the part would only keep others from their room.
      if (isFull(error)) await this.remove();
      throw transferError(error, this.#transfer, this.#location);
    }
  }

  /** All bytes, compared with what was announced. What differs is removed, so that the next attempt begins anew. */
  async read(): Promise<Uint8Array> {
    const { sizeBytes, sha256 } = this.#transfer;
    try {
      const bytes = Buffer.allocUnsafeSlow(sizeBytes);
      let done = 0;
      while (done < sizeBytes) {
        const { bytesRead } = await this.#file.read(bytes, done, sizeBytes - done, done);
        if (bytesRead === 0) break;
        done += bytesRead;
      }
      if (done === sizeBytes && createHash("sha256").update(bytes).digest("hex") === sha256)
        return bytes;
    } catch (error) {
      throw transferError(error, this.#transfer, this.#location);
    }
    await this.remove();
    throw new StorageError(
      "storage.failed",
      `Cannot save ${subjectOf(this.#transfer)} in "${this.#location}": what arrived is not what was sent`,
      {
        hint: "Try again from the beginning; if it happens again, check memory and disk of that host.",
        retryable: true,
      },
    );
  }

  async remove(): Promise<void> {
    try {
      await unlink(this.#path);
    } catch (error) {
      // Another sender of the same file was done first.
      if (systemErrorCode(error) !== "ENOENT")
        throw transferError(error, this.#transfer, this.#location);
    }
  }

  /** Keeps what has arrived. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close();
  }
}

/** Only checked parts become a name. */
function nameOf({ file, sizeBytes, sha256 }: Transfer): string {
  const subject = file.type === "config" ? "config" : `${file.type}-${file.name}`;
  const name = `${subject}-${sizeBytes}-${sha256}`;
  if (partialName.test(name)) return name;
  throw new StorageError(
    "storage.invalid-name",
    `Cannot receive ${quoted(subject)}: its name or its sha256 is not 64 lower-case hexadecimal digits`,
    { hint: "Names are the sha256 of the file's bytes; check where this one came from." },
  );
}

/** Not with its parents: an unmounted mount point must not be filled. */
async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { mode: 0o700 });
  } catch (error) {
    if (systemErrorCode(error) !== "EEXIST") throw error;
    if (!(await lstat(folder)).isDirectory())
      throw Object.assign(new Error("not a folder"), { code: "ENOTDIR" });
  }
}

async function openPlain(path: string): Promise<OpenFile> {
  const { O_RDWR, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = constants;
  const file = await open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0o600);
  if ((await file.stat()).isFile()) return file;
  await file.close();
  throw Object.assign(new Error("not a plain file"), { code: "EEXIST" });
}

async function removeAbandoned(folder: string, nowMs: number): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!partialName.test(name)) continue;
    try {
      const path = join(folder, name);
      if (nowMs - (await lstat(path)).mtimeMs >= abandonedAfterMs) await unlink(path);
    } catch (error) {
      if (systemErrorCode(error) !== "ENOENT") throw error;
    }
  }
}

function subjectOf({ file }: Transfer): string {
  return file.type === "config" ? "config" : `${file.type} file "${file.name.slice(0, 12)}"`;
}

function isFull(error: unknown): boolean {
  return ["ENOSPC", "EDQUOT"].includes(systemErrorCode(error) ?? "");
}

function transferError(error: unknown, transfer: Transfer, location: string): unknown {
  const code = systemErrorCode(error);
  if (code === undefined) return error;
  const subject = `Cannot save ${subjectOf(transfer)} in "${location}"`;
  if (isFull(error)) {
    return new StorageError("storage.full", `${subject}: no space is left (${code})`, {
      hint: "Free space there, or move the repository to a larger place; a file needs twice its size while it arrives.",
      cause: error,
    });
  }
  if (["EACCES", "EPERM", "EROFS"].includes(code)) {
    return new StorageError("storage.denied", `${subject}: the system denies it (${code})`, {
      hint: `Check the owner and permissions of "${transferFolder}" there, and that the filesystem is not mounted read-only.`,
      cause: error,
    });
  }
  if (code === "ENOENT") {
    return new StorageError("storage.not-found", `${subject}: the folder is not there`, {
      hint: "Check that the disk is mounted and that this is a repository.",
      cause: error,
    });
  }
  return new StorageError("storage.failed", `${subject}: the system reports ${code}`, {
    hint: "Check the disk and the system's log.",
    retryable: ["EAGAIN", "EBUSY", "EINTR", "EMFILE", "ENFILE", "ENOMEM", "ESTALE"].includes(code),
    cause: error,
  });
}
