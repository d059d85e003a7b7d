import assert from "node:assert/strict";

/** A seeded source of choices: the same seed gives the same choices on every machine. Not for secrets. */
export interface Random {
  /** A number in [0, 1). */
  fraction(): number;
  /** A whole number in [0, bound). */
  integer(bound: number): number;
  pick<T>(list: readonly T[]): T;
  /** `length` lower-case hexadecimal digits. */
  hex(length: number): string;
  /** `length` bytes that do not compress. */
  bytes(length: number): Buffer;
}

/** mulberry32 (Tommy Ettinger, public domain): 32 bits of state, plenty for laying out sample mail. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  function word(): number {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  }
  function integer(bound: number): number {
    return Math.floor((word() / 0x1_0000_0000) * bound);
  }
  function bytes(length: number): Buffer {
    const words = new Uint32Array(Math.ceil(length / 4));
    for (let index = 0; index < words.length; index += 1) words[index] = word();
    return Buffer.from(words.buffer, 0, length);
  }
  return {
    fraction: () => word() / 0x1_0000_0000,
    integer,
    pick<T>(list: readonly T[]): T {
      const chosen = list[integer(list.length)];
      assert.ok(chosen !== undefined, "There is nothing to pick from");
      return chosen;
    },
    hex: (length) =>
      bytes(Math.ceil(length / 2))
        .toString("hex")
        .slice(0, length),
    bytes,
  };
}
