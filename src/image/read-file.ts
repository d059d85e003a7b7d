import { closeSync, constants, fstatSync, openSync, read as readCallback, readSync } from "node:fs";
import type { BigIntStats } from "node:fs";
import { promisify } from "node:util";
import { systemErrorCode } from "#errors";
import type { ReadOptions } from "./image.ts";
import { changed, notAFile, notFound, unreadable } from "./image-error.ts";
import { absolutePath, isAt, staysWithin, systemPath } from "./list-folder.ts";
import type { RawPath } from "./raw-path.ts";

const readAsync = promisify(readCallback);
/**
 * Up to this size a file is read at once and checked before its bytes are handed out; a larger
 * one comes in pieces of this size, and that it changed is said at the end.
 */
export const pieceBytes: number = 1024 * 1024;

export type ReadFileOptions = ReadOptions & {
  /** Absolute, with symbolic links resolved. */
  readonly root: RawPath;
  readonly path: RawPath;
  /** Called with what fstat(2) says before the first byte is read; may throw. */
  readonly onOpened?: (stats: BigIntStats) => void;
  /** A rename or a new link changes ctime and no byte: leave it out where that is daily business. */
  readonly ignoreCtime?: boolean;
  /** Bytes of a file that never stands still, as they come: whoever asks looks again. */
  readonly acceptChange?: boolean;
};

/** Bytes of a plain file. Throws `image.changed` when it did not stand still meanwhile. */
export async function* readFilePieces(
  options: ReadFileOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { path, signal } = options;
  const descriptor = openPlainFile(options);
  try {
    const before = fstatSync(descriptor, { bigint: true });
    if (!before.isFile()) throw notAFile(path);
    options.onOpened?.(before);
    const sizeBytes = Number(before.size);
    let offset = Math.min(options.offset ?? 0, sizeBytes);
    const end = Math.min(sizeBytes, offset + (options.lengthBytes ?? sizeBytes));
    const wholeAtOnce = end - offset <= pieceBytes;
    while (offset < end) {
      signal?.throwIfAborted();
      const piece = Buffer.allocUnsafeSlow(Math.min(pieceBytes, end - offset));
      const got = wholeAtOnce
        ? fillSync(descriptor, piece, offset)
        : await fill(descriptor, piece, offset);
      if (got < piece.length) throw changed(path);
      offset += got;
      if (!wholeAtOnce) yield piece;
      else {
        checkUnchanged(descriptor, before, options);
        yield piece;
        return;
      }
    }
    checkUnchanged(descriptor, before, options);
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
    throw unreadable(path, error);
  } finally {
    closeSync(descriptor);
  }
}

function checkUnchanged(descriptor: number, before: BigIntStats, options: ReadFileOptions): void {
  if (options.acceptChange === true) return;
  const after = fstatSync(descriptor, { bigint: true });
  const same =
    after.size === before.size &&
    after.mtimeNs === before.mtimeNs &&
    (options.ignoreCtime === true || after.ctimeNs === before.ctimeNs);
  if (!same) throw changed(options.path);
}

function fillSync(descriptor: number, piece: Buffer, position: number): number {
  let filled = 0;
  while (filled < piece.length) {
    const got = readSync(descriptor, piece, filled, piece.length - filled, position + filled);
    if (got === 0) break;
    filled += got;
  }
  return filled;
}

async function fill(descriptor: number, piece: Buffer, position: number): Promise<number> {
  let filled = 0;
  while (filled < piece.length) {
    const { bytesRead } = await readAsync(
      descriptor,
      piece,
      filled,
      piece.length - filled,
      position + filled,
    );
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return filled;
}

/** Opens without following a link, without waiting for a pipe's writer, and without touching atime where allowed. */
function openPlainFile({ root, path }: ReadFileOptions): number {
  if (!staysWithin(path)) throw notFound(path);
  const absolute = absolutePath(root, path);
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  let descriptor: number;
  try {
    descriptor = openWithoutAtime(systemPath(absolute), flags);
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === "ENOENT" || code === "ENOTDIR") throw notFound(path, error);
    if (code === "ELOOP" || code === "ENXIO" || code === "ENODEV") throw notAFile(path, error);
    throw code === undefined ? error : unreadable(path, error);
  }
  if (isAt(descriptor, absolute)) return descriptor;
  closeSync(descriptor);
  throw notFound(path);
}

function openWithoutAtime(path: string | Buffer, flags: number): number {
  const { O_NOATIME } = constants;
  try {
    return openSync(path, flags | (O_NOATIME ?? 0));
  } catch (error) {
    // open(2): O_NOATIME is for the file's owner and for root.
    if (systemErrorCode(error) !== "EPERM") throw error;
    return openSync(path, flags);
  }
}
