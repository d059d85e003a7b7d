/**
 * The blobs of many files of one folder, found by one pass over its tree's bytes. Parsing a tree
 * of 100,000 messages makes a million objects of which nearly none is wanted here.
 */
import type { RawName } from "#image";
import { goJsonString, goQuote } from "./go-json.ts";
import { entryOfNode, isSafeName, parseTree } from "./parse-tree.ts";
import type { TreeFolder } from "./tree-folder.ts";

/** 32 bytes a blob; `undefined` for what is not a file. */
export type FileContent = { readonly name: RawName; readonly ids: Uint8Array | undefined };

const nodeStart = Buffer.from('{"name":"');
const typeField = Buffer.from(',"type":"');
const fileType = Buffer.from('file"');
const contentField = Buffer.from(',"content":');
const quote = 0x22;
const backslash = 0x5c;

/**
 * What the tree says of these names; a name that it does not have is left out. Throws
 * `repository.damaged` where the bytes are not a tree.
 */
export function* findContents(
  bytes: Uint8Array,
  names: Iterable<RawName>,
  treeId: string,
): Generator<FileContent, void, undefined> {
  const wanted = new Map<string, RawName>();
  for (const name of names) if (isSafeName(name)) wanted.set(goJsonString(goQuote(name)), name);
  const tree = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = nextNode(tree, 0); at !== undefined && wanted.size > 0;) {
    const next = nextNode(tree, at.typeAt);
    const name = wanted.get(tree.toString("latin1", at.start + nodeStart.length - 1, at.nameEnd));
    if (name !== undefined) {
      const ids = idsOfNode(tree, at.typeAt, next?.start ?? tree.length);
      if (ids !== undefined) {
        wanted.delete(tree.toString("latin1", at.start + nodeStart.length - 1, at.nameEnd));
        yield { name, ids };
      }
    }
    at = next;
  }
  if (wanted.size > 0) yield* findParsed(bytes, new Set(wanted.values()), treeId);
}

/** The same of a folder that is kept. */
export function* keptContents(
  { listing, record }: TreeFolder,
  names: Iterable<RawName>,
): Generator<FileContent, void, undefined> {
  for (const name of names) {
    const content = record(listing.indexOf(name))?.content;
    if (content === undefined) continue;
    const ids = content === null ? undefined : Buffer.from(content.join(""), "hex");
    yield { name, ids };
  }
}

/** For what the pass did not recognise: no files, and trees that are written in another way. */
function* findParsed(
  bytes: Uint8Array,
  wanted: Set<RawName>,
  treeId: string,
): Generator<FileContent, void, undefined> {
  for (const record of parseTree(bytes, treeId)) {
    const entry = entryOfNode(record);
    if (entry === undefined || !wanted.delete(entry.name)) continue;
    const isFile = entry.type === "file";
    yield {
      name: entry.name,
      ids: isFile ? Buffer.from((record.content ?? []).join(""), "hex") : undefined,
    };
  }
}

/** `start` of the object, the end of its name's closing quote, and where the type's value begins. */
type NodePlace = { readonly start: number; readonly nameEnd: number; readonly typeAt: number };

/**
 * The next object that begins with a name and a type. Inside JSON strings a quote follows a
 * backslash, so that no string, however hostile, holds `{"` or `,"`.
 */
function nextNode(tree: Buffer, from: number): NodePlace | undefined {
  let start = tree.indexOf(nodeStart, from);
  while (start >= 0) {
    const nameEnd = endOfString(tree, start + nodeStart.length);
    if (nameEnd < 0) return undefined;
    const typeAt = nameEnd + typeField.length;
    // An extended attribute begins with its name, too; a value follows.
    if (startsWith(tree, typeField, nameEnd)) return { start, nameEnd, typeAt };
    start = tree.indexOf(nodeStart, nameEnd);
  }
  return undefined;
}

/** Offset just after the closing quote of a string whose content begins at `from`. */
function endOfString(bytes: Buffer, from: number): number {
  for (let at = from; at < bytes.length; at++) {
    const byte = bytes[at];
    if (byte === backslash) at++;
    else if (byte === quote) return at + 1;
  }
  return -1;
}

function startsWith(bytes: Buffer, prefix: Buffer, at: number): boolean {
  for (let index = 0; index < prefix.length; index++) {
    if (bytes[at + index] !== prefix[index]) return false;
  }
  return true;
}

/** IDs of a file's node between its type's value and `end`; undefined where it is not written as expected. */
function idsOfNode(tree: Buffer, typeAt: number, end: number): Uint8Array | undefined {
  if (!startsWith(tree, fileType, typeAt)) return undefined;
  const field = tree.indexOf(contentField, typeAt);
  if (field < 0 || field >= end) return undefined;
  const open = field + contentField.length;
  if (tree[open] !== 0x5b) return undefined;
  if (tree[open + 1] === 0x5d) return new Uint8Array(0);
  const close = tree.indexOf(0x5d, open);
  // `"` 64 digits `"` and a comma or the closing bracket.
  const count = (close - open) / 67;
  if (close < 0 || !Number.isInteger(count)) return undefined;
  const ids = new Uint8Array(count * 32);
  for (let id = 0; id < count; id++) {
    const at = open + 1 + id * 67;
    const isLast = id === count - 1;
    const delimited =
      tree[at] === quote && tree[at + 65] === quote && tree[at + 66] === (isLast ? 0x5d : 0x2c);
    if (!delimited || !parseHex(tree, at + 1, { into: ids, offset: id * 32 })) return undefined;
  }
  return ids;
}

function parseHex(
  bytes: Buffer,
  from: number,
  { into, offset }: { readonly into: Uint8Array; readonly offset: number },
): boolean {
  for (let at = 0; at < 32; at++) {
    const high = digits[bytes[from + at * 2] as number] as number;
    const low = digits[bytes[from + at * 2 + 1] as number] as number;
    if ((high | low) < 0) return false;
    into[offset + at] = (high << 4) | low;
  }
  return true;
}

/** Value of each byte as a lower-case hexadecimal digit; -1 for others. */
const digits = Int8Array.from({ length: 256 }, (_, byte) =>
  /^[0-9a-f]$/.test(String.fromCharCode(byte))
    ? Number.parseInt(String.fromCharCode(byte), 16)
    : -1,
);
