import { createHash } from "node:crypto";

const entryBytes = 16;
const markEntry = Buffer.alloc(entryBytes);

/** What was written to a tape since some place, as digests: 16 bytes for a block, so 64 MB for a tape of a terabyte. */
export class WrittenLog {
  #entries = Buffer.alloc(entryBytes * 256);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  addBlock(bytes: Uint8Array): void {
    this.#add(digestOf(bytes));
  }

  addMark(): void {
    this.#add(markEntry);
  }

  isMark(index: number): boolean {
    return this.#entry(index).equals(markEntry);
  }

  isBlock(index: number, bytes: Uint8Array): boolean {
    return this.#entry(index).equals(digestOf(bytes));
  }

  #entry(index: number): Buffer {
    return this.#entries.subarray(index * entryBytes, (index + 1) * entryBytes);
  }

  #add(entry: Buffer): void {
    const at = this.#length * entryBytes;
    if (at === this.#entries.length)
      this.#entries = Buffer.concat([this.#entries, Buffer.alloc(at)]);
    entry.copy(this.#entries, at);
    this.#length++;
  }
}

function digestOf(bytes: Uint8Array): Buffer {
  return createHash("sha256").update(bytes).digest().subarray(0, entryBytes);
}
