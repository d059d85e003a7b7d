/**
 * Polynomials over GF(2), a bit per coefficient, for the chunker's Rabin fingerprint (restic
 * design: Backups and Deduplication). Used once per repository, so BigInt is fast enough.
 */
const degree = 53;

function degreeOf(polynomial: bigint): number {
  return polynomial === 0n ? -1 : polynomial.toString(2).length - 1;
}

function modulo(value: bigint, divisor: bigint): bigint {
  const divisorDegree = degreeOf(divisor);
  let rest = value;
  for (let d = degreeOf(rest); d >= divisorDegree; d = degreeOf(rest)) {
    rest ^= divisor << BigInt(d - divisorDegree);
  }
  return rest;
}

function multiplyModulo(a: bigint, b: bigint, modulus: bigint): bigint {
  let product = 0n;
  let shifted = a;
  for (let rest = b; rest > 0n; rest >>= 1n) {
    if ((rest & 1n) === 1n) product ^= shifted;
    shifted <<= 1n;
  }
  return modulo(product, modulus);
}

function greatestCommonDivisor(a: bigint, b: bigint): bigint {
  let [high, low] = [a, b];
  while (low !== 0n) [high, low] = [low, modulo(high, low)];
  return high;
}

/** Ben-Or's test: no x^(2^i) − x for i ≤ degree/2 shares a factor with the polynomial. */
export function isIrreducible(polynomial: bigint): boolean {
  let power = 2n;
  for (let i = 1; i <= degreeOf(polynomial) / 2; i++) {
    power = multiplyModulo(power, power, polynomial);
    if (greatestCommonDivisor(polynomial, power ^ 2n) !== 1n) return false;
  }
  return true;
}

/** Whether the chunker can work with it: irreducible and of degree 53, as all that restic makes. */
export function isChunkerPolynomial(polynomial: bigint): boolean {
  return degreeOf(polynomial) === degree && isIrreducible(polynomial);
}

/** A random irreducible polynomial of degree 53. `random` yields that many random bytes. */
export function randomPolynomial(random: (lengthBytes: number) => Uint8Array): bigint {
  // About one in 27 odd candidates is irreducible: a thousand tries fail once in 10^16.
  for (let tries = 0; tries < 1000; tries++) {
    const bits = Buffer.from(random(8)).readBigUInt64LE();
    const candidate = (bits & ((1n << 54n) - 1n)) | (1n << BigInt(degree)) | 1n;
    if (isIrreducible(candidate)) return candidate;
  }
  throw new RangeError("the random source yields no irreducible polynomial");
}
