/**
 * One pack's bytes held against its name, its own header and what the index says of it. Columns,
 * because it crosses threads.
 */
import { sha256, sha256Hex, type Sealer } from "./crypto.ts";
import type { Compressor } from "./compression.ts";
import {
  type BlobType,
  headerLengthBytes,
  type PackedBlob,
  parsePackHeader,
} from "./pack-format.ts";

export type PackCheckTask = {
  readonly packId: string;
  readonly bytes: Uint8Array;
  /** What the index says of it, by offset; 32 bytes a blob. */
  readonly ids: Uint8Array;
  readonly offsets: Uint32Array;
  readonly lengths: Uint32Array;
  readonly rawLengths: Uint32Array;
  /** 0 data, 1 tree. */
  readonly types: Uint8Array;
};

export type PackCheck = {
  readonly isNamedRight: boolean;
  readonly hasHeader: boolean;
  /** Positions in the columns of blobs that cannot be read there. */
  readonly badBlobs: readonly number[];
  /** Blobs of the header that cannot be read. */
  readonly badInHeader: number;
  /** Entries of the index that the header has otherwise or not at all. */
  readonly wrongInIndex: number;
  /** Blobs of the header that the index does not name. */
  readonly notInIndex: number;
};

export type PackOpener = { readonly sealer: Sealer; readonly compressor: Compressor };

/** Nothing is wrong with the pack itself, whatever the index says. */
export function isSoundPack(check: PackCheck): boolean {
  return check.isNamedRight && check.hasHeader && check.badInHeader === 0;
}

export function checkPack(task: PackCheckTask, opener: PackOpener): PackCheck {
  const { packId, bytes } = task;
  const header = readPackHeader(bytes, { packId, sealer: opener.sealer });
  const indexed = indexedBlobs(task);
  const inIndex = new Set(indexed.map(blobKey));
  const unnamed = (header ?? []).filter((blob) => !inIndex.has(blobKey(blob)));
  const badBlobs: number[] = [];
  const inHeader = new Set((header ?? []).map(blobKey));
  let badInHeader = 0;
  let wrongInIndex = 0;
  for (const [at, blob] of indexed.entries()) {
    const isInHeader = inHeader.has(blobKey(blob));
    if (header !== undefined && !isInHeader) wrongInIndex++;
    if (holdsBlob(bytes, blob, opener)) continue;
    badBlobs.push(at);
    if (isInHeader) badInHeader++;
  }
  for (const blob of unnamed) if (!holdsBlob(bytes, blob, opener)) badInHeader++;
  return {
    isNamedRight: sha256Hex(bytes) === packId,
    hasHeader: header !== undefined,
    badBlobs,
    badInHeader,
    wrongInIndex,
    notInIndex: unnamed.length,
  };
}

/** The blobs that a pack's own header lists; undefined where it has none that can be read. */
export function readPackHeader(
  bytes: Uint8Array,
  { packId, sealer }: { readonly packId: string; readonly sealer: Sealer },
): readonly PackedBlob[] | undefined {
  const end = bytes.length - headerLengthBytes;
  if (end < 0) return undefined;
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(end, true);
  if (length > end) return undefined;
  const header = sealer.open(bytes.subarray(end - length, end));
  if (header === undefined) return undefined;
  try {
    return parsePackHeader(header, packId);
  } catch {
    return undefined;
  }
}

/** Whether the blob can be read from where it should be. */
export function holdsBlob(
  bytes: Uint8Array,
  blob: PackedBlob,
  { sealer, compressor }: PackOpener,
): boolean {
  const end = blob.offset + blob.lengthBytes;
  if (end > bytes.length) return false;
  const opened = sealer.openView(bytes.subarray(blob.offset, end));
  if (opened === undefined) return false;
  const plain =
    blob.rawLengthBytes === 0 ? opened : compressor.decompress(opened, blob.rawLengthBytes);
  return plain !== undefined && Buffer.compare(sha256(plain), blob.id) === 0;
}

export function blobKey({ id, type, offset, lengthBytes, rawLengthBytes }: PackedBlob): string {
  const name = Buffer.from(id.buffer, id.byteOffset, 32).toString("latin1");
  return `${type} ${offset} ${lengthBytes} ${rawLengthBytes} ${name}`;
}

function indexedBlobs(task: PackCheckTask): readonly PackedBlob[] {
  const { ids, offsets, lengths, rawLengths, types } = task;
  return Array.from(offsets, (offset, at) => ({
    id: ids.subarray(at * 32, at * 32 + 32),
    type: (types[at] === 1 ? "tree" : "data") satisfies BlobType,
    offset,
    lengthBytes: lengths[at] as number,
    rawLengthBytes: rawLengths[at] as number,
  }));
}

/** Reads a blob number's entry into the columns of a task. */
export type IndexedPlaces = {
  idOf(blob: number): Uint8Array;
  offsetOf(blob: number): number;
  lengthOf(blob: number): number;
  rawLengthOf(blob: number): number;
  typeOf(blob: number): BlobType;
};

export function packCheckTask(
  index: IndexedPlaces,
  { packId, blobs, bytes }: { packId: string; blobs: readonly number[]; bytes: Uint8Array },
): PackCheckTask {
  const ids = new Uint8Array(blobs.length * 32);
  for (const [at, blob] of blobs.entries()) ids.set(index.idOf(blob), at * 32);
  return {
    packId,
    bytes,
    ids,
    offsets: Uint32Array.from(blobs, (blob) => index.offsetOf(blob)),
    lengths: Uint32Array.from(blobs, (blob) => index.lengthOf(blob)),
    rawLengths: Uint32Array.from(blobs, (blob) => index.rawLengthOf(blob)),
    types: Uint8Array.from(blobs, (blob) => (index.typeOf(blob) === "tree" ? 1 : 0)),
  };
}
