/**
 * One record in a segment: a descriptor that anybody can read, and two sealed parts, of which a reader
 * may pass over the second (AES-256-GCM; little-endian).
 *
 *   offset  length  what
 *   0       4       "RJF1"
 *   4       4       m, length of the metadata
 *   8       4       d, length of the data; 0 of most events
 *   12      4       how many sequences before this one were not known to be durable when it was made
 *   16      8       sequence
 *   24      16      tag of the frame before; of the first frame: tag of the segment's header
 *   40      16      tag of the data; zeros where there are none
 *   56      4       the first bytes of the segment's salt: no frame of another segment is taken for one
 *   60      4       CRC-32 of the 60 bytes before
 *   64      m       sealed metadata: nonce 0 ‖ sequence, associated data: the 64 bytes before
 *   64 + m  16      tag of the metadata
 *   80 + m  d       sealed data: nonce 1 ‖ sequence
 *
 * A nonce is a u32 and a u64. It is used once: each segment has a key of its own, and each sequence
 * stands once in it.
 */
import { createDecipheriv } from "node:crypto";
import { crc32 } from "node:zlib";
import { maxDataBytes, type Sequence } from "../journal-event.ts";
import { frameCipher, nonceBytes, tagBytes } from "./frame-cipher.ts";

export const descriptorBytes = 64;
/** What a frame adds to its metadata and data. */
export const frameOverheadBytes: number = descriptorBytes + tagBytes;
/** The longest metadata: a file of some terabytes in pieces. Bounds what a reader allocates. */
export const maxMetadataBytes: number = 16 * 1024 * 1024;
export const frameMagic: Buffer = Buffer.from("RJF1", "latin1");

const noBytes = Buffer.alloc(0);
const maxJoinedBytes = 64 * 1024;
const saltCheckBytes = 4;

/** What frames of one segment are sealed with. */
export type FrameKey = { readonly key: Uint8Array; readonly salt: Uint8Array };

export type Descriptor = {
  readonly metadataBytes: number;
  readonly dataBytes: number;
  readonly unsynced: number;
  readonly sequence: Sequence;
  readonly previousTag: Buffer;
};

export type SealedFrame = {
  /** To be written one after the other: all in one, unless the data are long. */
  readonly parts: readonly Buffer[];
  readonly lengthBytes: number;
  readonly tag: Buffer;
};

export function frameLength({ metadataBytes, dataBytes }: Descriptor): number {
  return frameOverheadBytes + metadataBytes + dataBytes;
}

export function sealFrame(
  frame: {
    readonly sequence: Sequence;
    readonly unsynced: number;
    readonly previousTag: Uint8Array;
    readonly metadata: Uint8Array;
    readonly data: Uint8Array;
  },
  { key, salt }: FrameKey,
): SealedFrame {
  const { sequence, metadata, data } = frame;
  const headBytes = frameOverheadBytes + metadata.length;
  const lengthBytes = headBytes + data.length;
  // Copying a little costs less than to digest and write one part more.
  const isJoined = data.length <= maxJoinedBytes;
  const head = Buffer.allocUnsafe(isJoined ? lengthBytes : headBytes);
  head.set(frameMagic, 0);
  head.writeUInt32LE(metadata.length, 4);
  head.writeUInt32LE(data.length, 8);
  head.writeUInt32LE(Math.min(frame.unsynced, 0xffff_ffff), 12);
  writeNumber(head, sequence, 16);
  head.set(frame.previousTag, 24);
  const cipher = frameCipher();
  let sealedData = noBytes;
  if (data.length > 0) {
    sealedData = isJoined ? head.subarray(headBytes) : Buffer.allocUnsafe(data.length);
    const nonce = nonceOf(1, sequence);
    const part = { key, nonce, associated: noBytes, plain: data };
    cipher.seal(part, sealedData, head.subarray(40, 56));
  } else {
    head.fill(0, 40, 56);
  }
  for (let index = 0; index < saltCheckBytes; index++) head[56 + index] = salt[index] ?? 0;
  head.writeUInt32LE(crc32(head.subarray(0, 60)), 60);
  const associated = head.subarray(0, descriptorBytes);
  const tag = tagOf(head, metadata.length);
  cipher.seal(
    { key, nonce: nonceOf(0, sequence), associated, plain: metadata },
    head.subarray(descriptorBytes, descriptorBytes + metadata.length),
    tag,
  );
  return { parts: isJoined ? [head] : [head, sealedData], lengthBytes, tag };
}

/** Eight bytes, little-endian. */
function writeNumber(bytes: Buffer, value: number, at: number): void {
  bytes.writeUInt32LE(value % 0x1_0000_0000, at);
  bytes.writeUInt32LE(Math.floor(value / 0x1_0000_0000), at + 4);
}

/** Undefined where there is no whole descriptor of this segment at `at`. */
export function readDescriptor(
  bytes: Buffer,
  at: number,
  salt: Uint8Array,
): Descriptor | undefined {
  if (at + descriptorBytes > bytes.length) return undefined;
  if (bytes.compare(frameMagic, 0, 4, at, at + 4) !== 0) return undefined;
  if (crc32(bytes.subarray(at, at + 60)) !== bytes.readUInt32LE(at + 60)) return undefined;
  if (bytes.compare(salt, 0, saltCheckBytes, at + 56, at + 60) !== 0) return undefined;
  const metadataBytes = bytes.readUInt32LE(at + 4);
  const dataBytes = bytes.readUInt32LE(at + 8);
  const sequence = bytes.readBigUInt64LE(at + 16);
  if (metadataBytes > maxMetadataBytes || dataBytes > maxDataBytes) return undefined;
  if (sequence > BigInt(Number.MAX_SAFE_INTEGER)) return undefined;
  return {
    metadataBytes,
    dataBytes,
    unsynced: bytes.readUInt32LE(at + 12),
    sequence: Number(sequence),
    previousTag: bytes.subarray(at + 24, at + 40),
  };
}

/** The metadata of a frame whose descriptor was read; undefined where it is not what was written. */
export function openMetadata(
  frame: Buffer,
  { sequence, metadataBytes }: Descriptor,
  key: Uint8Array,
): Buffer | undefined {
  return openPart(frame.subarray(descriptorBytes, descriptorBytes + metadataBytes), {
    key,
    nonce: nonceOf(0, sequence),
    associated: frame.subarray(0, descriptorBytes),
    tag: tagOf(frame, metadataBytes),
  });
}

export function tagOf(frame: Buffer, metadataBytes: number): Buffer {
  return frame.subarray(descriptorBytes + metadataBytes, frameOverheadBytes + metadataBytes);
}

/** The data of a frame whose metadata was opened, which proves the tag that stands in the descriptor. */
export function openData(
  frame: Buffer,
  { sequence, metadataBytes, dataBytes }: Descriptor,
  key: Uint8Array,
): Buffer | undefined {
  if (dataBytes === 0) return noBytes;
  const from = frameOverheadBytes + metadataBytes;
  return openPart(frame.subarray(from, from + dataBytes), {
    key,
    nonce: nonceOf(1, sequence),
    associated: noBytes,
    tag: frame.subarray(40, 56),
  });
}

export type SealedPart = {
  readonly key: Uint8Array;
  readonly nonce: Uint8Array;
  readonly associated: Uint8Array;
  readonly tag: Uint8Array;
};

export function openPart(
  sealed: Uint8Array,
  { key, nonce, associated, tag }: SealedPart,
): Buffer | undefined {
  const decipher = createDecipheriv("aes-256-gcm", key, nonce, { authTagLength: tagBytes });
  decipher.setAAD(associated);
  decipher.setAuthTag(tag);
  const plain = decipher.update(sealed);
  try {
    decipher.final();
  } catch {
    // The one thing that it throws: the tag does not fit.
    return undefined;
  }
  return plain;
}

export function nonceOf(part: number, number: number): Buffer {
  const nonce = Buffer.allocUnsafe(nonceBytes);
  nonce.writeUInt32LE(part, 0);
  writeNumber(nonce, number, 4);
  return nonce;
}
