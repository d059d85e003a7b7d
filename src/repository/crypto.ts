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
  /** Makes the openings that follow cheaper, in the order of `sealed`; changes nothing that they say. */
  prepareOpening(sealed: readonly Uint8Array[]): void;
};

/** So many IVs, and their one-time keys, are made together: a call for each 16 bytes takes longer than all of them. */
const ivsTogether = 256;

/** Keeps the cipher contexts that need no set-up per blob. Not shared between threads. */
export function openSealer(key: MasterKey): Sealer {
  return sealerWith(key, openStreamCipher(key.encrypt));
}

/** As `openSealer`, by Node's documented calls alone: what checks the other. */
export function openReferenceSealer(key: MasterKey): Sealer {
  return sealerWith(key, openNodeCipher(key.encrypt));
}

/** The IVs to seal with and the one-time keys of Poly1305, r ‖ AES-128_k(IV). */
type OneTimeKeys = {
  /** The key that was asked for last, overwritten by the next. */
  readonly key: Buffer;
  /** A new IV, and its key in `key`; a view that is overwritten later. */
  takeIv(): Uint8Array;
  useIv(iv: Uint8Array): void;
  prepareOpening(sealed: readonly Uint8Array[]): void;
};

function openOneTimeKeys({ macK, macR }: MasterKey): OneTimeKeys {
  // ECB is plain AES-128 of each block; the context is reused.
  const blockCipher: Cipheriv = createCipheriv("aes-128-ecb", macK, null);
  blockCipher.setAutoPadding(false);
  const key = Buffer.alloc(32);
  key.set(macR, 0);
  const ivs = Buffer.alloc(ivBytes * ivsTogether);
  let ivKeys: Uint8Array = ivs;
  let ivsUsed = ivs.length;
  /** Whose key is at hand: what was just sealed is opened at once to check it. */
  const lastIv = Buffer.alloc(ivBytes);
  let ahead: { readonly ivs: Uint8Array; readonly keys: Uint8Array } | undefined;
  let aheadUsed = 0;

  function useKey(iv: Uint8Array, keys: Uint8Array, at: number): void {
    for (let n = 0; n < ivBytes; n++) {
      key[ivBytes + n] = keys[at + n] as number;
      lastIv[n] = iv[n] as number;
    }
  }

  return {
    key,
    takeIv() {
      for (;;) {
        if (ivsUsed === ivs.length) {
          randomFillSync(ivs);
          ivKeys = blockCipher.update(ivs);
          ivsUsed = 0;
        }
        const at = ivsUsed;
        const iv = ivs.subarray(at, (ivsUsed += ivBytes));
        if (isZero(iv)) continue;
        useKey(iv, ivKeys, at);
        return iv;
      }
    },
    useIv(iv) {
      if (ahead !== undefined && isSameIv(iv, ahead.ivs, aheadUsed)) {
        useKey(iv, ahead.keys, aheadUsed);
        aheadUsed += ivBytes;
        if (aheadUsed === ahead.ivs.length) ahead = undefined;
      } else if (!isSameIv(iv, lastIv, 0)) useKey(iv, blockCipher.update(iv), 0);
    },
    prepareOpening(sealed) {
      const own = new Uint8Array(sealed.length * ivBytes);
      for (const [n, one] of sealed.entries()) own.set(one.subarray(0, ivBytes), n * ivBytes);
      ahead = sealed.length === 0 ? undefined : { ivs: own, keys: blockCipher.update(own) };
      aheadUsed = 0;
    },
  };
}

function sealerWith(key: MasterKey, cipher: StreamCipher): Sealer {
  const oneTime = openOneTimeKeys(key);

  function sealInto(plaintext: Uint8Array, target: Uint8Array, offset: number): number {
    const iv = oneTime.takeIv();
    const tagAt = offset + ivBytes + plaintext.length;
    const ciphertext = target.subarray(offset + ivBytes, tagAt);
    target.set(iv, offset);
    cipher.apply(iv, plaintext, ciphertext);
    sodium.crypto_onetimeauth(target.subarray(tagAt, tagAt + tagBytes), ciphertext, oneTime.key);
    return ciphertext.length + encryptionOverheadBytes;
  }

  let view = Buffer.allocUnsafeSlow(64 * 1024);

  /** The ciphertext of a sealed blob whose tag fits. */
  function authentic(sealed: Uint8Array): Uint8Array | undefined {
    if (sealed.length < encryptionOverheadBytes) return undefined;
    const iv = sealed.subarray(0, ivBytes);
    if (isZero(iv)) return undefined;
    const ciphertext = sealed.subarray(ivBytes, sealed.length - tagBytes);
    oneTime.useIv(iv);
    const tag = sealed.subarray(sealed.length - tagBytes);
    return sodium.crypto_onetimeauth_verify(tag, ciphertext, oneTime.key) ? ciphertext : undefined;
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

  return {
    sealInto,
    seal,
    open,
    openView,
    prepareOpening: (sealed) => oneTime.prepareOpening(sealed),
  };
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

function isSameIv(iv: Uint8Array, ivs: Uint8Array, at: number): boolean {
  for (let n = 0; n < ivBytes; n++) if (iv[n] !== ivs[at + n]) return false;
  return true;
}

function isZero(bytes: Uint8Array): boolean {
  for (const byte of bytes) if (byte !== 0) return false;
  return true;
}
