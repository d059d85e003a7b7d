/** What both sides agree on about files of a repository on the wire. */
import type { StoredFile } from "#storage";
import { brokenProtocol } from "./host-error.ts";

/**
 * Pieces of a file that is sent. Each is answered when it is written, so that on a slow line there
 * is a sign of life for every one of them; up to this size a file goes within its request.
 */
export const savePieceBytes: number = 256 * 1024;
/** Pieces on the way at once: 4 MiB, 40 MB/s over a line with 100 ms to and fro. */
export const saveWindow = 16;
export const loadPieceBytes: number = 1024 * 1024;
/** Largest file of a repository that is sent or loaded. */
export const largestFileBytes: number = 1024 * 1024 * 1024;

/** Files in one item of a listing. */
const batchLength = 4096;
/** 32 bytes of the name, which is 64 hexadecimal digits (zero bytes for `config`), 8 of the size, big-endian. */
const recordBytes = 40;

export async function* encodeStoredFiles(
  files: AsyncIterable<StoredFile>,
): AsyncGenerator<Uint8Array, void, undefined> {
  let batch = Buffer.allocUnsafe(batchLength * recordBytes);
  let length = 0;
  for await (const { name, sizeBytes } of files) {
    const at = length * recordBytes;
    batch.fill(0, at, at + recordBytes);
    batch.write(name, at, 32, "hex");
    batch.writeBigUInt64BE(BigInt(sizeBytes), at + 32);
    length++;
    if (length < batchLength) continue;
    yield batch;
    batch = Buffer.allocUnsafe(batchLength * recordBytes);
    length = 0;
  }
  if (length > 0) yield batch.subarray(0, length * recordBytes);
}

export function* decodeStoredFiles(
  body: Uint8Array,
  { isConfig }: { readonly isConfig: boolean },
): Generator<StoredFile, void, undefined> {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.length);
  if (bytes.length % recordBytes !== 0) throw brokenProtocol("a listing of files is cut short");
  for (let at = 0; at < bytes.length; at += recordBytes) {
    const size = bytes.readBigUInt64BE(at + 32);
    if (size > BigInt(Number.MAX_SAFE_INTEGER)) throw brokenProtocol(`a file has the size ${size}`);
    const name = isConfig ? "" : bytes.toString("hex", at, at + 32);
    yield { name, sizeBytes: Number(size) };
  }
}
