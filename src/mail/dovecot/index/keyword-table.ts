import { allocate, type Room } from "./room.ts";

/** Keywords of a mailbox, and which row has which. */
export class KeywordTable {
  readonly #names: string[] = [];
  readonly #numbers = new Map<string, number>();
  /** One bit for each keyword, `#width` bytes a row. */
  #bits: Uint8Array = new Uint8Array(0);
  #width = 0;

  get names(): readonly string[] {
    return this.#names;
  }

  /** The number of a keyword, a new one where it has none yet; undefined when there are too many. */
  numberOf(name: string): number | undefined {
    const known = this.#numbers.get(name);
    if (known !== undefined) return known;
    if (this.#names.length >= keywordLimit) return undefined;
    this.#numbers.set(name, this.#names.length);
    this.#names.push(name);
    return this.#names.length - 1;
  }

  /** Ascending. */
  of(row: number): readonly string[] {
    const start = row * this.#width;
    const names: string[] = [];
    for (let byte = 0; byte < this.#width; byte++) {
      const bits = this.#bits[start + byte] ?? 0;
      for (let bit = 0; bits >>> bit !== 0; bit++) {
        const name = this.#names[byte * 8 + bit];
        if ((bits >>> bit) & 1 && name !== undefined) names.push(name);
      }
    }
    return names.length > 1 ? names.sort() : names;
  }

  set(row: number, number: number, change: { readonly on: boolean; readonly room: Room }): void {
    const { on, room } = change;
    if (number >= this.#width * 8 || room.capacity * this.#width > this.#bits.length) {
      if (!on && number >= this.#width * 8) return;
      this.#grow(number, room);
    }
    const at = row * this.#width + (number >>> 3);
    const mask = 1 << (number & 7);
    const bits = this.#bits[at] as number;
    this.#bits[at] = on ? bits | mask : bits & ~mask;
  }

  clearRow(row: number): void {
    this.#bits.fill(0, row * this.#width, (row + 1) * this.#width);
  }

  clear(): void {
    this.#names.length = 0;
    this.#numbers.clear();
    this.#bits = new Uint8Array(0);
    this.#width = 0;
  }

  #grow(number: number, room: Room): void {
    const old = this.#width;
    const width = number >= old * 8 ? Math.max(old * 2, (number >>> 3) + 1) : old;
    const bits = allocate(room.capacity * width, room);
    for (let row = 0; old > 0 && (row + 1) * old <= this.#bits.length; row++)
      bits.set(this.#bits.subarray(row * old, (row + 1) * old), row * width);
    this.#bits = bits;
    this.#width = width;
  }
}

/** More than a person makes; each costs a bit for every message. */
const keywordLimit = 1024;
