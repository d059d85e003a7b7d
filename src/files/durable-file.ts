import { randomBytes } from "node:crypto";
import { type FileHandle, link, open, rename, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";

export type DurableWriteOptions = {
  /** Permission bits of the finished file. Default 0o600. */
  readonly mode?: number;
  /** Go on where the filesystem refuses to set `mode` (exFAT, some network mounts). Default false. */
  readonly modeIsOptional?: boolean;
  /** Prefix of the temporary file's name, which stands in the same folder. Default ".tmp-". */
  readonly temporaryPrefix?: string;
  /** Throw EEXIST instead of replacing a file of that name. Default false. */
  readonly exclusive?: boolean;
};

/**
 * Writes `bytes` to `path`: temporary file in the same folder → fsync → rename → fsync of the
 * folder. A crash at any point leaves the old file or the new one, never a part. Throws the
 * system's own error (ENOSPC, EACCES, …); the temporary file is removed then.
 */
export async function writeDurably(
  path: string,
  bytes: Uint8Array | readonly Uint8Array[],
  options: DurableWriteOptions = {},
): Promise<void> {
  const folder = dirname(path);
  const prefix = options.temporaryPrefix ?? ".tmp-";
  const temporary = join(folder, prefix + randomBytes(8).toString("hex"));
  try {
    const file = await open(temporary, "wx", 0o600);
    try {
      await writeAll(file, bytes instanceof Uint8Array ? [bytes] : bytes);
      await setMode(file, options);
      await file.sync();
    } finally {
      await file.close();
    }
    if (options.exclusive === true) {
      // link(2) fails where the name is taken; rename(2) would replace it.
      await link(temporary, path);
      await unlink(temporary);
    } else {
      await rename(temporary, path);
    }
  } catch (error) {
    await unlink(temporary).catch(() => undefined);
    throw error;
  }
  await syncFolder(folder);
}

/** fsync of a folder: makes the names in it (a rename, a new file) durable. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** chmod before the rename: a crash in between must not leave a file with the wrong mode. */
async function setMode(file: FileHandle, options: DurableWriteOptions): Promise<void> {
  try {
    await file.chmod(options.mode ?? 0o600);
  } catch (error) {
    if (options.modeIsOptional !== true) throw error;
  }
}

/** writev(2) takes at most IOV_MAX = 1024 parts at once. */
const partsAtOnce = 1024;

/** All bytes in few system calls: a pack has a thousand parts. */
async function writeAll(file: FileHandle, parts: readonly Uint8Array[]): Promise<void> {
  for (let first = 0; first < parts.length; first += partsAtOnce) {
    const batch = parts.slice(first, first + partsAtOnce);
    const expectedBytes = batch.reduce((sum, part) => sum + part.length, 0);
    if (expectedBytes === 0) continue;
    let { bytesWritten } = await file.writev(batch);
    // A short write is rare (a signal, the last bytes of a full disk): finish part by part, which
    // either succeeds or throws the reason.
    if (bytesWritten === expectedBytes) continue;
    for (const part of batch) {
      const skip = Math.min(bytesWritten, part.length);
      bytesWritten -= skip;
      if (skip < part.length) await file.writeFile(part.subarray(skip));
    }
  }
}
