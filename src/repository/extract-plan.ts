/**
 * In which order many files are read out of packs. Pure.
 *
 * A file is written in parts of some MiB, nearly always one. Parts go in the order in which their
 * largest blobs lie in packs, so that files which share an attachment stand side by side and the
 * packs are read in one direction. What is read from storage are runs: neighbouring blobs that
 * any part of the plan needs, with small gaps between them.
 */
import type { ExtractRequest } from "#image";
import type { BlobIndex } from "./blob-index.ts";
import { plainLengthOf } from "./crypto.ts";

export type FileToExtract = {
  readonly request: ExtractRequest;
  /** Blob IDs, 32 bytes each, in order. */
  readonly ids: Uint8Array;
};

export type ExtractPlan = {
  readonly files: readonly FileToExtract[];
  readonly index: BlobIndex;
  /** Files of which a blob is in no index, with that blob's ID. */
  readonly missing: ReadonlyMap<number, Uint8Array>;
  readonly sizes: Float64Array;
  /** Blob numbers of all files, one file after another. */
  readonly blobs: Uint32Array;
  readonly parts: PartColumns;
  /** Part numbers in the order of the packs. */
  readonly order: Uint32Array;
  /** Position in `order` after the last part of each task. */
  readonly taskEnds: readonly number[];
  readonly runs: readonly PackRun[];
};

export type PartColumns = {
  readonly file: readonly number[];
  /** Its first blob in `blobs`, and how many. */
  readonly firstBlob: readonly number[];
  readonly blobCount: readonly number[];
  /** Where it begins in its file; -1: it is the whole file. */
  readonly fileOffset: readonly number[];
  readonly sizeBytes: readonly number[];
};

export type PackRun = {
  readonly packNumber: number;
  readonly offset: number;
  readonly lengthBytes: number;
};

/** Plain bytes: enough to keep a thread busy for some milliseconds, few enough that those in flight are little memory. */
const taskBytes = 1024 * 1024;
/** A message to a hundred mailboxes is decoded once and written a hundred times. */
const taskWriteBytes = 64 * 1024 * 1024;
const taskParts = 512;
const partBytes = 4 * 1024 * 1024;
/**
 * What one recipient's copy adds lies far from what all share, so that a task wants a little of
 * dozens of places: runs are short enough to keep one of each place until its next blob is wanted.
 */
const runBytes = 256 * 1024;
/** Reading this much for nothing is cheaper than asking once more. */
const gapBytes = 32 * 1024;

export function planExtract(files: readonly FileToExtract[], index: BlobIndex): ExtractPlan {
  const total = files.reduce((sum, { ids }) => sum + ids.length / 32, 0);
  const blobs = new Uint32Array(total);
  const missing = new Map<number, Uint8Array>();
  const sizes = new Float64Array(files.length);
  const parts = { file: [], firstBlob: [], blobCount: [], fileOffset: [], sizeBytes: [] };
  let used = 0;
  for (const [file, { ids }] of files.entries()) {
    const lost = findBlobs(ids, { index, blobs, at: used });
    if (lost !== undefined) {
      missing.set(file, lost);
      continue;
    }
    const count = ids.length / 32;
    sizes[file] = cutParts(parts, { file, blobs, index, first: used, count });
    used += count;
  }
  const found = blobs.subarray(0, used);
  const order = orderParts(parts, { blobs: found, index });
  return {
    files,
    index,
    missing,
    sizes,
    blobs: found,
    parts,
    order,
    taskEnds: cutTasks(parts, { order, blobs: found, index }),
    runs: findRuns(found, index),
  };
}

/** Position of a blob among all bytes of all packs; packs are fewer than 2^21. */
function placeOf(index: BlobIndex, blob: number): number {
  return index.packNumberOf(blob) * 2 ** 32 + index.offsetOf(blob);
}

function plainLength(index: BlobIndex, blob: number): number {
  return plainLengthOf(index.rawLengthOf(blob), index.lengthOf(blob));
}

/** The numbers of a file's blobs; the ID of the first that is in no index. */
function findBlobs(
  ids: Uint8Array,
  {
    index,
    blobs,
    at,
  }: { readonly index: BlobIndex; readonly blobs: Uint32Array; readonly at: number },
): Uint8Array | undefined {
  for (let from = 0; from < ids.length; from += 32) {
    const id = ids.subarray(from, from + 32);
    const blob = index.find(id, "data");
    if (blob < 0) return id;
    blobs[at + from / 32] = blob;
  }
  return undefined;
}

type GrowingParts = { [K in keyof PartColumns]: number[] };

type FileBlobs = {
  readonly file: number;
  readonly blobs: Uint32Array;
  readonly index: BlobIndex;
  readonly first: number;
  readonly count: number;
};

/** Adds the parts of one file; returns the file's size. */
function cutParts(parts: GrowingParts, { file, blobs, index, first, count }: FileBlobs): number {
  const firstPart = parts.file.length;
  let size = 0;
  let start = 0;
  let startBlob = first;
  const end = first + count;
  const cut = (next: number): void => {
    parts.file.push(file);
    parts.firstBlob.push(startBlob);
    parts.blobCount.push(next - startBlob);
    parts.fileOffset.push(start);
    parts.sizeBytes.push(size - start);
    start = size;
    startBlob = next;
  };
  for (let at = first; at < end; at++) {
    size += plainLength(index, blobs[at] as number);
    if (size - start >= partBytes && at + 1 < end) cut(at + 1);
  }
  cut(end);
  if (parts.file.length - firstPart === 1) parts.fileOffset[firstPart] = -1;
  return size;
}

function orderParts(
  parts: PartColumns,
  { blobs, index }: { readonly blobs: Uint32Array; readonly index: BlobIndex },
): Uint32Array {
  const count = parts.file.length;
  const keys = new Float64Array(count);
  for (let part = 0; part < count; part++) {
    const first = parts.firstBlob[part] as number;
    let largest = -1;
    for (let at = first; at < first + (parts.blobCount[part] as number); at++) {
      const blob = blobs[at] as number;
      if (plainLength(index, blob) <= largest) continue;
      largest = plainLength(index, blob);
      keys[part] = placeOf(index, blob);
    }
  }
  return sortedBy(keys);
}

function sortedBy(keys: Float64Array): Uint32Array {
  const order = Uint32Array.from(keys, (_, position) => position);
  if (isAscending(keys)) return order;
  return order.sort((a, b) => (keys[a] as number) - (keys[b] as number));
}

function isAscending(keys: Float64Array): boolean {
  for (let at = 1; at < keys.length; at++) {
    if ((keys[at] as number) < (keys[at - 1] as number)) return false;
  }
  return true;
}

/** Parts that want the same blobs stay in one task: what is decoded is bounded, and what is written. */
function cutTasks(
  parts: PartColumns,
  {
    order,
    blobs,
    index,
  }: { readonly order: Uint32Array; readonly blobs: Uint32Array; readonly index: BlobIndex },
): readonly number[] {
  const ends: number[] = [];
  const seen = new Set<number>();
  let decoded = 0;
  let written = 0;
  let start = 0;
  for (const [position, part] of order.entries()) {
    const first = parts.firstBlob[part] as number;
    const own = blobs.subarray(first, first + (parts.blobCount[part] as number));
    const sizeBytes = parts.sizeBytes[part] as number;
    let added = 0;
    for (const blob of own) if (!seen.has(blob)) added += plainLength(index, blob);
    const isFull =
      position - start === taskParts ||
      decoded + added > taskBytes ||
      written + sizeBytes > taskWriteBytes;
    if (isFull && position > start) {
      ends.push(position);
      start = position;
      seen.clear();
      [decoded, written, added] = [0, 0, sizeBytes];
    }
    for (const blob of own) seen.add(blob);
    decoded += added;
    written += sizeBytes;
  }
  if (order.length > start) ends.push(order.length);
  return ends;
}

function findRuns(blobs: Uint32Array, index: BlobIndex): readonly PackRun[] {
  const unique = blobs.slice().sort();
  let count = 0;
  for (let at = 0; at < unique.length; at++) {
    if (at === 0 || unique[at] !== unique[count - 1]) unique[count++] = unique[at] as number;
  }
  const wanted = unique.subarray(0, count);
  const order = sortedBy(Float64Array.from(wanted, (blob) => placeOf(index, blob)));
  const runs: { packNumber: number; offset: number; lengthBytes: number }[] = [];
  for (const position of order) {
    const blob = wanted[position] as number;
    const packNumber = index.packNumberOf(blob);
    const offset = index.offsetOf(blob);
    const end = offset + index.lengthOf(blob);
    const last = runs.at(-1);
    const joins =
      last !== undefined &&
      last.packNumber === packNumber &&
      offset - (last.offset + last.lengthBytes) <= gapBytes &&
      end - last.offset <= runBytes;
    if (joins) last.lengthBytes = Math.max(last.lengthBytes, end - last.offset);
    else runs.push({ packNumber, offset, lengthBytes: end - offset });
  }
  return runs;
}

/** Number of the run in which a blob lies. */
export function runOfBlob({ runs, index }: ExtractPlan, blob: number): number {
  const packNumber = index.packNumberOf(blob);
  const offset = index.offsetOf(blob);
  let low = 0;
  let high = runs.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    const run = runs[middle] as PackRun;
    const isAfter =
      run.packNumber > packNumber || (run.packNumber === packNumber && run.offset > offset);
    if (isAfter) high = middle - 1;
    else low = middle;
  }
  return low;
}
