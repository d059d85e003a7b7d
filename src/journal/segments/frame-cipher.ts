/**
 * AES-256-GCM for the frames of a journal and the index of a segment, with one context kept for all of them. Node's
 * `createCipheriv` sets up a new one for each part of each frame, which for the few hundred bytes of
 * most takes several times as long as sealing them; OpenSSL itself can be given a new nonce alone, and
 * since Node 26 it can be called directly (`node:ffi` on the OpenSSL that Node carries). Where it
 * cannot, or does not agree with Node's call, that one serves.
 */
import { createCipheriv, randomBytes } from "node:crypto";
import { addressOf, openNativeLibrary } from "#files";

const keyBytes = 32;
export const nonceBytes = 12;
export const tagBytes = 16;

export type PlainPart = {
  /** Its bytes never change: who gives the same object again means the same key. */
  readonly key: Uint8Array;
  readonly nonce: Uint8Array;
  /** At most as long as a frame's descriptor. */
  readonly associated: Uint8Array;
  readonly plain: Uint8Array;
};

export type FrameCipher = {
  /** Writes the sealed bytes, as many as there are plain ones, and the tag; nothing may overlap. */
  seal(part: PlainPart, sealed: Uint8Array, tag: Uint8Array): void;
};

let opened: FrameCipher | undefined;

/** The one of this thread. */
export function frameCipher(): FrameCipher {
  return (opened ??= openDirectCipher() ?? nodeCipher);
}

/** The reference: Node's documented interface. */
export const nodeCipher: FrameCipher = {
  seal({ key, nonce, associated, plain }, sealed, tag) {
    const cipher = createCipheriv("aes-256-gcm", key, nonce);
    cipher.setAAD(associated);
    sealed.set(cipher.update(plain));
    cipher.final();
    tag.set(cipher.getAuthTag());
  },
};

type Pointer = bigint;
const none: Pointer = 0n;
/** EVP_CTRL_AEAD_GET_TAG of openssl/evp.h. */
const getTag = 0x10;
const maxAssociatedBytes = 64;

/** Undefined without node:ffi, with a Node of another TLS library, and where the two do not agree. */
export function openDirectCipher(): FrameCipher | undefined {
  const library = loadOpenSsl();
  const context = library?.EVP_CIPHER_CTX_new() ?? none;
  if (library === undefined || context === none) return undefined;
  // Memory that OpenSSL reads from and writes to must not move, and passing its address is cheapest.
  const [key, nonce] = [Buffer.allocUnsafeSlow(keyBytes), Buffer.allocUnsafeSlow(nonceBytes)];
  const [associated, tag] = [
    Buffer.allocUnsafeSlow(maxAssociatedBytes),
    Buffer.allocUnsafeSlow(tagBytes),
  ];
  const length = Buffer.allocUnsafeSlow(4);
  const [keyAt, nonceAt, associatedAt, tagAt, lengthAt] = [
    addressOf(key),
    addressOf(nonce),
    addressOf(associated),
    addressOf(tag),
    addressOf(length),
  ];
  const cipher = library.EVP_aes_256_gcm();
  if (library.EVP_EncryptInit_ex(context, cipher, none, none, none) !== 1) return undefined;
  let lastKey: Uint8Array | undefined;
  const isSealed = (part: PlainPart, sealed: Uint8Array): boolean => {
    const { plain } = part;
    nonce.set(part.nonce);
    const isNewKey = part.key !== lastKey;
    if (isNewKey) key.set(part.key);
    lastKey = undefined;
    const keyOrNone = isNewKey ? keyAt : none;
    if (library.EVP_EncryptInit_ex(context, none, none, keyOrNone, nonceAt) !== 1) return false;
    const associatedBytes = part.associated.length;
    if (associatedBytes > 0) {
      associated.set(part.associated);
      if (library.EVP_CipherUpdate(context, none, lengthAt, associatedAt, associatedBytes) !== 1)
        return false;
    }
    if (plain.length > 0) {
      if (library.EVP_EncryptUpdate(context, sealed, lengthAt, plain, plain.length) !== 1)
        return false;
      if (length.readInt32LE(0) !== plain.length) return false;
    }
    if (library.EVP_EncryptFinal_ex(context, tagAt, lengthAt) !== 1) return false;
    if (library.EVP_CIPHER_CTX_ctrl(context, getTag, tagBytes, tagAt) !== 1) return false;
    lastKey = part.key;
    return true;
  };
  const direct: FrameCipher = {
    seal(part, sealed, sealedTag) {
      // Never half: what the library refuses, Node's own call does.
      if (isSealed(part, sealed)) sealedTag.set(tag);
      else nodeCipher.seal(part, sealed, sealedTag);
    },
  };
  return agrees(direct) ? direct : undefined;
}

function loadOpenSsl() {
  return openNativeLibrary([null], {
    EVP_CIPHER_CTX_new: { arguments: [], return: "pointer" },
    EVP_aes_256_gcm: { arguments: [], return: "pointer" },
    EVP_EncryptInit_ex: {
      arguments: ["pointer", "pointer", "pointer", "pointer", "pointer"],
      return: "i32",
    },
    EVP_EncryptUpdate: {
      arguments: ["pointer", "buffer", "pointer", "buffer", "i32"],
      return: "i32",
    },
    /** The same call, for what lies at an address. */
    EVP_CipherUpdate: {
      arguments: ["pointer", "pointer", "pointer", "pointer", "i32"],
      return: "i32",
    },
    EVP_EncryptFinal_ex: { arguments: ["pointer", "pointer", "pointer"], return: "i32" },
    EVP_CIPHER_CTX_ctrl: { arguments: ["pointer", "i32", "i32", "pointer"], return: "i32" },
  });
}

/** Whether it seals as Node does: several lengths, with one key after another, with and without associated data. */
function agrees(candidate: FrameCipher): boolean {
  const keys = [randomBytes(keyBytes), randomBytes(keyBytes)];
  for (const length of [0, 1, 15, 16, 17, 4096, 70_001])
    for (const associatedBytes of [0, maxAssociatedBytes])
      for (const key of keys) {
        const part = {
          key,
          nonce: randomBytes(nonceBytes),
          associated: randomBytes(associatedBytes),
          plain: randomBytes(length),
        };
        if (!sealedBy(candidate, part).equals(sealedBy(nodeCipher, part))) return false;
      }
  return true;
}

function sealedBy(cipher: FrameCipher, part: PlainPart): Buffer {
  const both = Buffer.allocUnsafeSlow(part.plain.length + tagBytes);
  cipher.seal(part, both.subarray(tagBytes), both.subarray(0, tagBytes));
  return both;
}
