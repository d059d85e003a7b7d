/**
 * Packs (restic design: Pack Format).
 *
 *   EncryptedBlob1 ‖ … ‖ EncryptedBlobN ‖ EncryptedHeader ‖ u32 LE length of EncryptedHeader
 *
 * Header, one entry a blob, in order:
 *   type 0 (data) or 1 (tree):                      u8 type ‖ u32 LE length ‖ id[32]                     37 bytes
 *   type 2 (data) or 3 (tree), zstd-compressed:     u8 type ‖ u32 LE length ‖ u32 LE raw length ‖ id[32]  41 bytes
 * `length` is the length of the encrypted blob; offsets follow by addition.
 */
import { encryptionOverheadBytes } from "./crypto.ts";
import { RepositoryError } from "./repository-error.ts";

export type BlobType = "data" | "tree";

export type PackedBlob = {
  readonly id: Uint8Array;
  readonly type: BlobType;
  readonly offset: number;
  /** Encrypted. */
  readonly lengthBytes: number;
  /** Before compression; 0 where the blob is not compressed. */
  readonly rawLengthBytes: number;
};

const plainEntryBytes = 37;
const compressedEntryBytes = 41;
/** What a blob costs in its pack beside its bytes, at most. */
export const packEntryBytes: number = compressedEntryBytes;
export const headerLengthBytes = 4;

export function headerEntryBytes(isCompressed: boolean): number {
  return isCompressed ? compressedEntryBytes : plainEntryBytes;
}

export function encodePackHeader(blobs: readonly PackedBlob[]): Uint8Array {
  let size = 0;
  for (const blob of blobs) size += headerEntryBytes(blob.rawLengthBytes !== 0);
  const header = Buffer.alloc(size);
  let at = 0;
  for (const blob of blobs) {
    const compressed = blob.rawLengthBytes !== 0;
    header[at] = (blob.type === "tree" ? 1 : 0) + (compressed ? 2 : 0);
    header.writeUInt32LE(blob.lengthBytes, at + 1);
    if (compressed) header.writeUInt32LE(blob.rawLengthBytes, at + 5);
    const idAt = at + (compressed ? 9 : 5);
    header.set(blob.id, idAt);
    at = idAt + 32;
  }
  return header;
}

/** How many blobs a header that `encodePackHeader` made has. */
export function countHeaderBlobs(header: Uint8Array): number {
  let count = 0;
  for (let at = 0; at < header.length; count++)
    at += (header[at] as number) < 2 ? plainEntryBytes : compressedEntryBytes;
  return count;
}

/** Blobs of a decrypted header. Throws `repository.damaged` where it is not one. */
export function parsePackHeader(header: Uint8Array, packId: string): readonly PackedBlob[] {
  const view = Buffer.from(header.buffer, header.byteOffset, header.byteLength);
  const blobs: PackedBlob[] = [];
  let offset = 0;
  for (let at = 0; at < view.length;) {
    const kind = view[at] as number;
    const compressed = kind === 2 || kind === 3;
    const size = headerEntryBytes(compressed);
    if (kind > 3 || at + size > view.length) throw damagedHeader(packId);
    const lengthBytes = view.readUInt32LE(at + 1);
    const idAt = at + (compressed ? 9 : 5);
    if (lengthBytes < encryptionOverheadBytes) throw damagedHeader(packId);
    blobs.push({
      id: view.subarray(idAt, idAt + 32),
      type: kind % 2 === 0 ? "data" : "tree",
      offset,
      lengthBytes,
      rawLengthBytes: compressed ? view.readUInt32LE(at + 5) : 0,
    });
    offset += lengthBytes;
    at += size;
  }
  return blobs;
}

function damagedHeader(packId: string): RepositoryError {
  return new RepositoryError(
    "repository.damaged",
    `Cannot read pack ${packId.slice(0, 8)}: its header is not one`,
    {
      hint: "Run `restante verify --read-data` to see what is affected.",
    },
  );
}
