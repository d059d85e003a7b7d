/** What an index says of each pack, held against the pack's size: no byte of a pack is read. */
import type { BlobIndex } from "./blob-index.ts";
import { encryptionOverheadBytes } from "./crypto.ts";
import { headerEntryBytes, headerLengthBytes } from "./pack-format.ts";

export type IndexedPackLayout = {
  readonly packId: string;
  /** Numbers in the index, by offset; each place once, though several index files may name it. */
  readonly blobs: readonly number[];
  /** Where the last blob ends. */
  readonly endBytes: number;
  /** What the pack has if these are all of its blobs and lie one after another; undefined where they do not. */
  readonly sizeBytes: number | undefined;
};

export function packLayouts(index: BlobIndex): ReadonlyMap<string, IndexedPackLayout> {
  const blobsOfPack = new Map<number, number[]>();
  for (let blob = 0; blob < index.length; blob++) {
    const pack = index.packNumberOf(blob);
    const blobs = blobsOfPack.get(pack);
    if (blobs === undefined) blobsOfPack.set(pack, [blob]);
    else blobs.push(blob);
  }
  const layouts = new Map<string, IndexedPackLayout>();
  for (const [pack, all] of blobsOfPack) {
    const packId = index.packs[pack] as string;
    layouts.set(packId, layoutOf(index, packId, all));
  }
  return layouts;
}

function layoutOf(index: BlobIndex, packId: string, all: number[]): IndexedPackLayout {
  all.sort((a, b) => index.offsetOf(a) - index.offsetOf(b));
  const blobs = all.filter(
    (blob, at) => at === 0 || !samePlace(index, blob, all[at - 1] as number),
  );
  let next = 0;
  let endBytes = 0;
  let isContiguous = true;
  let headerBytes = 0;
  for (const blob of blobs) {
    if (index.offsetOf(blob) !== next) isContiguous = false;
    next = index.offsetOf(blob) + index.lengthOf(blob);
    endBytes = Math.max(endBytes, next);
    headerBytes += headerEntryBytes(index.rawLengthOf(blob) !== 0);
  }
  const sizeBytes = endBytes + headerBytes + encryptionOverheadBytes + headerLengthBytes;
  return { packId, blobs, endBytes, sizeBytes: isContiguous ? sizeBytes : undefined };
}

function samePlace(index: BlobIndex, one: number, other: number): boolean {
  return (
    index.offsetOf(one) === index.offsetOf(other) &&
    index.lengthOf(one) === index.lengthOf(other) &&
    index.typeOf(one) === index.typeOf(other) &&
    Buffer.compare(index.idOf(one), index.idOf(other)) === 0
  );
}
