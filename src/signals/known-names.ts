/*
 * Which names were seen, in a table whose size does not grow with them (a Bloom filter, four places a
 * name): 10 bits for each of the names that are expected give a wrong "seen" once in a hundred. Signals
 * count in masses, and bear that.
 */
export class KnownNames {
  readonly #bits: Uint32Array;
  readonly #mask: number;

  /** `expected` names; with more, wrong answers become more frequent. */
  constructor(expected: number) {
    const bits = 2 ** Math.max(13, Math.min(31, Math.ceil(Math.log2(expected * 10))));
    this.#bits = new Uint32Array(bits / 32);
    this.#mask = bits - 1;
  }

  add(name: string): void {
    for (const place of this.#places(name))
      this.#bits[place >>> 5] = (this.#bits[place >>> 5] ?? 0) | (1 << (place & 31));
  }

  has(name: string): boolean {
    return this.#places(name).every(
      (place) => ((this.#bits[place >>> 5] ?? 0) & (1 << (place & 31))) !== 0,
    );
  }

  #places(name: string): readonly number[] {
    let [one, two] = [0x811c9dc5, 0x01000193];
    for (let index = 0; index < name.length; index++) {
      const code = name.charCodeAt(index);
      one = Math.imul(one ^ code, 0x01000193);
      two = Math.imul(two + code, 0x9e3779b1) ^ (two >>> 15);
    }
    return [0, 1, 2, 3].map((turn) => ((one + Math.imul(turn, two | 1)) & this.#mask) >>> 0);
  }
}
