/**
 * An index file as it is kept in the local cache: read as a whole, or searched for one blob by reading
 * some hundred bytes of it. Index files never change, so what is kept never goes stale.
 *
 *   u32 magic "RIX2" ‖ u32 crc32 of the rest ‖ u32 packs ‖ u32 superseded ‖ u32 blobs ‖ u32 bits
 *   packs and superseded: 32 bytes each
 *   u32 columns: pack, offset, length, raw length; then ids (32 bytes each); then types (1 byte each)
 *   padding to 4
 *   u32 ends: for each beginning of an ID of so many bits, where its blobs end in the list that follows
 *   list: u32 first word of an ID ‖ u32 number of the blob, by the ID's beginning
 */
import { crc32 } from "node:zlib";
import type { CachedFile } from "./local-cache.ts";
import { emptyColumns, type ParsedIndex } from "./parsed-index.ts";
import type { BlobType } from "./pack-format.ts";

const magic = 0x32584952;
const headerBytes = 24;
const bytesAnEntry = 8;
/** Blobs that share a beginning: what one search looks through, 512 bytes. */
const blobsABeginning = 64;
const mostBits = 20;

type Places = {
  readonly packs: number;
  readonly columns: number;
  readonly ids: number;
  readonly types: number;
  readonly ends: number;
  readonly list: number;
  readonly end: number;
};

/** Where each part lies. */
function placesOf(counts: {
  readonly packs: number;
  readonly superseded: number;
  readonly blobs: number;
  readonly bits: number;
}): Places {
  const columns = headerBytes + 32 * (counts.packs + counts.superseded);
  const ids = columns + counts.blobs * 16;
  const types = ids + counts.blobs * 32;
  const ends = Math.ceil((types + counts.blobs) / 4) * 4;
  const list = ends + 4 * 2 ** counts.bits;
  return {
    packs: headerBytes,
    columns,
    ids,
    types,
    ends,
    list,
    end: list + counts.blobs * bytesAnEntry,
  };
}

export function encodeCachedIndex(index: ParsedIndex): Uint8Array {
  const { length } = index;
  const bits = Math.min(mostBits, Math.max(0, Math.ceil(Math.log2(length / blobsABeginning))));
  const counts = {
    packs: index.packs.length,
    superseded: index.supersedes.length,
    blobs: length,
    bits,
  };
  const places = placesOf(counts);
  const body = Buffer.alloc(places.end);
  for (const [at, value] of [magic, 0, counts.packs, counts.superseded, length, bits].entries())
    body.writeUInt32LE(value, at * 4);
  body.write([...index.packs, ...index.supersedes].join(""), headerBytes, "hex");
  let at = places.columns;
  for (const column of [index.packs32, index.offsets, index.lengths, index.rawLengths]) {
    body.set(bytesOf(column), at);
    at += length * 4;
  }
  body.set(index.ids, places.ids);
  body.set(index.types, places.types);
  const { ends, list } = listByBeginning(index.ids, bits);
  body.set(bytesOf(ends), places.ends);
  body.set(bytesOf(list), places.list);
  body.writeUInt32LE(crc32(body.subarray(8)), 4);
  return body;
}

/** The blobs of each beginning side by side, in one pass that counts and one that places. */
function listByBeginning(
  ids: Uint8Array,
  bits: number,
): { readonly ends: Uint32Array; readonly list: Uint32Array } {
  const blobs = ids.length / 32;
  const ends = new Uint32Array(2 ** bits);
  const begins = new Uint32Array(blobs);
  for (let blob = 0; blob < blobs; blob++) {
    const begin = beginningOf(ids, blob * 32, bits);
    begins[blob] = begin;
    ends[begin] = (ends[begin] as number) + 1;
  }
  for (let begin = 1; begin < ends.length; begin++)
    ends[begin] = (ends[begin] as number) + (ends[begin - 1] as number);
  // From the end, so that each end counts down to its start, and is put right afterwards.
  const next = ends.slice();
  const list = new Uint32Array(blobs * 2);
  for (let blob = blobs - 1; blob >= 0; blob--) {
    const begin = begins[blob] as number;
    const place = (next[begin] as number) - 1;
    next[begin] = place;
    list[place * 2] = firstWord(ids, blob * 32);
    list[place * 2 + 1] = blob;
  }
  return { ends, list };
}

function beginningOf(ids: Uint8Array, at: number, bits: number): number {
  const three =
    ((ids[at] as number) << 16) | ((ids[at + 1] as number) << 8) | (ids[at + 2] as number);
  return three >>> (24 - bits);
}

/** The first four bytes as they lie in memory. */
function firstWord(id: Uint8Array, at: number): number {
  const low = (id[at] as number) | ((id[at + 1] as number) << 8);
  return (low | ((id[at + 2] as number) << 16) | ((id[at + 3] as number) << 24)) >>> 0;
}

/** Undefined where the bytes are not a whole cached index: it is rebuilt then. */
export function decodeCachedIndex(bytes: Buffer): ParsedIndex | undefined {
  const places = checkedPlaces(bytes, bytes.length);
  if (places === undefined || crc32(bytes.subarray(8)) !== bytes.readUInt32LE(4)) return undefined;
  let at = headerBytes;
  const takeIds = (count: number): string[] => {
    const ids: string[] = [];
    for (let n = 0; n < count; n++, at += 32) ids.push(bytes.toString("hex", at, at + 32));
    return ids;
  };
  const packs = takeIds(bytes.readUInt32LE(8));
  const supersedes = takeIds(bytes.readUInt32LE(12));
  const length = bytes.readUInt32LE(16);
  const columns = emptyColumns(packs, supersedes, length);
  for (const column of [columns.packs32, columns.offsets, columns.lengths, columns.rawLengths]) {
    bytesOf(column).set(bytes.subarray(at, (at += length * 4)));
  }
  columns.ids.set(bytes.subarray(at, (at += length * 32)));
  columns.types.set(bytes.subarray(at, at + length));
  return columns;
}

/** Undefined where a header is not one, or its file not as long as it says. */
function checkedPlaces(header: Buffer, lengthBytes: number): Places | undefined {
  if (header.length < headerBytes || header.readUInt32LE(0) !== magic) return undefined;
  const bits = header.readUInt32LE(20);
  if (bits > mostBits) return undefined;
  const places = placesOf({
    packs: header.readUInt32LE(8),
    superseded: header.readUInt32LE(12),
    blobs: header.readUInt32LE(16),
    bits,
  });
  return places.end === lengthBytes ? places : undefined;
}

export type FoundBlob = {
  readonly packId: string;
  readonly offset: number;
  readonly lengthBytes: number;
  /** Before compression; 0 where the blob is not compressed. */
  readonly rawLengthBytes: number;
};

export interface SearchedIndex extends Disposable {
  /**
   * Where a blob lies as the file says, of which no sum is checked: what it leads to has to be looked
   * at, and what it does not know may be in it all the same. Throws where it cannot be read.
   */
  find(id: Uint8Array, type: BlobType): FoundBlob | undefined;
}

/** Undefined where the file is not a cached index of this form. It belongs to what is returned. */
export function searchCachedIndex(file: CachedFile): SearchedIndex | undefined {
  const header = file.readAt(0, headerBytes);
  const places = checkedPlaces(header, file.lengthBytes);
  if (places === undefined) return undefined;
  const blobs = header.readUInt32LE(16);
  const packs = header.readUInt32LE(8);
  const bits = header.readUInt32LE(20);
  const word = (column: number, blob: number): number =>
    file.readAt(places.columns + (column * blobs + blob) * 4, 4).readUInt32LE(0);

  function isBlob(blob: number, id: Uint8Array, type: BlobType): boolean {
    if (blob >= blobs) throw new RangeError("a cached index names a blob that it has not");
    const own = file.readAt((places as Places).ids + blob * 32, 32);
    if (Buffer.compare(own, id) !== 0) return false;
    return file.readAt((places as Places).types + blob, 1)[0] === (type === "tree" ? 1 : 0);
  }

  return {
    find(id, type) {
      const begin = beginningOf(id, 0, bits);
      const bounds = file.readAt(places.ends + Math.max(0, begin - 1) * 4, begin === 0 ? 4 : 8);
      const from = begin === 0 ? 0 : bounds.readUInt32LE(0);
      const to = bounds.readUInt32LE(bounds.length - 4);
      if (from > to || to > blobs) throw new RangeError("a cached index is not in order");
      const list = file.readAt(places.list + from * bytesAnEntry, (to - from) * bytesAnEntry);
      const wanted = firstWord(id, 0);
      for (let at = 0; at < list.length; at += bytesAnEntry) {
        if (list.readUInt32LE(at) !== wanted) continue;
        const blob = list.readUInt32LE(at + 4);
        if (!isBlob(blob, id, type)) continue;
        const pack = word(0, blob);
        if (pack >= packs) throw new RangeError("a cached index names a pack that it has not");
        return {
          packId: file.readAt(places.packs + pack * 32, 32).toString("hex"),
          offset: word(1, blob),
          lengthBytes: word(2, blob),
          rawLengthBytes: word(3, blob),
        };
      }
      return undefined;
    },
    [Symbol.dispose]: () => file[Symbol.dispose](),
  };
}

// The cache is local to one machine, so its byte order is the machine's.
function bytesOf(column: Uint32Array): Uint8Array {
  return new Uint8Array(column.buffer, column.byteOffset, column.byteLength);
}
