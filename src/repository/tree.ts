/**
 * Trees (restic design: Trees and Data): a folder as JSON, `{"nodes":[…]}\n`, ascending by raw
 * name bytes, with Go's field order and escapes. A tree's ID is the hash of these bytes, so they
 * are exact: every tree that restic wrote is read and written again to the same bytes.
 */
import { toRfc3339Nano } from "#time";
import type { Entry, EntryType, ExtendedAttribute } from "#image";
import { goJsonString, goQuote } from "./go-json.ts";

/** Go's os.FileMode bits, which are not POSIX's. */
const goModeBits = {
  directory: 0x8000_0000,
  symlink: 0x0800_0000,
  "block-device": 0x0400_0000,
  "character-device": 0x0420_0000,
  fifo: 0x0200_0000,
  socket: 0x0100_0000,
  file: 0,
} as const satisfies Record<EntryType, number>;
const goSetuid = 0x0080_0000;
const goSetgid = 0x0040_0000;
const goSticky = 0x0010_0000;

export const resticTypes: Readonly<Record<EntryType, string>> = {
  file: "file",
  directory: "dir",
  symlink: "symlink",
  "block-device": "dev",
  "character-device": "chardev",
  fifo: "fifo",
  socket: "socket",
};

/** Go's FileMode of an entry. */
export function goMode(type: EntryType, mode: number): number {
  let bits: number = goModeBits[type] + (mode & 0o777);
  if ((mode & 0o4000) !== 0) bits += goSetuid;
  if ((mode & 0o2000) !== 0) bits += goSetgid;
  if ((mode & 0o1000) !== 0) bits += goSticky;
  return bits;
}

/** POSIX permission bits (0o7777) of Go's FileMode. */
export function posixMode(goFileMode: number): number {
  let mode = goFileMode & 0o777;
  if ((goFileMode & goSetuid) !== 0) mode |= 0o4000;
  if ((goFileMode & goSetgid) !== 0) mode |= 0o2000;
  if ((goFileMode & goSticky) !== 0) mode |= 0o1000;
  return mode;
}

/**
 * A node as its JSON says it. Text fields are one character per byte; numbers that may pass 2^53
 * are decimal text. `undefined` is a field that Go omits because it is zero.
 */
export type NodeRecord = {
  /** After Go's strconv.Quote, without the quotes. */
  readonly quotedName: string;
  readonly type: string;
  /** Go's FileMode. */
  readonly mode: number;
  readonly mtime?: string;
  readonly atime?: string;
  readonly ctime?: string;
  readonly uid: number;
  readonly gid: number;
  readonly user?: string;
  readonly group?: string;
  readonly inode?: string;
  readonly deviceId?: string;
  readonly size?: string;
  readonly links?: string;
  readonly linkTarget?: string;
  readonly linkTargetRaw?: string;
  readonly attributes?: readonly { readonly name: string; readonly value: string | null }[];
  readonly device?: string;
  /** Blob IDs in hexadecimal; null for what is not a file. */
  readonly content: readonly string[] | null;
  readonly subtree?: string;
  readonly error?: string;
};

export type NodeContent = {
  /** Hexadecimal IDs of a file's blobs, in order. */
  readonly blobs?: readonly string[];
  readonly subtree?: string;
  readonly attributes?: readonly ExtendedAttribute[];
};

/** The record of an entry. atime is kept equal to mtime: reading mail must not change its tree. */
export function nodeRecordOf(entry: Entry, content: NodeContent): NodeRecord {
  const mtime = timeText(entry.mtimeNs);
  const isDirectory = entry.type === "directory";
  const attributes = content.attributes ?? [];
  return {
    quotedName: goQuote(entry.name),
    type: resticTypes[entry.type],
    mode: goMode(entry.type, entry.mode),
    mtime,
    atime: mtime,
    ctime: entry.ctimeNs === entry.mtimeNs ? mtime : timeText(entry.ctimeNs),
    uid: entry.uid,
    gid: entry.gid,
    ...(entry.user ? { user: rawText(entry.user) } : {}),
    ...(entry.group ? { group: rawText(entry.group) } : {}),
    ...(entry.inode === 0n ? {} : { inode: String(entry.inode) }),
    // Only hard links need it, and each snapshot of a btrfs volume has another.
    ...(entry.links > 1 && !isDirectory ? { deviceId: String(entry.deviceId) } : {}),
    ...(entry.type === "file" && entry.sizeBytes > 0 ? { size: String(entry.sizeBytes) } : {}),
    ...(isDirectory ? {} : { links: String(entry.links) }),
    ...(entry.linkTarget === undefined ? {} : linkTargetFields(entry.linkTarget)),
    ...(attributes.length === 0 ? {} : { attributes: attributes.map(attributeFields) }),
    ...(entry.device === undefined ? {} : { device: String(entry.device) }),
    content: entry.type === "file" ? (content.blobs ?? []) : null,
    ...(content.subtree === undefined ? {} : { subtree: content.subtree }),
  };
}

/** The JSON of one node in Go's field order, one character per byte. */
export function encodeNode(node: NodeRecord): string {
  let json = `{"name":${goJsonString(node.quotedName)},"type":${goJsonString(node.type)}`;
  if (node.mode !== 0) json += `,"mode":${node.mode}`;
  // Go never omits a struct, so times are always there.
  json += `,"mtime":"${node.mtime ?? goZeroTime}","atime":"${node.atime ?? goZeroTime}"`;
  json += `,"ctime":"${node.ctime ?? goZeroTime}","uid":${node.uid},"gid":${node.gid}`;
  if (node.user) json += `,"user":${goJsonString(node.user)}`;
  if (node.group) json += `,"group":${goJsonString(node.group)}`;
  json += numberField("inode", node.inode) + numberField("device_id", node.deviceId);
  json += numberField("size", node.size) + numberField("links", node.links);
  if (node.linkTarget) json += `,"linktarget":${goJsonString(node.linkTarget)}`;
  if (node.linkTargetRaw) json += `,"linktarget_raw":"${node.linkTargetRaw}"`;
  if (node.attributes !== undefined && node.attributes.length > 0) {
    json += `,"extended_attributes":[${node.attributes.map(encodeAttribute).join(",")}]`;
  }
  json += numberField("device", node.device);
  json += `,"content":${encodeContent(node.content)}`;
  if (node.subtree !== undefined) json += `,"subtree":"${node.subtree}"`;
  if (node.error) json += `,"error":${goJsonString(node.error)}`;
  return `${json}}`;
}

const earliestNs = -62_135_596_800_000_000_000n;
const latestNs = 253_402_300_799_999_999_999n;

/** Files may carry times that four digits of a year cannot say; the nearest that can is written, as restic does. */
function timeText(instantNs: bigint): string {
  const clamped = instantNs < earliestNs ? earliestNs : instantNs > latestNs ? latestNs : instantNs;
  return toRfc3339Nano(clamped);
}

const goZeroTime = "0001-01-01T00:00:00Z";

function numberField(name: string, value: string | undefined): string {
  return value === undefined || value === "0" ? "" : `,"${name}":${value}`;
}

function encodeContent(content: readonly string[] | null): string {
  if (content === null) return "null";
  return content.length === 0 ? "[]" : `["${content.join('","')}"]`;
}

function linkTargetFields(raw: string): { linkTarget: string; linkTargetRaw?: string } {
  const bytes = Buffer.from(raw, "latin1");
  if (Buffer.from(bytes.toString("utf8"), "utf8").equals(bytes)) return { linkTarget: raw };
  // restic ≥ 0.17 keeps targets that are not UTF-8 so; older ones would lose the bytes.
  return { linkTarget: raw, linkTargetRaw: bytes.toString("base64") };
}

function attributeFields(attribute: ExtendedAttribute): { name: string; value: string } {
  return { name: rawText(attribute.name), value: Buffer.from(attribute.value).toString("base64") };
}

function encodeAttribute(attribute: { name: string; value: string | null }): string {
  const value = attribute.value === null ? "null" : `"${attribute.value}"`;
  return `{"name":${goJsonString(attribute.name)},"value":${value}}`;
}

/** One character per byte, of text. */
export function rawText(text: string): string {
  // oxlint-disable-next-line no-control-regex
  return /^[\x00-\x7f]*$/.test(text) ? text : Buffer.from(text, "utf8").toString("latin1");
}

/** The bytes of a tree of nodes already encoded, in ascending order of their raw names. */
export function encodeTree(nodes: readonly string[]): Buffer {
  return Buffer.from(`{"nodes":[${nodes.join(",")}]}\n`, "latin1");
}
