/**
 * Moves the blobs of packs that are still needed to new packs: each is decrypted and hashed, and its
 * sealed bytes are copied as they are, since under the same key they do not depend on their place.
 */
import { randomInt } from "node:crypto";
import type { BlobIndex } from "./blob-index.ts";
import { openReferenceSealer, openSealer } from "./crypto.ts";
import { readInPackOrder } from "./read-in-pack-order.ts";
import { type FinishedPack, Packer, openSlabs } from "./packer.ts";
import type { PackSaver } from "./pack-saver.ts";
import type { RepositoryCore } from "./repository-core.ts";

export type RepackOptions = {
  readonly index: BlobIndex;
  /** Numbers in the index. */
  readonly blobs: Uint32Array;
  readonly saver: PackSaver;
  readonly signal: AbortSignal;
  readonly onBlob: (lengthBytes: number) => void;
};

export type Repacked = {
  readonly packsWritten: number;
  readonly bytesWritten: number;
  /** Numbers of packs of which some blob could not be read: they must stay. */
  readonly unreadable: ReadonlySet<number>;
};

/** Which blobs share a pack must not tell the lengths of a known text's chunks: as when they were first packed. */
const openDataPackers = 2;

/** All blobs that can be read are in new packs, and in an index file, when this returns. */
export async function repackBlobs(
  core: RepositoryCore,
  { index, blobs, saver, signal, onBlob }: RepackOptions,
): Promise<Repacked> {
  const slabs = openSlabs();
  const parts = {
    sealer: openSealer(core.masterKey),
    reference: openReferenceSealer(core.masterKey),
    slabs,
  };
  const data = Array.from({ length: openDataPackers }, () => new Packer("data", parts));
  const trees = new Packer("tree", parts);
  const unreadable = new Set<number>();
  let [packsWritten, bytesWritten] = [0, 0];
  const hand = (pack: FinishedPack): void => {
    packsWritten++;
    bytesWritten += pack.bytes.length;
    void saver.take(pack).then(() => slabs.giveBack(pack.bytes.buffer as ArrayBuffer));
  };
  for await (const { blob, sealed, lengthBytes } of readInPackOrder(core, {
    index,
    blobs,
    signal,
  })) {
    if (sealed === undefined) unreadable.add(index.packNumberOf(blob));
    else {
      const packer =
        index.typeOf(blob) === "tree" ? trees : (data[randomInt(openDataPackers)] as Packer);
      const id = Uint8Array.prototype.slice.call(index.idOf(blob));
      packer.addSealed({ id, lengthBytes, rawLengthBytes: index.rawLengthOf(blob) }, sealed);
      if (packer.isFull) hand(packer.finish());
    }
    onBlob(lengthBytes);
    await saver.ready();
  }
  const [first, ...others] = data as [Packer, ...Packer[]];
  for (const other of others) if (!other.isEmpty) first.absorb(other);
  for (const packer of [first, trees]) if (!packer.isEmpty) hand(packer.finish());
  await saver.finish();
  return { packsWritten, bytesWritten, unreadable };
}
