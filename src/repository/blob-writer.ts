/**
 * From bytes to packs, within one thread: hash → claim → compress → seal → verify → pack. Each step
 * is done for many blobs before the next begins: the code and the tables of zstd, AES and SHA-256
 * push each other out of the processor's nearest caches when they take turns for every few KB.
 */
import { randomFillSync } from "node:crypto";
import { type Compressor, compressBoundBytes, openCompressor } from "./compression.ts";
import { type MasterKey, type Sealer, openReferenceSealer, openSealer } from "./crypto.ts";
import { digestBytes, openHasher } from "./digest.ts";
import { type KnownBlobs, openKnownBlobs } from "./known-blobs.ts";
import type { BlobType } from "./pack-format.ts";
import { type FinishedPack, Packer, type Slabs, openSlabs } from "./packer.ts";
import { selfCheckFailed } from "./repository-error.ts";

export type BlobWriterOptions = {
  readonly masterKey: MasterKey;
  readonly version: 1 | 2;
  readonly knownBlobs: SharedArrayBuffer;
  /** Blobs that are known beside those of the table. */
  readonly stored?: Pick<KnownBlobs, "has"> | undefined;
  /** Receives each full pack. */
  readonly onPack: (pack: FinishedPack) => void;
};

export type BlobCounts = {
  /** Content that was not in the repository before. */
  addedBytes: number;
  /** The same as stored. */
  storedBytes: number;
  dataBlobs: number;
  treeBlobs: number;
};

/** Compressed bytes that wait to be sealed: they stay in the processor's second cache. */
const groupBytes = 512 * 1024;
/** The longest blob of a file, compressed, fits. */
const mostKeptBytes = 10 * 1024 * 1024;

/** A blob that lies sealed in a pack and has not been read back yet. */
type Unverified = {
  readonly packer: Packer;
  readonly offset: number;
  readonly lengthBytes: number;
  readonly bytes: Uint8Array;
  readonly isCompressed: boolean;
};

/** Claimed by the caller, compressed or not. `start` to `end` is its place among the compressed, -1 where it is stored as it is. */
type Waiting = {
  readonly bytes: Uint8Array;
  readonly id: Uint8Array;
  readonly start: number;
  readonly end: number;
};

/** Which blobs share a pack and in which order must not tell the lengths of a known text's chunks. A power of two: a random byte chooses. */
const openDataPackers = 2;

export class BlobWriter {
  readonly counts: BlobCounts = { addedBytes: 0, storedBytes: 0, dataBlobs: 0, treeBlobs: 0 };
  readonly #sealer: Sealer;
  readonly #compressor: Compressor = openCompressor();
  readonly #checker: Compressor = openCompressor();
  readonly #hash = openHasher();
  #compressed: Uint8Array = new Uint8Array(groupBytes);
  readonly #version: 1 | 2;
  readonly #onPack: (pack: FinishedPack) => void;
  readonly #dataPackers: readonly Packer[];
  readonly #treePacker: Packer;
  readonly slabs: Slabs = openSlabs();
  readonly #random: Uint8Array = new Uint8Array(256);
  #randomUsed: number = this.#random.length;
  #known: KnownBlobs;
  readonly #stored: Pick<KnownBlobs, "has"> | undefined;

  constructor(options: BlobWriterOptions) {
    this.#sealer = openSealer(options.masterKey);
    this.#version = options.version;
    this.#onPack = options.onPack;
    this.#stored = options.stored;
    this.#known = openKnownBlobs(options.knownBlobs, options.stored);
    const reference = openReferenceSealer(options.masterKey);
    const parts = { sealer: this.#sealer, reference, slabs: this.slabs };
    this.#dataPackers = Array.from({ length: openDataPackers }, () => new Packer("data", parts));
    this.#treePacker = new Packer("tree", parts);
  }

  /** Continues with a larger table of known blobs. */
  useKnownBlobs(memory: SharedArrayBuffer): void {
    this.#known = openKnownBlobs(memory, this.#stored);
  }

  /** Stores a blob unless it is known; returns its ID. Empty blobs do not exist in the format. */
  add(bytes: Uint8Array, type: BlobType): Uint8Array {
    return this.addAll([bytes], type);
  }

  /** Stores those of the blobs that are not known; returns their IDs, 32 bytes each. The bytes are read until it returns. */
  addAll(all: readonly Uint8Array[], type: BlobType): Uint8Array {
    const ids = new Uint8Array(all.length * digestBytes);
    for (let n = 0; n < all.length; n++) this.#hash(all[n] as Uint8Array, ids, n * digestBytes);
    const claimed: { bytes: Uint8Array; id: Uint8Array }[] = [];
    for (let n = 0; n < all.length; n++) {
      const id = ids.subarray(n * digestBytes, (n + 1) * digestBytes);
      if (this.#known.claim(id, type)) claimed.push({ bytes: all[n] as Uint8Array, id });
    }
    this.#storeAll(claimed, type);
    return ids;
  }

  /** Stores a blob that the caller has claimed. */
  store(
    bytes: Uint8Array,
    { id, type }: { readonly id: Uint8Array; readonly type: BlobType },
  ): void {
    this.#storeAll([{ bytes, id }], type);
  }

  #storeAll(
    claimed: readonly { readonly bytes: Uint8Array; readonly id: Uint8Array }[],
    type: BlobType,
  ): void {
    let waiting: Waiting[] = [];
    let used = 0;
    for (const { bytes, id } of claimed) {
      if (this.#version === 1) {
        waiting.push({ bytes, id, start: -1, end: -1 });
        continue;
      }
      const bound = compressBoundBytes(bytes.length);
      if (used + bound > this.#compressed.length) {
        this.#sealAll(waiting, type);
        [waiting, used] = [[], 0];
        if (bound > this.#compressed.length) this.#compressed = new Uint8Array(bound);
      }
      const length = this.#compressor.compressInto(bytes, this.#compressed, used);
      // A tree is always compressed in version 2; data only where it helps.
      const isUseful = type === "tree" || length < bytes.length;
      waiting.push({ bytes, id, start: isUseful ? used : -1, end: used + length });
      if (isUseful) used += length;
    }
    this.#sealAll(waiting, type);
    // The tree of a huge folder must not keep its memory for the rest of the capture.
    if (this.#compressed.length > mostKeptBytes) this.#compressed = new Uint8Array(groupBytes);
  }

  #sealAll(waiting: readonly Waiting[], type: BlobType): void {
    let unverified: Unverified[] = [];
    for (const { bytes, id, start, end } of waiting) {
      const isCompressed = start >= 0;
      const stored = isCompressed ? this.#compressed.subarray(start, end) : bytes;
      const packer =
        type === "tree"
          ? this.#treePacker
          : (this.#dataPackers[this.#randomByte() % openDataPackers] as Packer);
      const offset = packer.usedBytes;
      const rawLengthBytes = isCompressed ? bytes.length : 0;
      const { length: lengthBytes } = packer.add({ id, stored, rawLengthBytes });
      unverified.push({ packer, offset, lengthBytes, bytes, isCompressed });
      this.counts.addedBytes += bytes.length;
      this.counts.storedBytes += lengthBytes;
      this.counts[type === "tree" ? "treeBlobs" : "dataBlobs"]++;
      if (packer.isFull) {
        this.#verifyAll(unverified);
        unverified = [];
        this.#onPack(packer.finish());
      }
    }
    this.#verifyAll(unverified);
  }

  // What is about to be uploaded is read back from the pack the way a restore will read it: a fault
  // of zstd or of memory must show now and not on the bad day.
  #verifyAll(unverified: readonly Unverified[]): void {
    const sealed = unverified.map(({ packer, offset, lengthBytes }) =>
      packer.view(offset, lengthBytes),
    );
    this.#sealer.prepareOpening(sealed);
    for (const [n, { bytes, isCompressed }] of unverified.entries()) {
      const opened = this.#sealer.openView(sealed[n] as Uint8Array);
      const plain =
        opened === undefined || !isCompressed
          ? opened
          : this.#checker.decompress(opened, bytes.length);
      if (plain === undefined || Buffer.compare(plain, bytes) !== 0)
        throw selfCheckFailed("a blob");
    }
  }

  /** One of many that are made together. */
  #randomByte(): number {
    if (this.#randomUsed === this.#random.length) {
      randomFillSync(this.#random);
      this.#randomUsed = 0;
    }
    return this.#random[this.#randomUsed++] as number;
  }

  /** Takes over what another writer of this thread has not handed over yet, so that both end in the same packs. */
  absorb(other: BlobWriter): void {
    (this.#dataPackers[0] as Packer).absorb(other.#dataPackers[0] as Packer);
    for (const packer of other.#dataPackers.slice(1))
      (this.#dataPackers[0] as Packer).absorb(packer);
    this.#treePacker.absorb(other.#treePacker);
  }

  /** Hands over the packs that are still open. */
  flush(): void {
    const [first, ...others] = this.#dataPackers as [Packer, ...Packer[]];
    for (const other of others) if (!other.isEmpty) first.absorb(other);
    for (const packer of [first, this.#treePacker]) {
      if (!packer.isEmpty) this.#onPack(packer.finish());
    }
  }
}
