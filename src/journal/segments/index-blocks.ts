/**
 * The parts of a segment's index: blocks of metadata, the places of `data` events, and the directory of
 * both; each compressed with Zstandard where that makes it shorter, and sealed.
 *
 *   block, for each record         number sequence − the one before (of the first: − the block's first),
 *                                  number offset of the frame − the one before (of the first: − the block's),
 *                                  number length of the data, bytes metadata
 *   places, for each data event    u32 sequence − the segment's first, u32 offset of the frame,
 *                                  u32 length of the frame, u32 length of the data
 */
import { promisify } from "node:util";
import { constants, zstdCompress, zstdDecompressSync } from "node:zlib";
import type { Sequence } from "../journal-event.ts";
import { FieldError, FieldReader } from "./field-reader.ts";
import { FieldWriter } from "./field-writer.ts";
import { nonceOf, openPart } from "./frame.ts";
import { frameCipher, tagBytes } from "./frame-cipher.ts";

const compressed = promisify(zstdCompress);
const noBytes = Buffer.alloc(0);
/** Level 1: the index is written beside mail that waits. */
const compression = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };
/** No part is longer: bounds what a damaged directory makes us allocate. */
export const maxPartBytes: number = 256 * 1024 * 1024;

/** Numbers make nonces: blocks have 0, 1, 2, …, the places of data the next, the directory this one. */
export const directoryNumber = 0xffff_ffff;

export type IndexedRecord = {
  readonly sequence: Sequence;
  /** Of its frame. */
  readonly offset: number;
  readonly dataBytes: number;
  readonly metadata: Buffer;
};

/** Where a sealed part lies, and how long it is before it is sealed, and before it is compressed. */
export type PartPlace = {
  readonly offset: number;
  readonly lengthBytes: number;
  readonly plainBytes: number;
};

export type BlockPlace = PartPlace & {
  readonly first: Sequence;
  readonly last: Sequence;
  /** Of the first record's frame. */
  readonly frameOffset: number;
};

/** Sealed bytes, tag at the end. */
export async function sealIndexPart(
  plain: Buffer,
  { key, number }: { readonly key: Uint8Array; readonly number: number },
): Promise<Buffer> {
  const compact = await compressed(plain, compression);
  const shorter = compact.length < plain.length ? compact : plain;
  const sealed = Buffer.allocUnsafe(shorter.length + tagBytes);
  const part = { key, nonce: nonceOf(2, number), associated: noBytes, plain: shorter };
  frameCipher().seal(part, sealed.subarray(0, shorter.length), sealed.subarray(shorter.length));
  return sealed;
}

/** Undefined where it is not what was written. */
export function openIndexPart(
  sealed: Buffer,
  { plainBytes }: PartPlace,
  { key, number }: { readonly key: Uint8Array; readonly number: number },
): Buffer | undefined {
  if (sealed.length < tagBytes || plainBytes > maxPartBytes) return undefined;
  const end = sealed.length - tagBytes;
  const plain = openPart(sealed.subarray(0, end), {
    key,
    nonce: nonceOf(2, number),
    associated: noBytes,
    tag: sealed.subarray(end),
  });
  if (plain === undefined || plain.length === plainBytes) return plain;
  return zstdDecompressSync(plain, { maxOutputLength: plainBytes });
}

/** Collects the records of one block. */
export class BlockWriter {
  readonly #fields = new FieldWriter(4096);
  #first: { readonly sequence: Sequence; readonly offset: number } | undefined;
  #last = { sequence: 0, offset: 0 };

  get sizeBytes(): number {
    return this.#fields.length;
  }

  add({ sequence, offset, dataBytes, metadata }: IndexedRecord): void {
    this.#first ??= { sequence, offset };
    const before = this.sizeBytes === 0 ? this.#first : this.#last;
    this.#fields.number(sequence - before.sequence);
    this.#fields.number(offset - before.offset);
    this.#fields.number(dataBytes);
    this.#fields.bytes(metadata);
    this.#last = { sequence, offset };
  }

  /** What was collected; begins anew. */
  take(): Pick<BlockPlace, "first" | "last" | "frameOffset"> & { readonly plain: Buffer } {
    const { sequence = 0, offset = 0 } = this.#first ?? {};
    const plain = Buffer.from(this.#fields.written());
    const last = this.#last.sequence;
    this.#fields.clear();
    this.#first = undefined;
    return { first: sequence, last, frameOffset: offset, plain };
  }
}

/** The records of a block between two sequences, both included; undefined where it cannot be understood. */
export function readBlock(
  plain: Buffer,
  { first, frameOffset }: BlockPlace,
  { from, to }: { readonly from: Sequence; readonly to: Sequence },
): readonly IndexedRecord[] | undefined {
  const reader = new FieldReader(plain);
  const records: IndexedRecord[] = [];
  let [sequence, offset] = [first, frameOffset];
  try {
    while (!reader.isAtEnd) {
      sequence += reader.number();
      offset += reader.number();
      const dataBytes = reader.number();
      const metadata = reader.bytes();
      if (sequence > to) break;
      if (sequence >= from) records.push({ sequence, offset, dataBytes, metadata });
    }
    return records;
  } catch (error) {
    if (error instanceof FieldError) return undefined;
    throw error;
  }
}
