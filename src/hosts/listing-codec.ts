/**
 * Entries of a folder on the wire: one after the other, integers big-endian.
 *
 * | offset | bytes | what                                                              |
 * | ------ | ----- | ----------------------------------------------------------------- |
 * | 0      | 4     | st_mode: format and permission bits                               |
 * | 4      | 4     | user id                                                           |
 * | 8      | 4     | group id                                                          |
 * | 12     | 4     | links                                                             |
 * | 16     | 8     | size in bytes                                                     |
 * | 24     | 8     | mtime, nanoseconds since 1970, signed                             |
 * | 32     | 8     | ctime, nanoseconds since 1970, signed                             |
 * | 40     | 8     | inode                                                             |
 * | 48     | 8     | device id (st_dev)                                                |
 * | 56     | 8     | device (st_rdev), 0 where flag 8 is not set                       |
 * | 64     | 1     | flags: 1 user name, 2 group name, 4 link target, 8 device         |
 * | 65     | …     | name, then what flags 1, 2 and 4 announce: 2 bytes of length each, then the bytes |
 */
import {
  type Entry,
  entryTypeOf,
  type RawName,
  type RawPath,
  rawPathFromBytes,
  statModeOf,
} from "#image";
import { brokenProtocol } from "./host-error.ts";

const fixedBytes = 65;
/** A batch is closed at this size: small enough to be one frame whatever its last entry is. */
export const batchBytes: number = 512 * 1024;

/** The entries in batches of about `batchBytes`; one empty batch where there are none. */
export function* encodeEntries(entries: Iterable<Entry>): Generator<Uint8Array, void, undefined> {
  let pieces: Buffer[] = [];
  let sizeBytes = 0;
  for (const entry of entries) {
    const bytes = encodeEntry(entry);
    pieces.push(bytes);
    sizeBytes += bytes.length;
    if (sizeBytes < batchBytes) continue;
    yield Buffer.concat(pieces);
    pieces = [];
    sizeBytes = 0;
  }
  if (pieces.length > 0) yield Buffer.concat(pieces);
}

function encodeEntry(entry: Entry): Buffer {
  const { user, group, linkTarget, device } = entry;
  const texts = [
    Buffer.from(entry.name, "latin1"),
    ...(user === undefined ? [] : [Buffer.from(user, "utf8")]),
    ...(group === undefined ? [] : [Buffer.from(group, "utf8")]),
    ...(linkTarget === undefined ? [] : [Buffer.from(linkTarget, "latin1")]),
  ];
  const bytes = Buffer.alloc(texts.reduce((sum, text) => sum + 2 + text.length, fixedBytes));
  bytes.writeUInt32BE(statModeOf(entry), 0);
  bytes.writeUInt32BE(entry.uid, 4);
  bytes.writeUInt32BE(entry.gid, 8);
  bytes.writeUInt32BE(entry.links, 12);
  bytes.writeBigUInt64BE(BigInt(entry.sizeBytes), 16);
  bytes.writeBigInt64BE(entry.mtimeNs, 24);
  bytes.writeBigInt64BE(entry.ctimeNs, 32);
  bytes.writeBigUInt64BE(entry.inode, 40);
  bytes.writeBigUInt64BE(entry.deviceId, 48);
  bytes.writeBigUInt64BE(device ?? 0n, 56);
  const flags =
    (user === undefined ? 0 : 1) |
    (group === undefined ? 0 : 2) |
    (linkTarget === undefined ? 0 : 4) |
    (device === undefined ? 0 : 8);
  bytes.writeUInt8(flags, 64);
  let at = fixedBytes;
  for (const text of texts) {
    bytes.writeUInt16BE(text.length, at);
    bytes.set(text, at + 2);
    at += 2 + text.length;
  }
  return bytes;
}

/** Throws `host.protocol` for what cannot be an entry. */
export function* decodeEntries(batch: Uint8Array): Generator<Entry, void, undefined> {
  const bytes = Buffer.from(batch.buffer, batch.byteOffset, batch.length);
  for (let at = 0; at < bytes.length;) {
    if (bytes.length - at < fixedBytes) throw notAnEntry("it is cut short");
    const flags = bytes.readUInt8(at + 64);
    const texts = takeTexts(bytes, at + fixedBytes, 1 + countOf(flags & 7));
    yield decodeEntry(bytes.subarray(at), flags, texts.found);
    at = texts.end;
  }
}

function decodeEntry(bytes: Buffer, flags: number, texts: Buffer[]): Entry {
  const mode = bytes.readUInt32BE(0);
  const size = bytes.readBigUInt64BE(16);
  if (size > BigInt(Number.MAX_SAFE_INTEGER)) throw notAnEntry(`its size is ${size}`);
  const [name, ...rest] = texts;
  const next = (flag: number): Buffer | undefined =>
    (flags & flag) === 0 ? undefined : rest.shift();
  const [user, group, linkTarget] = [next(1), next(2), next(4)];
  return {
    name: checkedName(name as Buffer),
    type: typeOf(mode),
    mode: mode & 0o7777,
    uid: bytes.readUInt32BE(4),
    gid: bytes.readUInt32BE(8),
    ...(user === undefined ? {} : { user: user.toString("utf8") }),
    ...(group === undefined ? {} : { group: group.toString("utf8") }),
    sizeBytes: Number(size),
    mtimeNs: bytes.readBigInt64BE(24),
    ctimeNs: bytes.readBigInt64BE(32),
    inode: bytes.readBigUInt64BE(40),
    deviceId: bytes.readBigUInt64BE(48),
    links: bytes.readUInt32BE(12),
    ...(linkTarget === undefined ? {} : { linkTarget: checkedTarget(linkTarget) }),
    ...((flags & 8) === 0 ? {} : { device: bytes.readBigUInt64BE(56) }),
  };
}

function takeTexts(bytes: Buffer, start: number, count: number): { found: Buffer[]; end: number } {
  const found: Buffer[] = [];
  let at = start;
  for (let index = 0; index < count; index++) {
    const length = at + 2 <= bytes.length ? bytes.readUInt16BE(at) : Infinity;
    if (at + 2 + length > bytes.length) throw notAnEntry("it is cut short");
    found.push(bytes.subarray(at + 2, at + 2 + length));
    at += 2 + length;
  }
  return { found, end: at };
}

function countOf(flags: number): number {
  return (flags & 1) + ((flags >> 1) & 1) + ((flags >> 2) & 1);
}

/** A name that could lead elsewhere never becomes part of a path. */
function checkedName(bytes: Buffer): RawName {
  const name = rawPathFromBytes(bytes);
  if (name === "" || name === "." || name === ".." || name.includes("/") || name.includes("\0"))
    throw notAnEntry("its name is none");
  return name;
}

function checkedTarget(bytes: Buffer): RawPath {
  if (bytes.includes(0)) throw notAnEntry("its link target holds a zero byte");
  return rawPathFromBytes(bytes);
}

function typeOf(mode: number): Entry["type"] {
  try {
    return entryTypeOf(mode);
  } catch {
    throw notAnEntry(`its mode is 0o${mode.toString(8)}`);
  }
}

function notAnEntry(why: string): Error {
  return brokenProtocol(`an entry of a folder cannot be understood: ${why}`);
}
