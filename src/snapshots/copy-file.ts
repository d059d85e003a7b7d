import {
  closeSync,
  constants,
  copyFileSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readlinkSync,
  readSync,
  rmSync,
  writeSync,
} from "node:fs";
import type { BigIntStats } from "node:fs";
import { setImmediate } from "node:timers/promises";
import { systemErrorCode } from "#errors";
import { type RawPath, rawPathToBytes } from "#image";

/** How the bytes of an open file get into a new one. Throws SourceUnreadable, or the system's error of the new one. */
export type CopyBytes = (source: number, to: RawPath, signal?: AbortSignal) => Promise<void>;

/** The source's bytes cannot be had; it says nothing about the destination. */
export class SourceUnreadable extends Error {}

const pieceBytes = 1024 * 1024;
const piece = Buffer.allocUnsafeSlow(pieceBytes);
const zeros = Buffer.alloc(pieceBytes);
/** Codes with which FICLONE says "not this file, or not from there" (ioctl_ficlone(2)): no-copy-on-write files, files of another filesystem mounted within. */
const notSharable: ReadonlySet<string> = new Set([
  "EINVAL",
  "EXDEV",
  "ENOTSUP",
  "EOPNOTSUPP",
  "ENOTTY",
  "ENOSYS",
  "ETXTBSY",
  "EPERM",
  "EIO",
]);

/**
 * A copy that shares its blocks with the source. The kernel takes all of a file at one instant.
 * What cannot be shared is copied in full.
 */
export const shareBytes: CopyBytes = async (source, to, signal) => {
  try {
    shareOpenFile(source, to);
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === undefined || !notSharable.has(code)) throw error;
    rmSync(rawPathToBytes(to), { force: true });
    await writeBytes(source, to, signal);
  }
};

/** FICLONE or the system's error. By descriptor: the name may lead elsewhere by now. */
export function shareOpenFile(source: number, to: RawPath): void {
  copyFileSync(
    `/proc/self/fd/${source}`,
    rawPathToBytes(to),
    constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE_FORCE,
  );
}

/**
 * A copy of its own blocks: read and written, since copy_file_range(2), which Node's own copy
 * uses, shares them where it can. Runs of zeros stay holes.
 */
export const writeBytes: CopyBytes = async (source, to, signal) => {
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
  const target = openSync(rawPathToBytes(to), flags, 0o600);
  try {
    let position = 0;
    for (;;) {
      const got = readPiece(source, position);
      if (got === 0) break;
      if (piece.compare(zeros, 0, got, 0, got) !== 0) writePiece(target, got, position);
      position += got;
      if (got < pieceBytes) continue;
      // `piece` is everybody's: no use of it reaches across this.
      await setImmediate();
      signal?.throwIfAborted();
    }
    ftruncateSync(target, position);
  } finally {
    closeSync(target);
  }
};

function readPiece(source: number, position: number): number {
  try {
    return readSync(source, piece, 0, pieceBytes, position);
  } catch (error) {
    throw new SourceUnreadable(error instanceof Error ? error.message : "", { cause: error });
  }
}

function writePiece(target: number, length: number, position: number): void {
  for (let at = 0; at < length;) at += writeSync(target, piece, at, length - at, position + at);
}

export type OpenSource = { readonly descriptor: number; readonly stats: BigIntStats };

/**
 * Opens a plain file that is reached without a symbolic link, without waiting for a pipe;
 * undefined where there is none (any more). Throws the system's error where it may not be read.
 */
export function openSource(path: RawPath): OpenSource | undefined {
  let descriptor: number;
  try {
    descriptor = openQuietly(rawPathToBytes(path));
  } catch (error) {
    const code = systemErrorCode(error);
    if (code !== undefined && goneCodes.has(code)) return undefined;
    throw error;
  }
  const stats = fstatSync(descriptor, { bigint: true });
  if (stats.isFile() && isAt(descriptor, path)) return { descriptor, stats };
  closeSync(descriptor);
  return undefined;
}

const goneCodes: ReadonlySet<string> = new Set(["ENOENT", "ENOTDIR", "ELOOP", "ENXIO", "ENODEV"]);

function openQuietly(path: Buffer): number {
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  try {
    return openSync(path, flags | (constants.O_NOATIME ?? 0));
  } catch (error) {
    // open(2): O_NOATIME is for the file's owner and for root.
    if (systemErrorCode(error) !== "EPERM") throw error;
    return openSync(path, flags);
  }
}

/** A link anywhere on the way, put there a moment ago, shows in the path that the kernel knows the file by. */
export function isAt(descriptor: number, path: RawPath): boolean {
  try {
    return readlinkSync(`/proc/self/fd/${descriptor}`, { encoding: "latin1" }) === path;
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
    // Without /proc only the last step is guarded (O_NOFOLLOW).
    return true;
  }
}
