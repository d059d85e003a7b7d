/**
 * Where every blob lies: all index files of a repository merged into typed arrays with an open
 * hash table, about 60 bytes a blob.
 */
import type { BlobType } from "./pack-format.ts";
import type { ParsedIndex } from "./parsed-index.ts";

export type BlobLocation = {
  readonly packId: string;
  /** Position of the pack in the index's list, the same for all blobs of a pack. */
  readonly packNumber: number;
  readonly offset: number;
  readonly lengthBytes: number;
  /** Before compression; 0 where the blob is not compressed. */
  readonly rawLengthBytes: number;
};

const emptySlot = 0xffff_ffff;
/**
 * Lookups answered by running through the IDs' first words: who wants one message asks for a dozen
 * blobs, and the hash table costs as much as some hundred runs.
 */
const lookupsWithoutTable = 64;

export class BlobIndex {
  readonly length: number;
  readonly packs: readonly string[];
  readonly #ids: Uint8Array;
  readonly #words: Uint32Array;
  readonly #packOf: Uint32Array;
  readonly #offsets: Uint32Array;
  readonly #lengths: Uint32Array;
  readonly #rawLengths: Uint32Array;
  readonly #types: Uint8Array;
  #slots: Uint32Array | undefined;
  /** The first word of each ID, side by side: an eighth of the memory to run through. */
  #firstWords: Uint32Array | undefined;
  #lookups = 0;

  constructor(parts: readonly ParsedIndex[]) {
    const length = parts.reduce((sum, part) => sum + part.length, 0);
    this.length = length;
    this.#ids = new Uint8Array(length * 32);
    this.#words = new Uint32Array(this.#ids.buffer);
    this.#packOf = new Uint32Array(length);
    this.#offsets = new Uint32Array(length);
    this.#lengths = new Uint32Array(length);
    this.#rawLengths = new Uint32Array(length);
    this.#types = new Uint8Array(length);
    this.packs = this.#merge(parts);
  }

  #merge(parts: readonly ParsedIndex[]): readonly string[] {
    const packNumbers = new Map<string, number>();
    let at = 0;
    for (const part of parts) {
      const numbers = part.packs.map((pack) => {
        const number = packNumbers.get(pack) ?? packNumbers.size;
        packNumbers.set(pack, number);
        return number;
      });
      this.#ids.set(part.ids, at * 32);
      this.#offsets.set(part.offsets, at);
      this.#lengths.set(part.lengths, at);
      this.#rawLengths.set(part.rawLengths, at);
      this.#types.set(part.types, at);
      for (let blob = 0; blob < part.length; blob++) {
        this.#packOf[at + blob] = numbers[part.packs32[blob] as number] as number;
      }
      at += part.length;
    }
    return [...packNumbers.keys()];
  }

  // IDs are sha256, so any four of their bytes are a good hash.
  #makeTable(): Uint32Array {
    const slotCount = 2 ** Math.ceil(Math.log2(Math.max(this.length, 1) * 2 + 1));
    const slots = new Uint32Array(slotCount).fill(emptySlot);
    const mask = slotCount - 1;
    for (let blob = 0; blob < this.length; blob++) {
      let slot = (this.#words[blob * 8] as number) & mask;
      while (slots[slot] !== emptySlot) slot = (slot + 1) & mask;
      slots[slot] = blob;
    }
    return slots;
  }

  /** Number of the first blob with this ID and type, or -1. */
  find(id: Uint8Array, type: BlobType): number {
    const typeNumber = type === "tree" ? 1 : 0;
    const word = firstWord(id);
    if (this.#slots === undefined) {
      if (this.#lookups++ < lookupsWithoutTable) return this.#scan(id, { word, typeNumber });
      this.#slots = this.#makeTable();
      this.#firstWords = undefined;
    }
    const slots = this.#slots;
    const mask = slots.length - 1;
    let slot = word & mask;
    for (let blob = slots[slot] as number; blob !== emptySlot; blob = slots[slot] as number) {
      if (this.#types[blob] === typeNumber && this.#hasId(blob, id)) return blob;
      slot = (slot + 1) & mask;
    }
    return -1;
  }

  #scan(
    id: Uint8Array,
    { word, typeNumber }: { readonly word: number; readonly typeNumber: number },
  ): number {
    const first = (this.#firstWords ??= this.#takeFirstWords());
    for (let blob = first.indexOf(word); blob >= 0; blob = first.indexOf(word, blob + 1)) {
      if (this.#types[blob] === typeNumber && this.#hasId(blob, id)) return blob;
    }
    return -1;
  }

  #takeFirstWords(): Uint32Array {
    const first = new Uint32Array(this.length);
    for (let blob = 0, at = 0; blob < first.length; blob++, at += 8)
      first[blob] = this.#words[at] as number;
    return first;
  }

  #hasId(blob: number, id: Uint8Array): boolean {
    const start = blob * 32;
    for (let at = 0; at < 32; at++) if (this.#ids[start + at] !== id[at]) return false;
    return true;
  }

  has(id: Uint8Array, type: BlobType): boolean {
    return this.find(id, type) >= 0;
  }

  lookup(id: Uint8Array, type: BlobType): BlobLocation | undefined {
    const blob = this.find(id, type);
    return blob < 0 ? undefined : this.location(blob);
  }

  location(blob: number): BlobLocation {
    const packNumber = this.#packOf[blob] as number;
    return {
      packId: this.packs[packNumber] as string,
      packNumber,
      offset: this.#offsets[blob] as number,
      lengthBytes: this.#lengths[blob] as number,
      rawLengthBytes: this.#rawLengths[blob] as number,
    };
  }

  // The columns one by one, for who asks about hundreds of thousands of blobs.
  packNumberOf(blob: number): number {
    return this.#packOf[blob] as number;
  }

  offsetOf(blob: number): number {
    return this.#offsets[blob] as number;
  }

  /** Encrypted. */
  lengthOf(blob: number): number {
    return this.#lengths[blob] as number;
  }

  /** Before compression; 0 where the blob is not compressed. */
  rawLengthOf(blob: number): number {
    return this.#rawLengths[blob] as number;
  }

  idOf(blob: number): Uint8Array {
    return this.#ids.subarray(blob * 32, blob * 32 + 32);
  }

  typeOf(blob: number): BlobType {
    return this.#types[blob] === 1 ? "tree" : "data";
  }
}

/** The first four bytes as they lie in memory: the columns are this machine's own. */
function firstWord(id: Uint8Array): number {
  const low = (id[0] as number) | ((id[1] as number) << 8);
  return (low | ((id[2] as number) << 16) | ((id[3] as number) << 24)) >>> 0;
}
