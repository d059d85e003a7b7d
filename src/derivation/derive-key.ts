import { scrypt } from "node:crypto";

export type ScryptCost = { readonly N: number; readonly r: number; readonly p: number };

export type ScryptInput = ScryptCost & { readonly password: string; readonly salt: Uint8Array };

const derivedBytes = 64;
/** A hostile key file must not make us allocate or compute without bound: 128·N·r bytes. */
const memoryLimitBytes = 1 << 30;
const workLimit = 1 << 28;

/** Whether a cost is one of scrypt, and may be paid without a bound of its own. */
export function isSafeCost({ N, r, p }: ScryptCost): boolean {
  if (![N, r, p].every(Number.isSafeInteger)) return false;
  if (N <= 1 || r <= 0 || p <= 0 || !Number.isInteger(Math.log2(N))) return false;
  return N * r * 128 <= memoryLimitBytes && N * r * p <= workLimit;
}

type Begun = { readonly input: ScryptInput; readonly key: Promise<Uint8Array> };

let begun: Begun | undefined;

/** Begins in another thread what `deriveKey` will be asked for; one at a time. */
export function beginDeriving(input: ScryptInput): void {
  const key = run(input);
  // Whoever asks for it meets the failure; if nobody does, it must not count as unhandled.
  key.catch(() => undefined);
  begun = { input, key };
}

/** 64 bytes. What was begun with the same input is taken over, once. */
export function deriveKey(input: ScryptInput): Promise<Uint8Array> {
  if (begun === undefined || !isSame(begun.input, input)) return run(input);
  const { key } = begun;
  begun = undefined;
  return key;
}

function isSame(one: ScryptInput, other: ScryptInput): boolean {
  return (
    one.password === other.password &&
    one.N === other.N &&
    one.r === other.r &&
    one.p === other.p &&
    Buffer.compare(one.salt, other.salt) === 0
  );
}

function run({ password, salt, N, r, p }: ScryptInput): Promise<Uint8Array> {
  // Node refuses N = 65536 and more with its default memory limit.
  const options = { N, r, p, maxmem: memoryLimitBytes + (1 << 24) };
  return new Promise((resolve, reject) => {
    scrypt(Buffer.from(password, "utf8"), salt, derivedBytes, options, (error, bytes) => {
      if (error === null) resolve(bytes);
      else reject(error);
    });
  });
}
