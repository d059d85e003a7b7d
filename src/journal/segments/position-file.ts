/**
 * How far the journal is durable: written over after a sync, every 5 ms while one follows another, and
 * itself never synced, so that it costs nothing. Readers in other processes read no further; after a crash it says what at least must
 * be there (little-endian, 64 bytes).
 *
 *   offset  length  what
 *   0       8       "RESTJPOS"
 *   8       8       first sequence of the segment, as its name has it
 *   16      8       last durable sequence
 *   24      8       where its frame ends in that segment
 *   32      28      zeros
 *   60      4       CRC-32 of the 60 bytes before
 */
import { crc32 } from "node:zlib";
import { systemErrorCode } from "#errors";
import type { Sequence } from "../journal-event.ts";
import { type JournalFile, type JournalFiles, writeAll } from "./journal-files.ts";

export type DurablePosition = {
  /** First sequence of the segment. */
  readonly segment: Sequence;
  readonly sequence: Sequence;
  readonly offset: number;
};

export const positionName = "position";
const positionBytes = 64;
const magic = Buffer.from("RESTJPOS", "latin1");
/** A reader may come while it is written over. */
const readsAtMost = 8;

export function encodePosition({ segment, sequence, offset }: DurablePosition): Buffer {
  const bytes = Buffer.alloc(positionBytes);
  bytes.set(magic, 0);
  bytes.writeBigUInt64LE(BigInt(segment), 8);
  bytes.writeBigUInt64LE(BigInt(sequence), 16);
  bytes.writeBigUInt64LE(BigInt(offset), 24);
  bytes.writeUInt32LE(crc32(bytes.subarray(0, 60)), 60);
  return bytes;
}

/** Undefined where it is not there or not whole: then nothing is known, and nothing is promised by it. */
export async function readPosition(files: JournalFiles): Promise<DurablePosition | undefined> {
  let file: JournalFile;
  try {
    file = await files.open(positionName, "read");
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return undefined;
    throw error;
  }
  try {
    const bytes = Buffer.alloc(positionBytes);
    for (let count = 0; count < readsAtMost; count++) {
      const length = await file.read(bytes, 0);
      const position = length === positionBytes ? decodePosition(bytes) : undefined;
      if (position !== undefined) return position;
    }
    return undefined;
  } finally {
    await file.close();
  }
}

/**
 * Sees to it that there is a position before the first segment is: that it is older than the segments
 * says that nothing in them was promised, that it is absent says nothing.
 */
export async function preparePosition(files: JournalFiles): Promise<void> {
  if ((await readPosition(files)) !== undefined) return;
  const file = await openPosition(files);
  try {
    await writeAll(file, [encodePosition({ segment: 0, sequence: 0, offset: 0 })], { offset: 0 });
    await file.sync();
  } finally {
    await file.close();
  }
  await files.syncFolder();
}

/** The file, open for writing over. */
export async function openPosition(files: JournalFiles): Promise<JournalFile> {
  try {
    return await files.open(positionName, "write");
  } catch (error) {
    if (systemErrorCode(error) !== "ENOENT") throw error;
    return await files.create(positionName);
  }
}

/** Undefined where it is none. */
export function decodePosition(bytes: Buffer): DurablePosition | undefined {
  if (bytes.compare(magic, 0, 8, 0, 8) !== 0) return undefined;
  if (crc32(bytes.subarray(0, 60)) !== bytes.readUInt32LE(60)) return undefined;
  const number = (at: number): number => Number(bytes.readBigUInt64LE(at));
  return { segment: number(8), sequence: number(16), offset: number(24) };
}
