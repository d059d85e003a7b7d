/**
 * Encryption of a repository (restic design: Keys, Encryption and MAC).
 *
 *   offset          length  what
 *   0               16      IV, random
 *   16              n       AES-256-CTR(plaintext)
 *   16 + n          16      Poly1305-AES tag over the ciphertext only
 *
 * The one-time Poly1305 key is r ‖ AES-128_k(IV).
 */
import { type Cipheriv, createCipheriv, hash, randomFillSync } from "node:crypto";
import { createRequire } from "node:module";
import { RepositoryError } from "./repository-error.ts";
import { type StreamCipher, openNodeCipher, openStreamCipher } from "./stream-cipher.ts";

export const ivBytes = 16;
export const tagBytes = 16;
/** What encryption adds to a plaintext. */
export const encryptionOverheadBytes: number = ivBytes + tagBytes;

type Sodium = {
  crypto_onetimeauth(tag: Uint8Array, message: Uint8Array, key: Uint8Array): void;
  crypto_onetimeauth_verify(tag: Uint8Array, message: Uint8Array, key: Uint8Array): boolean;
};
// CommonJS without type declarations; prebuilt for every platform Node runs on.
const sodium = createRequire(import.meta.url)("sodium-native") as Sodium;

/** Length of a blob's bytes, from what the index says of it: `rawLengthBytes` is 0 where it is not compressed. */
export function plainLengthOf(rawLengthBytes: number, sealedLengthBytes: number): number {
  return rawLengthBytes === 0
    ? Math.max(0, sealedLengthBytes - encryptionOverheadBytes)
    : rawLengthBytes;
}

/** The 64 bytes that scrypt or a key file yields: AES key 32 ‖ MAC k 16 ‖ MAC r 16. */
export type MasterKey = {
  readonly encrypt: Uint8Array;
  readonly macK: Uint8Array;
  readonly macR: Uint8Array;
};

export function masterKeyFromBytes(bytes: Uint8Array): MasterKey {
  return {
    encrypt: bytes.slice(0, 32),
    macK: bytes.slice(32, 48),
    macR: bytes.slice(48, 64),
  };
}

export function masterKeyToBytes(key: MasterKey): Uint8Array {
  return Buffer.concat([key.encrypt, key.macK, key.macR]);
}

export type Sealer = {
  /** IV ‖ ciphertext ‖ tag written to `target` at `offset`; returns the number of bytes written. */
  sealInto(plaintext: Uint8Array, target: Uint8Array, offset: number): number;
  seal(plaintext: Uint8Array): Uint8Array;
  /** The plaintext; undefined when the tag does not fit (damage or another key). */
  open(sealed: Uint8Array): Uint8Array | undefined;
  /** The same into memory that the next call overwrites, where the plaintext is not kept. */
  openView(sealed: Uint8Array): Uint8Array | undefined;
};

/** Keeps the cipher contexts that need no set-up per blob. Not shared between threads. */
export function openSealer(key: MasterKey): Sealer {
  return sealerWith(key, openStreamCipher(key.encrypt));
}

/** As `openSealer`, by Node's documented calls alone: what checks the other. */
export function openReferenceSealer(key: MasterKey): Sealer {
  return sealerWith(key, openNodeCipher(key.encrypt));
}

function sealerWith(key: MasterKey, cipher: StreamCipher): Sealer {
  // ECB of one block is plain AES-128, which Poly1305-AES needs; the context is reused.
  const blockCipher: Cipheriv = createCipheriv("aes-128-ecb", key.macK, null);
  blockCipher.setAutoPadding(false);
  const oneTimeKey = Buffer.alloc(32);
  oneTimeKey.set(key.macR, 0);
  const ivs = Buffer.alloc(ivBytes * 256);
  let ivsUsed = ivs.length;

  function nextIv(): Uint8Array {
    for (;;) {
      if (ivsUsed === ivs.length) {
        randomFillSync(ivs);
        ivsUsed = 0;
      }
      const iv = ivs.subarray(ivsUsed, (ivsUsed += ivBytes));
      if (!isZero(iv)) return iv;
    }
  }

  // What was just sealed is opened at once to check it: the key for its IV is at hand then.
  const preparedIv = Buffer.alloc(ivBytes);
  function prepareOneTimeKey(iv: Uint8Array): void {
    if (preparedIv.equals(iv)) return;
    oneTimeKey.set(blockCipher.update(iv), 16);
    preparedIv.set(iv);
  }

  function sealInto(plaintext: Uint8Array, target: Uint8Array, offset: number): number {
    const iv = nextIv();
    const tagAt = offset + ivBytes + plaintext.length;
    const ciphertext = target.subarray(offset + ivBytes, tagAt);
    target.set(iv, offset);
    cipher.apply(iv, plaintext, ciphertext);
    prepareOneTimeKey(iv);
    sodium.crypto_onetimeauth(target.subarray(tagAt, tagAt + tagBytes), ciphertext, oneTimeKey);
    return ciphertext.length + encryptionOverheadBytes;
  }

  let view = Buffer.allocUnsafeSlow(64 * 1024);

  /** The ciphertext of a sealed blob whose tag fits. */
  function authentic(sealed: Uint8Array): Uint8Array | undefined {
    if (sealed.length < encryptionOverheadBytes) return undefined;
    const iv = sealed.subarray(0, ivBytes);
    if (isZero(iv)) return undefined;
    const ciphertext = sealed.subarray(ivBytes, sealed.length - tagBytes);
    prepareOneTimeKey(iv);
    const tag = sealed.subarray(sealed.length - tagBytes);
    return sodium.crypto_onetimeauth_verify(tag, ciphertext, oneTimeKey) ? ciphertext : undefined;
  }

  // CTR is its own inverse.
  function open(sealed: Uint8Array): Uint8Array | undefined {
    const ciphertext = authentic(sealed);
    if (ciphertext === undefined) return undefined;
    const plaintext = Buffer.allocUnsafeSlow(ciphertext.length);
    cipher.apply(sealed.subarray(0, ivBytes), ciphertext, plaintext);
    return plaintext;
  }

  function openView(sealed: Uint8Array): Uint8Array | undefined {
    const ciphertext = authentic(sealed);
    if (ciphertext === undefined) return undefined;
    if (view.length < ciphertext.length) view = Buffer.allocUnsafeSlow(ciphertext.length * 2);
    const plaintext = view.subarray(0, ciphertext.length);
    cipher.apply(sealed.subarray(0, ivBytes), ciphertext, plaintext);
    return plaintext;
  }

  function seal(plaintext: Uint8Array): Uint8Array {
    const target = new Uint8Array(plaintext.length + encryptionOverheadBytes);
    sealInto(plaintext, target, 0);
    return target;
  }

  return { sealInto, seal, open, openView };
}

export function sha256(bytes: Uint8Array): Buffer {
  return hash("sha256", bytes, "buffer");
}

export function sha256Hex(bytes: Uint8Array): string {
  return hash("sha256", bytes, "hex");
}

export function openOrThrow(sealer: Sealer, sealed: Uint8Array, what: string): Uint8Array {
  const plaintext = sealer.open(sealed);
  if (plaintext === undefined) {
    throw new RepositoryError(
      "repository.damaged",
      `Cannot read ${what}: its bytes do not match their signature`,
      { hint: "Run `restante verify --read-data` to see what is affected." },
    );
  }
  return plaintext;
}

function isZero(bytes: Uint8Array): boolean {
  for (const byte of bytes) if (byte !== 0) return false;
  return true;
}
