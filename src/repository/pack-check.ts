/**
 * One pack's bytes held against its name, its own header and what the index says of it. Columns,
 * because it crosses threads.
 */
import { encryptionOverheadBytes, sha256Hex, type Sealer } from "./crypto.ts";
import type { Compressor } from "./compression.ts";
import { hasDigest } from "./digest.ts";
import {
  type BlobType,
  headerEntryBytes,
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
  const header = openPackHeader(bytes, opener.sealer);
  const badBlobs = findBadBlobs(task, opener);
  const isNamedRight = sha256Hex(bytes) === packId;
  // Nearly always; entry by entry they are compared only where something differs.
  if (header !== undefined && saysTheSame(header, task)) {
    const badInHeader = badBlobs.length;
    return {
      isNamedRight,
      hasHeader: true,
      badBlobs,
      badInHeader,
      wrongInIndex: 0,
      notInIndex: 0,
    };
  }
  const listed = header === undefined ? undefined : headerBlobs(header, packId);
  return { isNamedRight, badBlobs, ...compareHeader(listed, { task, badBlobs, opener }) };
}

type HeaderFindings = Pick<PackCheck, "hasHeader" | "badInHeader" | "wrongInIndex" | "notInIndex">;

function compareHeader(
  header: readonly PackedBlob[] | undefined,
  {
    task,
    badBlobs,
    opener,
  }: {
    readonly task: PackCheckTask;
    readonly badBlobs: readonly number[];
    readonly opener: PackOpener;
  },
): HeaderFindings {
  const indexed = indexedBlobs(task);
  const inIndex = new Set(indexed.map(blobKey));
  const unnamed = (header ?? []).filter((blob) => !inIndex.has(blobKey(blob)));
  const inHeader = new Set((header ?? []).map(blobKey));
  const isInHeader = (blob: PackedBlob): boolean => inHeader.has(blobKey(blob));
  const badListed = badBlobs.filter((at) => isInHeader(indexed[at] as PackedBlob)).length;
  const badUnnamed = unnamed.filter((blob) => !holdsBlob(task.bytes, blob, opener)).length;
  return {
    hasHeader: header !== undefined,
    badInHeader: badListed + badUnnamed,
    wrongInIndex: header === undefined ? 0 : indexed.filter((blob) => !isInHeader(blob)).length,
    notInIndex: unnamed.length,
  };
}

/** Positions of blobs that cannot be read where the index says they are. */
function findBadBlobs(task: PackCheckTask, opener: PackOpener): readonly number[] {
  const { bytes, ids, offsets, lengths, rawLengths } = task;
  const bad: number[] = [];
  for (let at = 0; at < offsets.length; at++) {
    const offset = offsets[at] as number;
    const end = offset + (lengths[at] as number);
    const isHeld =
      end <= bytes.length &&
      isBlob(bytes.subarray(offset, end), {
        ids,
        idAt: at * 32,
        rawLengthBytes: rawLengths[at] as number,
        opener,
      });
    if (!isHeld) bad.push(at);
  }
  return bad;
}

/** Whether a decrypted header lists just what the task's columns do, in the same order. */
function saysTheSame(header: Uint8Array, task: PackCheckTask): boolean {
  const { ids, offsets, lengths, rawLengths, types } = task;
  const view = Buffer.from(header.buffer, header.byteOffset, header.byteLength);
  const expected = Buffer.from(ids.buffer, ids.byteOffset, ids.byteLength);
  let at = 0;
  let offset = 0;
  for (let blob = 0; blob < offsets.length; blob++) {
    const rawLength = rawLengths[blob] as number;
    const lengthBytes = lengths[blob] as number;
    const isCompressed = rawLength !== 0;
    const end = at + headerEntryBytes(isCompressed);
    if (end > view.length || lengthBytes < encryptionOverheadBytes) return false;
    const isSame =
      view[at] === (types[blob] as number) + (isCompressed ? 2 : 0) &&
      offset === offsets[blob] &&
      view.readUInt32LE(at + 1) === lengthBytes &&
      (!isCompressed || view.readUInt32LE(at + 5) === rawLength) &&
      view.compare(expected, blob * 32, blob * 32 + 32, end - 32, end) === 0;
    if (!isSame) return false;
    offset += lengthBytes;
    at = end;
  }
  return at === view.length;
}

/** The blobs that a pack's own header lists; undefined where it has none that can be read. */
export function readPackHeader(
  bytes: Uint8Array,
  { packId, sealer }: { readonly packId: string; readonly sealer: Sealer },
): readonly PackedBlob[] | undefined {
  const header = openPackHeader(bytes, sealer);
  return header === undefined ? undefined : headerBlobs(header, packId);
}

function headerBlobs(header: Uint8Array, packId: string): readonly PackedBlob[] | undefined {
  try {
    return parsePackHeader(header, packId);
  } catch {
    return undefined;
  }
}

/** Decrypted; undefined where there is none that can be read. */
function openPackHeader(bytes: Uint8Array, sealer: Sealer): Uint8Array | undefined {
  const end = bytes.length - headerLengthBytes;
  if (end < 0) return undefined;
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(end, true);
  return length > end ? undefined : sealer.open(bytes.subarray(end - length, end));
}

/** Whether the blob can be read from where it should be. */
export function holdsBlob(bytes: Uint8Array, blob: PackedBlob, opener: PackOpener): boolean {
  const { id, offset, rawLengthBytes } = blob;
  const end = offset + blob.lengthBytes;
  if (end > bytes.length) return false;
  return isBlob(bytes.subarray(offset, end), { ids: id, idAt: 0, rawLengthBytes, opener });
}

type BlobToCheck = {
  readonly ids: Uint8Array;
  readonly idAt: number;
  readonly rawLengthBytes: number;
  readonly opener: PackOpener;
};

function isBlob(
  sealed: Uint8Array,
  { ids, idAt, rawLengthBytes, opener: { sealer, compressor } }: BlobToCheck,
): boolean {
  const opened = sealer.openView(sealed);
  if (opened === undefined) return false;
  const plain = rawLengthBytes === 0 ? opened : compressor.decompress(opened, rawLengthBytes);
  return plain !== undefined && hasDigest(plain, ids, idAt);
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
