import type { TapeMedium, TapeObject } from "./tape-medium.ts";

type Held = Uint8Array | "file-mark" | "damaged";

/** A tape in memory. What it holds outlives the drive that it is taken out of. */
export class MemoryMedium implements TapeMedium {
  writeProtected = false;
  torn = false;
  readonly #held: Held[] = [];
  readonly #offsets: number[] = [0];

  get length(): number {
    return this.#held.length;
  }

  kindOf(index: number): TapeObject {
    const held = this.#held[index];
    if (held === undefined) throw new RangeError(`no object ${index} of ${this.length}`);
    return typeof held === "string" ? held : "block";
  }

  offsetOf(index: number): number {
    return this.#offsets[index] as number;
  }

  async read(index: number): Promise<Uint8Array> {
    return new Uint8Array(this.#held[index] as Uint8Array);
  }

  async cut(index: number): Promise<void> {
    this.#held.length = index;
    this.#offsets.length = index + 1;
    this.torn = false;
  }

  async append(block: Uint8Array): Promise<void> {
    // Buffer's own slice would share the caller's memory.
    this.#add(new Uint8Array(block), block.length);
  }

  async appendMark(): Promise<void> {
    this.#add("file-mark", 1);
  }

  /** For tests: this object cannot be read any more. */
  damage(index: number): void {
    this.#held[index] = "damaged";
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.resolve();
  }

  #add(held: Held, sizeBytes: number): void {
    this.#held.push(held);
    this.#offsets.push(this.offsetOf(this.#offsets.length - 1) + sizeBytes);
  }
}
