/** Fills one pack: sealed blobs one after another, then the sealed header. */
import { type Sealer, encryptionOverheadBytes, sha256Hex } from "./crypto.ts";
import {
  type BlobType,
  type PackedBlob,
  encodePackHeader,
  headerLengthBytes,
} from "./pack-format.ts";
import { selfCheckFailed } from "./repository-error.ts";

/**
 * Packs end up at least this long, except the last of a capture. restic's default is 16 MiB, its
 * least 4; each thread keeps two open, so half the default keeps memory down.
 */
export const packTargetBytes: number = 8 * 1024 * 1024;
/** restic refuses headers over 16 MiB; ours stay far below. */
const maxBlobsPerPack = 40_000;
const firstBufferBytes = 256 * 1024;
const secondBufferBytes = 2 * 1024 * 1024;
/** What most full packs need: the target, a blob over it, and the header. */
export const slabBytes: number = packTargetBytes + 1024 * 1024;

export type FinishedPack = {
  readonly packId: string;
  readonly type: BlobType;
  /** A view of a slab of memory, which may be given back to the thread it came from. */
  readonly bytes: Uint8Array;
  /** The header before encryption: compact, and cheap to pass between threads. */
  readonly header: Uint8Array;
};

/** Memory for packs, used again and again: a new 18 MiB for each would wait for the garbage collector. */
export type Slabs = {
  take(): Uint8Array;
  /** One that came back; undefined where none has. */
  takeFree(): Uint8Array | undefined;
  giveBack(memory: ArrayBuffer): void;
};

export function openSlabs(): Slabs {
  const free: Uint8Array[] = [];
  return {
    take: () => free.pop() ?? new Uint8Array(slabBytes),
    takeFree: () => free.pop(),
    giveBack: (memory) => {
      if (memory.byteLength === slabBytes) free.push(new Uint8Array(memory));
    },
  };
}

export class Packer {
  readonly type: BlobType;
  readonly #sealer: Sealer;
  /** Opens what the other sealed, by Node's documented calls: a second opinion, once a pack. */
  readonly #reference: Sealer;
  readonly #slabs: Slabs;
  #buffer: Uint8Array = new Uint8Array(0);
  #used = 0;
  #blobs: PackedBlob[] = [];

  constructor(
    type: BlobType,
    options: { readonly sealer: Sealer; readonly reference: Sealer; readonly slabs: Slabs },
  ) {
    this.type = type;
    this.#sealer = options.sealer;
    this.#reference = options.reference;
    this.#slabs = options.slabs;
  }

  get isEmpty(): boolean {
    return this.#blobs.length === 0;
  }

  get isFull(): boolean {
    return this.#used >= packTargetBytes || this.#blobs.length >= maxBlobsPerPack;
  }

  /** Bytes of the pack so far: where the next blob will begin. */
  get usedBytes(): number {
    return this.#used;
  }

  /** What lies in the pack as it is now; a view until the next blob is added. */
  view(offset: number, lengthBytes: number): Uint8Array {
    return this.#buffer.subarray(offset, offset + lengthBytes);
  }

  /** Seals `stored` (compressed when rawLengthBytes is not 0) into the pack; returns the sealed bytes, a view. */
  add(blob: {
    readonly id: Uint8Array;
    readonly stored: Uint8Array;
    readonly rawLengthBytes: number;
  }): Uint8Array {
    const offset = this.#used;
    this.#reserve(blob.stored.length + encryptionOverheadBytes);
    const lengthBytes = this.#sealer.sealInto(blob.stored, this.#buffer, offset);
    this.#used += lengthBytes;
    this.#blobs.push({
      id: blob.id,
      type: this.type,
      offset,
      lengthBytes,
      rawLengthBytes: blob.rawLengthBytes,
    });
    return this.#buffer.subarray(offset, offset + lengthBytes);
  }

  /** Takes a blob as it is sealed already under the same key: what seals it does not depend on its place. */
  addSealed(blob: Omit<PackedBlob, "type" | "offset">, sealed: Uint8Array): void {
    const offset = this.#used;
    this.#reserve(sealed.length);
    this.#buffer.set(sealed, offset);
    this.#used += sealed.length;
    this.#blobs.push({ ...blob, type: this.type, offset });
  }

  /** Takes over all blobs of another packer, so that a small capture ends with one pack and not two. */
  absorb(other: Packer): void {
    this.#reserve(other.#used);
    this.#buffer.set(other.#buffer.subarray(0, other.#used), this.#used);
    for (const blob of other.#blobs)
      this.#blobs.push({ ...blob, offset: blob.offset + this.#used });
    this.#used += other.#used;
    other.#used = 0;
    other.#blobs = [];
  }

  /** The whole pack; the packer is empty afterwards and its memory belongs to the receiver. */
  finish(): FinishedPack {
    const plainHeader = encodePackHeader(this.#blobs);
    const header = this.#sealer.seal(plainHeader);
    const again = this.#reference.open(header);
    if (again === undefined || Buffer.compare(again, plainHeader) !== 0)
      throw selfCheckFailed("a pack's header");
    this.#reserve(header.length + headerLengthBytes);
    this.#buffer.set(header, this.#used);
    const end = this.#used + header.length + headerLengthBytes;
    const bytes = Buffer.from(this.#buffer.buffer, this.#buffer.byteOffset, end);
    bytes.writeUInt32LE(header.length, end - headerLengthBytes);
    this.#buffer = new Uint8Array(0);
    this.#used = 0;
    this.#blobs = [];
    return { packId: sha256Hex(bytes), type: this.type, bytes, header: plainHeader };
  }

  /** Small captures fill little memory; beyond 2 MiB, or where one is free, a slab serves at once. */
  #reserve(moreBytes: number): void {
    const needed = this.#used + moreBytes;
    if (needed <= this.#buffer.length) return;
    const larger = this.#allocate(needed);
    larger.set(this.#buffer.subarray(0, this.#used));
    this.#buffer = larger;
  }

  #allocate(neededBytes: number): Uint8Array {
    const free = neededBytes <= slabBytes ? this.#slabs.takeFree() : undefined;
    if (free !== undefined) return free;
    if (neededBytes <= firstBufferBytes) return new Uint8Array(firstBufferBytes);
    if (neededBytes <= secondBufferBytes) return new Uint8Array(secondBufferBytes);
    return neededBytes <= slabBytes
      ? this.#slabs.take()
      : new Uint8Array(neededBytes + 1024 * 1024);
  }
}
