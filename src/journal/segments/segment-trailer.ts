/**
 * The last 4,096 bytes of a sealed segment, at a multiple of 4,096 (little-endian):
 *
 *   offset  length  what
 *   0       8       "RESTJEND"
 *   8       4       version, 1
 *   12      4       1 where the last record is the mark of a clean stop, otherwise 0
 *   16      8       where the index begins, and where what the digest is of ends
 *   24      8       where the last whole frame ends: what lies between is no record
 *   32      8       where the directory begins
 *   40      4       length of the directory with its tag
 *   44      4       length of the directory before it was compressed
 *   48      8       first sequence
 *   56      8       last sequence
 *   64      8       instant of the first, nanoseconds since 1970 UTC
 *   72      8       instant of the last
 *   80      16      tag of the last frame
 *   96      32      salt of the index, random: HKDF-SHA256(journal key, salt, "restante journal index 1")
 *                   gives 64 bytes: the key of the index, and the key of the tag below
 *   128     32      SHA-256 of the bytes before the index
 *   160     1856    zeros
 *   2016    32      HMAC-SHA256 of the 2,016 bytes before
 *   2048    2048    a third copy of the header
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import type { JournalPoint } from "../journal.ts";
import { tagBytes } from "./frame-cipher.ts";
import {
  deriveKeys,
  formatVersion,
  headerCopyBytes,
  saltBytes,
  type SegmentKeys,
} from "./segment-header.ts";

export const trailerBytes = 4096;
const authenticatedBytes = 2016;
const digestBytes = 32;
const magic = Buffer.from("RESTJEND", "latin1");

export type SegmentTrailer = {
  readonly isCleanStop: boolean;
  readonly indexOffset: number;
  readonly endOffset: number;
  readonly directory: {
    readonly offset: number;
    readonly lengthBytes: number;
    readonly plainBytes: number;
  };
  readonly first: JournalPoint;
  readonly last: JournalPoint;
  readonly lastTag: Buffer;
  readonly salt: Buffer;
  readonly digest: Buffer;
};

export function encodeTrailer(
  trailer: SegmentTrailer,
  keys: SegmentKeys,
  headerCopy: Uint8Array,
): Buffer {
  const bytes = Buffer.alloc(trailerBytes);
  const number = (value: number, at: number): void => {
    bytes.writeBigUInt64LE(BigInt(value), at);
  };
  bytes.set(magic, 0);
  bytes.writeUInt32LE(formatVersion, 8);
  bytes.writeUInt32LE(trailer.isCleanStop ? 1 : 0, 12);
  number(trailer.indexOffset, 16);
  number(trailer.endOffset, 24);
  number(trailer.directory.offset, 32);
  bytes.writeUInt32LE(trailer.directory.lengthBytes, 40);
  bytes.writeUInt32LE(trailer.directory.plainBytes, 44);
  number(trailer.first.sequence, 48);
  number(trailer.last.sequence, 56);
  bytes.writeBigInt64LE(trailer.first.atNs, 64);
  bytes.writeBigInt64LE(trailer.last.atNs, 72);
  bytes.set(trailer.lastTag, 80);
  bytes.set(trailer.salt, 96);
  bytes.set(trailer.digest, 128);
  bytes.set(proofOf(bytes, keys.tag), authenticatedBytes);
  bytes.set(headerCopy.subarray(0, headerCopyBytes), headerCopyBytes);
  return bytes;
}

export type OpenedTrailer = { readonly trailer: SegmentTrailer; readonly keys: SegmentKeys };

/** Undefined where these bytes are none, or not what was written. */
export function decodeTrailer(bytes: Buffer, journalKey: Uint8Array): OpenedTrailer | undefined {
  if (!looksLikeTrailer(bytes)) return undefined;
  const salt = Buffer.from(bytes.subarray(96, 96 + saltBytes));
  const keys = deriveKeys(journalKey, salt, "index");
  const proof = bytes.subarray(authenticatedBytes, headerCopyBytes);
  if (!timingSafeEqual(proofOf(bytes, keys.tag), proof)) return undefined;
  const number = (at: number): number => Number(bytes.readBigUInt64LE(at));
  const trailer = {
    isCleanStop: bytes.readUInt32LE(12) === 1,
    indexOffset: number(16),
    endOffset: number(24),
    directory: {
      offset: number(32),
      lengthBytes: bytes.readUInt32LE(40),
      plainBytes: bytes.readUInt32LE(44),
    },
    first: { sequence: number(48), atNs: bytes.readBigInt64LE(64) },
    last: { sequence: number(56), atNs: bytes.readBigInt64LE(72) },
    lastTag: Buffer.from(bytes.subarray(80, 80 + tagBytes)),
    salt,
    digest: Buffer.from(bytes.subarray(128, 128 + digestBytes)),
  };
  return { trailer, keys };
}

/**
 * Whether a trailer stands there, or stood: one bit that flipped does not make it another thing. One
 * that was being written when the power went has sectors of zeros, and is none.
 */
export function looksLikeTrailer(bytes: Buffer): boolean {
  if (bytes.length !== trailerBytes) return false;
  let same = 0;
  for (const [index, byte] of magic.entries()) if (bytes[index] === byte) same += 1;
  return same >= magic.length - 1 && everySector.every((at) => !isZero(bytes.subarray(at, at + 8)));
}

/** In each sector of 512 bytes that is not all zeros: both proofs, and the copy's magic. */
const everySector: readonly number[] = [
  authenticatedBytes,
  headerCopyBytes,
  headerCopyBytes + authenticatedBytes,
];

function isZero(bytes: Buffer): boolean {
  return bytes.every((byte) => byte === 0);
}

/** The header that stands in it. */
export function headerCopyOf(bytes: Buffer): Buffer {
  return bytes.subarray(headerCopyBytes);
}

function proofOf(bytes: Buffer, key: Buffer): Buffer {
  return createHmac("sha256", key).update(bytes.subarray(0, authenticatedBytes)).digest();
}
