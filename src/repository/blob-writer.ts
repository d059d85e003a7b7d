/**
 * From bytes to packs, within one thread: hash → claim → compress → seal → verify → pack.
 */
import { randomInt } from "node:crypto";
import { type Compressor, openCompressor } from "./compression.ts";
import { type MasterKey, type Sealer, openReferenceSealer, openSealer, sha256 } from "./crypto.ts";
import { type KnownBlobs, openKnownBlobs } from "./known-blobs.ts";
import type { BlobType } from "./pack-format.ts";
import { type FinishedPack, Packer, type Slabs, openSlabs } from "./packer.ts";
import { selfCheckFailed } from "./repository-error.ts";

export type BlobWriterOptions = {
  readonly masterKey: MasterKey;
  readonly version: 1 | 2;
  readonly knownBlobs: SharedArrayBuffer;
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

/** Which blobs share a pack and in which order must not tell the lengths of a known text's chunks. */
const openDataPackers = 2;

export class BlobWriter {
  readonly counts: BlobCounts = { addedBytes: 0, storedBytes: 0, dataBlobs: 0, treeBlobs: 0 };
  readonly #sealer: Sealer;
  readonly #compressor: Compressor = openCompressor();
  readonly #checker: Compressor = openCompressor();
  readonly #version: 1 | 2;
  readonly #onPack: (pack: FinishedPack) => void;
  readonly #dataPackers: readonly Packer[];
  readonly #treePacker: Packer;
  readonly slabs: Slabs = openSlabs();
  #known: KnownBlobs;

  constructor(options: BlobWriterOptions) {
    this.#sealer = openSealer(options.masterKey);
    this.#version = options.version;
    this.#onPack = options.onPack;
    this.#known = openKnownBlobs(options.knownBlobs);
    const reference = openReferenceSealer(options.masterKey);
    const parts = { sealer: this.#sealer, reference, slabs: this.slabs };
    this.#dataPackers = Array.from({ length: openDataPackers }, () => new Packer("data", parts));
    this.#treePacker = new Packer("tree", parts);
  }

  /** Continues with a larger table of known blobs. */
  useKnownBlobs(memory: SharedArrayBuffer): void {
    this.#known = openKnownBlobs(memory);
  }

  /** Stores a blob unless it is known; returns its ID. Empty blobs do not exist in the format. */
  add(bytes: Uint8Array, type: BlobType): Uint8Array {
    const id = sha256(bytes);
    if (this.#known.claim(id, type)) this.store(bytes, { id, type });
    return id;
  }

  /** Stores a blob that the caller has claimed. */
  store(
    bytes: Uint8Array,
    { id, type }: { readonly id: Uint8Array; readonly type: BlobType },
  ): void {
    const packed = this.#version === 1 ? undefined : this.#compressor.compress(bytes);
    // A tree is always compressed in version 2; data only where it helps.
    const useful = packed !== undefined && (type === "tree" || packed.length < bytes.length);
    const stored = useful ? packed : bytes;
    const packer =
      type === "tree"
        ? this.#treePacker
        : (this.#dataPackers[randomInt(openDataPackers)] as Packer);
    const sealed = packer.add({ id, stored, rawLengthBytes: useful ? bytes.length : 0 });
    this.#verify(sealed, bytes, useful);
    this.counts.addedBytes += bytes.length;
    this.counts.storedBytes += sealed.length;
    this.counts[type === "tree" ? "treeBlobs" : "dataBlobs"]++;
    if (packer.isFull) this.#onPack(packer.finish());
  }

  // What is about to be uploaded is read back the way a restore will read it: a fault of zstd or
  // of memory must show now and not on the bad day.
  #verify(sealed: Uint8Array, bytes: Uint8Array, compressed: boolean): void {
    const opened = this.#sealer.openView(sealed);
    const plain =
      opened === undefined || !compressed ? opened : this.#checker.decompress(opened, bytes.length);
    if (plain !== undefined && Buffer.compare(plain, bytes) === 0) return;
    throw selfCheckFailed("a blob");
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
