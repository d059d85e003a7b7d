/** What each pack holds that moments need, and what not. */
import type { BlobIndex } from "./blob-index.ts";
import { packEntryBytes } from "./pack-format.ts";

export type PackTally = {
  readonly packId: string;
  /** In the index. */
  readonly packNumber: number;
  readonly usedBlobs: number;
  readonly unusedBlobs: number;
  readonly usedBytes: number;
  readonly unusedBytes: number;
  /** In storage; undefined where it is not there. */
  readonly sizeBytes: number | undefined;
  /** Shorter than its blobs are long. */
  readonly isShort: boolean;
  /** Of data and trees: very old programs wrote such packs. */
  readonly isMixed: boolean;
};

export type TallyOptions = {
  readonly index: BlobIndex;
  /** A byte a blob: 1 where it is needed and this copy of it stays. */
  readonly isKept: Uint8Array;
  readonly repeated: ReadonlySet<number>;
  /** Packs in storage by name. */
  readonly sizes: ReadonlyMap<string, number>;
};

export function tallyPacks({ index, isKept, repeated, sizes }: TallyOptions): readonly PackTally[] {
  const count = index.packs.length;
  const [usedBlobs, unusedBlobs] = [new Uint32Array(count), new Uint32Array(count)];
  const [usedBytes, unusedBytes] = [new Float64Array(count), new Float64Array(count)];
  const ends = new Float64Array(count);
  /** 1 data, 2 trees, 3 both. */
  const types = new Uint8Array(count);
  for (let blob = 0; blob < index.length; blob++) {
    if (repeated.has(blob)) continue;
    const pack = index.packNumberOf(blob);
    const lengthBytes = index.lengthOf(blob);
    const [blobs, bytes] = isKept[blob] === 1 ? [usedBlobs, usedBytes] : [unusedBlobs, unusedBytes];
    blobs[pack] = (blobs[pack] as number) + 1;
    bytes[pack] = (bytes[pack] as number) + lengthBytes + packEntryBytes;
    ends[pack] = Math.max(ends[pack] as number, index.offsetOf(blob) + lengthBytes);
    types[pack] = (types[pack] as number) | (index.typeOf(blob) === "tree" ? 2 : 1);
  }
  return index.packs.map((packId, packNumber) => {
    const sizeBytes = sizes.get(packId);
    return {
      packId,
      packNumber,
      usedBlobs: usedBlobs[packNumber] as number,
      unusedBlobs: unusedBlobs[packNumber] as number,
      usedBytes: usedBytes[packNumber] as number,
      unusedBytes: unusedBytes[packNumber] as number,
      sizeBytes,
      isShort: sizeBytes !== undefined && sizeBytes < (ends[packNumber] as number),
      isMixed: types[packNumber] === 3,
    };
  });
}
