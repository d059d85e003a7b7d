import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { maxChunkBytes, minChunkBytes, openChunker } from "./chunker.ts";
import { sha256Hex } from "./crypto.ts";
import { pseudoRandom } from "./repository.fixture.ts";

const polynomial = 0x3da3358b4dc173n;

function lengthsOf(bytes: Uint8Array, steps: (at: number) => number): number[] {
  const chunker = openChunker(polynomial);
  const lengths: number[] = [];
  let start = 0;
  for (let from = 0; from < bytes.length;) {
    const to = Math.min(bytes.length, from + steps(from));
    const cut = chunker.next(bytes, { from, to });
    if (cut < 0) {
      from = to;
      continue;
    }
    lengths.push(cut - start);
    start = from = cut;
  }
  if (start < bytes.length) lengths.push(bytes.length - start);
  return lengths;
}

test("zeros are cut at the least length, as restic's chunker test says", () => {
  const zeros = Buffer.alloc(4 * minChunkBytes);
  assert.deepEqual(
    lengthsOf(zeros, () => zeros.length),
    Array.from({ length: 4 }, () => minChunkBytes),
  );
  assert.equal(
    sha256Hex(zeros.subarray(0, minChunkBytes)),
    "07854d2fef297a06ba81685e660c332de36d5d18d546927d30daad6d7fda1541",
  );
});

// The cuts are those that restic 0.14 makes of this file in a repository with this polynomial
// (test/interop.test.ts asks the program itself).
test("a random file is cut where restic cuts it", () => {
  const bytes = pseudoRandom(20 << 20, 23);
  assert.deepEqual(
    lengthsOf(bytes, () => bytes.length),
    [
      914_406, 3_312_815, 2_184_637, 1_283_220, 2_090_949, 796_177, 1_453_583, 2_327_813, 796_279,
      679_533, 3_973_905, 1_158_203,
    ],
  );
});

test("every cut is the first place at which the window's fingerprint ends in 20 zero bits", () => {
  const bytes = pseudoRandom(3 << 20, 5);
  const fingerprintEnd = (end: number): bigint => {
    let rest = BigInt(`0x${bytes.toString("hex", end - 64, end)}`);
    for (let bits = rest.toString(2).length; bits > 53; bits = rest.toString(2).length) {
      rest ^= polynomial << BigInt(bits - 54);
    }
    return rest & 0xfffffn;
  };
  let start = 0;
  const lengths = lengthsOf(bytes, () => bytes.length);
  for (const length of lengths.slice(0, -1)) {
    assert.ok(length >= minChunkBytes && length < maxChunkBytes);
    assert.equal(fingerprintEnd(start + length), 0n);
    for (let end = start + minChunkBytes; end < start + length; end += 997) {
      assert.notEqual(fingerprintEnd(end), 0n);
    }
    start += length;
  }
  assert.ok(lengths.length > 1);
});

test("what never ends in zeros is cut at the greatest length", () => {
  const bytes = Buffer.alloc(maxChunkBytes * 2 + 5, 1);
  assert.deepEqual(
    lengthsOf(bytes, () => bytes.length),
    [maxChunkBytes, maxChunkBytes, 5],
  );
});

test("the cuts do not depend on how the bytes arrive", () => {
  const bytes = pseudoRandom(4 << 20, 9);
  const whole = lengthsOf(bytes, () => bytes.length);
  fc.assert(
    fc.property(fc.infiniteStream(fc.integer({ min: 1, max: 1 << 20 })), (steps) => {
      assert.deepEqual(
        lengthsOf(bytes, () => steps.next().value),
        whole,
      );
    }),
    { numRuns: 4 },
  );
});

test("reset() forgets the chunk begun", () => {
  const chunker = openChunker(polynomial);
  const zeros = Buffer.alloc(minChunkBytes);
  assert.equal(chunker.next(pseudoRandom(500_000), { from: 0, to: 500_000 }), -1);
  chunker.reset();
  assert.equal(chunker.next(zeros, { from: 0, to: zeros.length }), minChunkBytes);
});
