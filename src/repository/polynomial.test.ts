import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { isChunkerPolynomial, isIrreducible, randomPolynomial } from "./polynomial.ts";

test("isIrreducible() agrees with restic's published polynomials", () => {
  // Of the chunker's polynomials_test.go.
  for (const irreducible of [0x3da3358b4dc173n, 0x2482734cacca49n]) {
    assert.equal(isIrreducible(irreducible), true, irreducible.toString(16));
  }
  for (const reducible of [
    0x38f1e565e288dfn,
    0x30a8295b9d5c91n,
    0x255f4350b962cbn,
    0x267f776110a235n,
    0x2f4dae10d41227n,
    0x312daf4b284899n,
    0x29dfb6553d01d1n,
    0x3548245eb26257n,
    0x3143d0464b3299n,
  ]) {
    assert.equal(isIrreducible(reducible), false, reducible.toString(16));
  }
});

test("isIrreducible() agrees with trial division for every small polynomial", () => {
  const divides = (divisor: number, value: number): boolean => {
    let rest = value;
    while (rest !== 0 && Math.clz32(rest) <= Math.clz32(divisor)) {
      rest ^= divisor << (Math.clz32(divisor) - Math.clz32(rest));
    }
    return rest === 0;
  };
  for (let value = 2; value < 512; value++) {
    let reducible = false;
    for (let divisor = 2; Math.clz32(divisor) > Math.clz32(value); divisor++) {
      reducible ||= divides(divisor, value);
    }
    assert.equal(isIrreducible(BigInt(value)), !reducible, value.toString(2));
  }
});

test("randomPolynomial() gives irreducible ones of degree 53", () => {
  for (let n = 0; n < 20; n++) {
    const polynomial = randomPolynomial(randomBytes);
    assert.equal(polynomial.toString(2).length, 54);
    assert.equal(isIrreducible(polynomial), true);
  }
});

test("randomPolynomial() gives up on a source that is not random", () => {
  // x^53 + 1 is divisible by x + 1.
  assert.throws(() => randomPolynomial((length) => new Uint8Array(length)), RangeError);
});

test("the chunker takes irreducible polynomials of degree 53 and no others", () => {
  assert.equal(isChunkerPolynomial(0x3da3358b4dc173n), true);
  for (const polynomial of [0n, 1n, 2n, 0b111n, 0x38f1e565e288dfn, 0xffff_ffff_ffff_ffffn]) {
    assert.equal(isChunkerPolynomial(polynomial), false);
  }
});
