/**
 * The first 4,096 bytes of a segment: twice the same 2,048, so that a flipped bit does not take 64 MiB
 * with it (little-endian).
 *
 *   offset  length  what
 *   0       8       "RESTJRNL"
 *   8       4       version, 1
 *   12      4       g, length of the group's name
 *   16      16      journal ID, random
 *   32      8       session: 1 more with each writer that opens the journal
 *   40      8       number of the segment: 1, 2, 3, …
 *   48      8       the first sequence
 *   56      8       the last sequence before it; 0 where there is none
 *   64      8       when it was begun, nanoseconds since 1970 UTC
 *   72      16      tag of the last frame before; zeros where there is none
 *   88      32      salt, random: HKDF-SHA256(journal key, salt, "restante journal segment 1") gives 64
 *                   bytes: the key of the frames, and the key of the tag below
 *   120     g       the group's name, UTF-8; zeros up to 2,016
 *   2016    32      HMAC-SHA256 of the 2,016 bytes before. Its first 16 bytes are the header's tag
 */
import { createHmac, hkdfSync, timingSafeEqual } from "node:crypto";
import type { Sequence } from "../journal-event.ts";
import { JournalError } from "../journal-error.ts";
import { tagBytes } from "./frame-cipher.ts";

export const headerBytes = 4096;
export const headerCopyBytes = 2048;
export const saltBytes = 32;
const authenticatedBytes = 2016;
const groupAt = 120;
const maxGroupBytes: number = authenticatedBytes - groupAt;
const magic = Buffer.from("RESTJRNL", "latin1");
export const formatVersion = 1;

export type SegmentHeader = {
  /** Hexadecimal. */
  readonly id: string;
  readonly group: string;
  readonly session: number;
  readonly number: number;
  readonly first: Sequence;
  readonly lastBefore: Sequence;
  readonly beganNs: bigint;
  readonly tagBefore: Buffer;
  readonly salt: Buffer;
};

export type SegmentKeys = {
  readonly frame: Buffer;
  readonly tag: Buffer;
};

export type OpenedHeader = {
  readonly header: SegmentHeader;
  readonly keys: SegmentKeys;
  readonly tag: Buffer;
};

export function deriveKeys(journalKey: Uint8Array, salt: Uint8Array, purpose: string): SegmentKeys {
  const info = `restante journal ${purpose} ${formatVersion}`;
  const bytes = Buffer.from(hkdfSync("sha256", journalKey, salt, info, 64));
  return { frame: bytes.subarray(0, 32), tag: bytes.subarray(32, 64) };
}

/** As the beginning of a segment says it, without its key; undefined where it is none. */
export function journalIdOf(beginning: Uint8Array): string | undefined {
  const bytes = Buffer.from(beginning);
  if (bytes.length < 32 || bytes.compare(magic, 0, 8, 0, 8) !== 0) return undefined;
  return bytes.toString("hex", 16, 32);
}

/** All 4,096 bytes. */
export function encodeHeader(
  header: SegmentHeader,
  keys: SegmentKeys,
): { readonly bytes: Buffer; readonly tag: Buffer } {
  const group = Buffer.from(header.group, "utf8");
  if (group.length > maxGroupBytes) throw groupTooLong(header.group);
  const bytes = Buffer.alloc(headerBytes);
  bytes.set(magic, 0);
  bytes.writeUInt32LE(formatVersion, 8);
  bytes.writeUInt32LE(group.length, 12);
  bytes.write(header.id, 16, "hex");
  bytes.writeBigUInt64LE(BigInt(header.session), 32);
  bytes.writeBigUInt64LE(BigInt(header.number), 40);
  bytes.writeBigUInt64LE(BigInt(header.first), 48);
  bytes.writeBigUInt64LE(BigInt(header.lastBefore), 56);
  bytes.writeBigInt64LE(header.beganNs, 64);
  bytes.set(header.tagBefore, 72);
  bytes.set(header.salt, 88);
  bytes.set(group, groupAt);
  const proof = proofOf(bytes, keys.tag);
  bytes.set(proof, authenticatedBytes);
  bytes.copy(bytes, headerCopyBytes, 0, headerCopyBytes);
  return { bytes, tag: proof.subarray(0, tagBytes) };
}

/** The header of one of these copies; undefined where none is whole, or they are of another journal key. */
export function decodeHeader(
  copies: readonly Buffer[],
  journalKey: Uint8Array,
): OpenedHeader | undefined {
  for (const bytes of copies) {
    if (bytes.length < headerCopyBytes || bytes.compare(magic, 0, 8, 0, 8) !== 0) continue;
    const salt = Buffer.from(bytes.subarray(88, 88 + saltBytes));
    const keys = deriveKeys(journalKey, salt, "segment");
    const proof = proofOf(bytes, keys.tag);
    if (!timingSafeEqual(proof, bytes.subarray(authenticatedBytes, headerCopyBytes))) continue;
    return { header: headerOf(bytes, salt), keys, tag: proof.subarray(0, tagBytes) };
  }
  return undefined;
}

/** The version that both copies name, where it is not ours: no bit flips twice. */
export function foreignVersion(copies: readonly Buffer[]): number | undefined {
  const versions = copies.map((bytes) =>
    bytes.length >= 12 && bytes.compare(magic, 0, 8, 0, 8) === 0 ? bytes.readUInt32LE(8) : 0,
  );
  const [version = 0] = versions;
  const isForeign = version > formatVersion && versions.every((other) => other === version);
  return isForeign ? version : undefined;
}

function headerOf(bytes: Buffer, salt: Buffer): SegmentHeader {
  const number = (at: number): number => Number(bytes.readBigUInt64LE(at));
  return {
    id: bytes.toString("hex", 16, 32),
    group: bytes.toString(
      "utf8",
      groupAt,
      groupAt + Math.min(bytes.readUInt32LE(12), maxGroupBytes),
    ),
    session: number(32),
    number: number(40),
    first: number(48),
    lastBefore: number(56),
    beganNs: bytes.readBigInt64LE(64),
    tagBefore: Buffer.from(bytes.subarray(72, 88)),
    salt,
  };
}

function proofOf(bytes: Buffer, key: Buffer): Buffer {
  return createHmac("sha256", key).update(bytes.subarray(0, authenticatedBytes)).digest();
}

function groupTooLong(group: string): JournalError {
  return new JournalError(
    "journal.not-storable",
    `Cannot journal group "${group.slice(0, 60)}…": its name is longer than ${maxGroupBytes} bytes`,
    { hint: "Give the group a shorter name in the configuration." },
  );
}
