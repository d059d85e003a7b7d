import { randomBytes } from "node:crypto";
import { type FileHandle, open, unlink } from "node:fs/promises";
import { join } from "node:path";
import type { Surroundings } from "../terminal.ts";
import type { Run } from "./figure.ts";
import { bytesFromDisk, forgetPages, shareFromDisk } from "./page-cache.ts";

export type VolumeRates = {
  readonly write: readonly Run[];
  readonly read: readonly Run[];
  /** The least of all runs: 1 where every byte was read from the disk; undefined where the system does not say. */
  readonly shareFromDisk: number | undefined;
  readonly isCut: boolean;
};

export type VolumeRateOptions = {
  readonly fileBytes: number;
  readonly runs: number;
  readonly isOver: () => boolean;
  readonly clockMs: Surroundings["clockMs"];
  readonly onProgress: (bytes: number) => void;
};

const pieceBytes = 1024 ** 2;
/** A shorter file says more of caches than of the disk. */
const leastBytes = 8 * pieceBytes;
/** Bytes that differ are stamped this often: a disk that stores equal blocks once gains nothing. */
const blockBytes = 4096;

/**
 * Writes a file in a folder to stable storage and reads it back, several times as the time allows. What
 * time cuts short is measured as far as it went, where that is far enough.
 */
export async function measureVolume(
  folder: string,
  options: VolumeRateOptions,
): Promise<VolumeRates> {
  const write: Run[] = [];
  const read: Run[] = [];
  let leastShare: number | undefined = 1;
  let isCut = false;
  for (let run = 0; run < options.runs && !isCut; run++) {
    const path = join(folder, `volume-${run}`);
    const file = await open(path, "wx+", 0o600);
    try {
      const written = await writeFile(file, options);
      if (written.bytes >= Math.min(leastBytes, options.fileBytes)) write.push(written);
      isCut = written.bytes < options.fileBytes;
      if (written.bytes === 0 || isCut) break;
      const before = bytesFromDisk();
      forgetPages(file.fd);
      const got = await readFile(file, options);
      isCut = got.bytes < options.fileBytes;
      if (got.bytes < Math.min(leastBytes, options.fileBytes)) break;
      read.push(got);
      const share = shareFromDisk(before, got.bytes);
      leastShare =
        share === undefined || leastShare === undefined ? undefined : Math.min(share, leastShare);
    } finally {
      await file.close();
      await unlink(path);
    }
  }
  return { write, read, shareFromDisk: read.length === 0 ? undefined : leastShare, isCut };
}

async function writeFile(file: FileHandle, options: VolumeRateOptions): Promise<Run> {
  const { fileBytes, isOver, clockMs, onProgress } = options;
  const piece = randomBytes(pieceBytes);
  let bytes = 0;
  const startedMs = clockMs();
  while (bytes < fileBytes && !isOver()) {
    const size = Math.min(pieceBytes, fileBytes - bytes);
    for (let at = 0; at < size - 8; at += blockBytes) piece.writeDoubleLE(bytes + at + 1, at);
    const { bytesWritten } = await file.write(piece, 0, size, bytes);
    bytes += bytesWritten;
    onProgress(bytes);
  }
  await file.sync();
  return { bytes, ms: clockMs() - startedMs };
}

async function readFile(file: FileHandle, options: VolumeRateOptions): Promise<Run> {
  const { fileBytes, isOver, clockMs, onProgress } = options;
  const piece = Buffer.alloc(pieceBytes);
  let bytes = 0;
  const startedMs = clockMs();
  while (bytes < fileBytes && !isOver()) {
    const { bytesRead } = await file.read(piece, 0, pieceBytes, bytes);
    if (bytesRead === 0) break;
    bytes += bytesRead;
    onProgress(bytes);
  }
  return { bytes, ms: clockMs() - startedMs };
}
