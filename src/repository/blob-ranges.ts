/** Which blobs hold a part of a file, found without going through all of them. */
import { plainLength } from "./blob-reader.ts";
import type { BlobIndex } from "./blob-index.ts";
import { blobMissing } from "./missing-blob.ts";

/** A file's blobs with where each ends. */
export type BlobRanges = { readonly content: readonly string[]; readonly ends: Float64Array };

export function blobRanges(content: readonly string[], blobs: BlobIndex): BlobRanges {
  const ends = new Float64Array(content.length);
  let end = 0;
  for (const [index, id] of content.entries()) {
    const bytes = Buffer.from(id, "hex");
    const location = blobs.lookup(bytes, "data");
    if (location === undefined) throw blobMissing(bytes, "data");
    end += plainLength(location);
    ends[index] = end;
  }
  return { content, ends };
}

/** Names the bytes of a part: its blobs, and how far into the first it begins. Undefined beyond the end. */
export function rangeText(
  { content, ends }: BlobRanges,
  { offset, lengthBytes }: { readonly offset: number; readonly lengthBytes: number },
): string | undefined {
  if (offset < 0 || lengthBytes < 0 || offset + lengthBytes > (ends.at(-1) ?? 0)) return undefined;
  if (lengthBytes === 0) return "blobs:";
  const first = firstBeyond(ends, offset);
  const last = firstBeyond(ends, offset + lengthBytes - 1);
  const skip = offset - (first === 0 ? 0 : (ends[first - 1] as number));
  const isWhole = skip === 0 && ends[last] === offset + lengthBytes;
  const ids = content.slice(first, last + 1).join("+");
  // A part that is whole blobs is the same as a file of just them.
  return isWhole ? `blobs:${ids}` : `part:${skip}+${lengthBytes}:${ids}`;
}

/** The first blob that ends beyond the offset. */
export function firstBeyond(ends: Float64Array, offset: number): number {
  let low = 0;
  let high = ends.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ends[middle] as number) <= offset) low = middle + 1;
    else high = middle;
  }
  return low;
}
