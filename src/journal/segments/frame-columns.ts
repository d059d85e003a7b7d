import type { Sequence } from "../journal-event.ts";

export type FrameEntry = {
  readonly sequence: Sequence;
  readonly offset: number;
  readonly lengthBytes: number;
  readonly dataBytes: number;
};

const columns = 4;

/** Where the frames of a segment lie, in order of sequence: 16 bytes each. */
export class FrameColumns {
  readonly #first: Sequence;
  #values = new Uint32Array(columns * 256);
  #count = 0;

  constructor(first: Sequence) {
    this.#first = first;
  }

  add({ sequence, offset, lengthBytes, dataBytes }: FrameEntry): void {
    const at = this.#count * columns;
    if (at === this.#values.length) {
      const larger = new Uint32Array(this.#values.length * 2);
      larger.set(this.#values);
      this.#values = larger;
    }
    this.#values[at] = sequence - this.#first;
    this.#values[at + 1] = offset;
    this.#values[at + 2] = lengthBytes;
    this.#values[at + 3] = dataBytes;
    this.#count += 1;
  }

  /** As `toBytes` wrote it. */
  static from(bytes: Buffer, first: Sequence): FrameColumns {
    const made = new FrameColumns(first);
    made.#count = Math.floor(bytes.length / (columns * 4));
    made.#values = new Uint32Array(made.#count * columns);
    for (const index of made.#values.keys()) made.#values[index] = bytes.readUInt32LE(index * 4);
    return made;
  }

  /** Four u32 for each frame, little-endian. */
  toBytes(): Buffer {
    const bytes = Buffer.allocUnsafe(this.#count * columns * 4);
    for (let index = 0; index < this.#count * columns; index++)
      bytes.writeUInt32LE(this.#values[index] ?? 0, index * 4);
    return bytes;
  }

  /** The entry of a sequence, or of the next that there is. */
  atOrAfter(sequence: Sequence): FrameEntry | undefined {
    let [low, high] = [0, this.#count];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#values[middle * columns] ?? 0) + this.#first < sequence) low = middle + 1;
      else high = middle;
    }
    return low < this.#count ? this.#entry(low) : undefined;
  }

  #entry(index: number): FrameEntry {
    const at = index * columns;
    const [sequence = 0, offset = 0, lengthBytes = 0, dataBytes = 0] = this.#values.subarray(
      at,
      at + columns,
    );
    return { sequence: sequence + this.#first, offset, lengthBytes, dataBytes };
  }
}
