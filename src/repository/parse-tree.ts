/** Reading trees: restic's, rustic's and our own. */
import {
  type Entry,
  type EntryType,
  ListingBuilder,
  type Listing,
  type RawName,
  type RawPath,
} from "#image";
import { parseRfc3339 } from "#time";
import { goUnquote } from "./go-json.ts";
import { RepositoryError } from "./repository-error.ts";
import { type NodeRecord, posixMode, rawText, resticTypes } from "./tree.ts";

type JsonObject = { readonly [key: string]: unknown };

/** All nodes of a tree. Throws `repository.damaged` where the bytes are not a tree. */
export function parseTree(bytes: Uint8Array, treeId: string): readonly NodeRecord[] {
  const value = parseExactJson(bytes, treeId);
  const nodes = isObject(value) ? value["nodes"] : undefined;
  if (nodes === null) return [];
  if (!Array.isArray(nodes)) throw damagedTree(treeId, "it has no list of nodes");
  return nodes.map((node: unknown) => nodeRecord(node, treeId));
}

export type TreeReferences = {
  /** Hexadecimal IDs of data blobs. */
  readonly contents: readonly string[];
  /** Of trees. */
  readonly subtrees: readonly string[];
  /** Whether every node has a name and a type, without which `parseTree` takes none of them. */
  readonly isNamed: boolean;
};

/**
 * What a tree needs, and nothing else of it: a tenth of the work of reading its nodes. Throws
 * `repository.damaged` where the bytes are not a tree.
 */
export function treeReferences(bytes: Uint8Array, treeId: string): TreeReferences {
  const value = parseLooseJson(bytes, treeId);
  const nodes = isObject(value) ? value["nodes"] : undefined;
  const contents: string[] = [];
  const subtrees: string[] = [];
  let isNamed = true;
  if (nodes === null) return { contents, subtrees, isNamed };
  if (!Array.isArray(nodes)) throw damagedTree(treeId, "it has no list of nodes");
  for (const node of nodes as readonly unknown[]) {
    if (!isObject(node)) throw damagedTree(treeId, "a node is not an object");
    if (typeof node["name"] !== "string" || typeof node["type"] !== "string") isNamed = false;
    for (const id of contentOf(node["content"], treeId) ?? []) contents.push(id);
    const subtree = node["subtree"];
    if (typeof subtree !== "string") continue;
    if (!hexId.test(subtree)) throw damagedTree(treeId, "a subtree is not an ID");
    subtrees.push(subtree);
  }
  return { contents, subtrees, isNamed };
}

/** Numbers may lose digits: for who reads none. */
function parseLooseJson(bytes: Uint8Array, treeId: string): unknown {
  try {
    return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString());
  } catch (cause) {
    throw damagedTree(treeId, "it is not JSON", cause);
  }
}

/**
 * The one node with this quoted name, found without parsing the others: in a folder of 100,000
 * messages that is the difference between a millisecond and a second. A node begins with its
 * name and type (an extended attribute with a name and value), and inside JSON strings quotes are
 * escaped, so the pattern stands nowhere else.
 * Undefined where it is not found so; parse the whole tree then.
 */
export function findNode(
  bytes: Uint8Array,
  jsonName: string,
  treeId: string,
): NodeRecord | undefined {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const start = buffer.indexOf(Buffer.from(`{"name":${jsonName},"type":"`, "latin1"));
  if (start < 0) return undefined;
  return parseNodeAt(buffer, start, treeId)?.record;
}

/** The node whose object starts at a place, and where that ends; undefined where it does not end. */
export function parseNodeAt(
  bytes: Buffer,
  start: number,
  treeId: string,
): { readonly record: NodeRecord; readonly end: number } | undefined {
  const end = endOfObject(bytes, start);
  return end < 0 ? undefined : { record: recordIn(bytes.subarray(start, end), treeId), end };
}

/** Of a node's own bytes. */
export function recordIn(bytes: Uint8Array, treeId: string): NodeRecord {
  return nodeRecord(parseExactJson(bytes, treeId), treeId);
}

/** Offset just after the object that starts at `start`; -1 where it does not end. */
function endOfObject(bytes: Uint8Array, start: number): number {
  let depth = 0;
  let inString = false;
  for (let at = start; at < bytes.length; at++) {
    const byte = bytes[at];
    if (inString) {
      if (byte === 0x5c) at++;
      else if (byte === 0x22) inString = false;
    } else if (byte === 0x22) inString = true;
    else if (byte === 0x7b) depth++;
    else if (byte === 0x7d && --depth === 0) return at + 1;
  }
  return -1;
}

/** JSON.parse that keeps integers of 16 digits and more as decimal text. */
function parseExactJson(bytes: Uint8Array, treeId: string): unknown {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
  try {
    if (!/:\s*\d{16}/.test(text)) return JSON.parse(text);
    const reviver = (_key: string, value: unknown, context: { source?: string }): unknown =>
      typeof value === "number" && !Number.isSafeInteger(value) ? (context.source ?? value) : value;
    return JSON.parse(text, reviver as (key: string, value: unknown) => unknown);
  } catch (cause) {
    throw damagedTree(treeId, "it is not JSON", cause);
  }
}

const hexId = /^[0-9a-f]{64}$/;

function nodeRecord(value: unknown, treeId: string): NodeRecord {
  if (!isObject(value)) throw damagedTree(treeId, "a node is not an object");
  const text = (key: string): string | undefined => {
    const field = value[key];
    return typeof field === "string" ? field : undefined;
  };
  const raw = (key: string): string | undefined => {
    const field = text(key);
    return field === undefined ? undefined : rawText(field);
  };
  const quotedName = raw("name");
  const type = text("type");
  if (quotedName === undefined || type === undefined)
    throw damagedTree(treeId, "a node has no name or type");
  const subtree = text("subtree");
  if (subtree !== undefined && !hexId.test(subtree))
    throw damagedTree(treeId, "a subtree is not an ID");
  const fields = {
    mtime: text("mtime"),
    atime: text("atime"),
    ctime: text("ctime"),
    user: raw("user"),
    group: raw("group"),
    inode: decimal(value["inode"]),
    deviceId: decimal(value["device_id"]),
    size: decimal(value["size"]),
    links: decimal(value["links"]),
    linkTarget: rawTarget(text("linktarget_raw")) ?? raw("linktarget"),
    linkTargetRaw: text("linktarget_raw"),
    attributes: attributesOf(value["extended_attributes"]),
    device: decimal(value["device"]),
    subtree,
    error: raw("error"),
  };
  return {
    quotedName,
    type,
    mode: Number(decimal(value["mode"]) ?? 0),
    uid: Number(decimal(value["uid"]) ?? 0),
    gid: Number(decimal(value["gid"]) ?? 0),
    content: contentOf(value["content"], treeId),
    ...withoutUndefined(fields),
  };
}

/** The target's own bytes; its text beside them has U+FFFD in their place. */
function rawTarget(base64: string | undefined): string | undefined {
  return base64 === undefined ? undefined : Buffer.from(base64, "base64").toString("latin1");
}

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

function withoutUndefined<T extends object>(fields: T): Defined<T> {
  const result: Defined<T> = {};
  for (const key of Object.keys(fields) as (keyof T)[]) {
    if (fields[key] !== undefined) result[key] = fields[key] as Exclude<T[typeof key], undefined>;
  }
  return result;
}

function decimal(value: unknown): string | undefined {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return String(value);
  return typeof value === "string" && /^\d{1,20}$/.test(value) ? value : undefined;
}

function attributesOf(value: unknown): { name: string; value: string | null }[] | undefined {
  if (!Array.isArray(value)) return undefined;
  return value.filter(isObject).map((attribute) => ({
    name: rawText(String(attribute["name"])),
    value: typeof attribute["value"] === "string" ? attribute["value"] : null,
  }));
}

function contentOf(value: unknown, treeId: string): readonly string[] | null {
  if (value === null || value === undefined) return null;
  const isId = (id: unknown): id is string => typeof id === "string" && hexId.test(id);
  if (Array.isArray(value) && value.every(isId)) return value;
  throw damagedTree(treeId, "a file's content is not a list of IDs");
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function damagedTree(treeId: string, state: string, cause?: unknown): RepositoryError {
  return new RepositoryError(
    "repository.damaged",
    `Cannot read tree ${treeId.slice(0, 8)}: ${state}`,
    {
      hint: "Run `restante verify` to see which moments are affected.",
      ...(cause === undefined ? {} : { cause }),
    },
  );
}

const entryTypeOfRestic: ReadonlyMap<string, EntryType> = new Map(
  (Object.entries(resticTypes) as [EntryType, string][]).map(([type, name]) => [name, type]),
);

/** Names that must never reach a filesystem: a tree is data that somebody else may have written. */
export function isSafeName(name: string): boolean {
  return (
    name !== "" && name !== "." && name !== ".." && !name.includes("/") && !name.includes("\0")
  );
}

/** The entry of a node; undefined where its name or type could do harm or is unknown. */
export function entryOfNode(node: NodeRecord): Entry | undefined {
  const name = goUnquote(Buffer.from(node.quotedName, "latin1").toString("utf8"));
  const type = entryTypeOfRestic.get(node.type);
  if (name === undefined || type === undefined || !isSafeName(name)) return undefined;
  const { linkTarget } = node;
  return {
    name: name as RawName,
    type,
    mode: posixMode(node.mode),
    uid: node.uid,
    gid: node.gid,
    ...(node.user === undefined ? {} : { user: textOfRaw(node.user) }),
    ...(node.group === undefined ? {} : { group: textOfRaw(node.group) }),
    sizeBytes: Number(node.size ?? 0),
    mtimeNs: timeOf(node.mtime),
    ctimeNs: timeOf(node.ctime),
    inode: BigInt(node.inode ?? 0),
    deviceId: BigInt(node.deviceId ?? 0),
    links: Number(node.links ?? (type === "directory" ? 1 : 0)),
    ...(linkTarget === undefined ? {} : { linkTarget: linkTarget as RawPath }),
    ...(node.device === undefined ? {} : { device: BigInt(node.device) }),
  };
}

/** 1970 where there is none that can be read: a file's bytes are worth more than its time. */
function timeOf(text: string | undefined): bigint {
  try {
    return text === undefined ? 0n : parseRfc3339(text);
  } catch {
    return 0n;
  }
}

/** Owners' names by their raw form: a tree says the same few for every message. */
const texts = new Map<string, string>();
const maxTexts = 1024;

function textOfRaw(raw: string): string {
  let text = texts.get(raw);
  if (text !== undefined) return text;
  text = Buffer.from(raw, "latin1").toString("utf8");
  if (texts.size >= maxTexts) texts.clear();
  texts.set(raw, text);
  return text;
}

/** Entries of a tree as a Listing, beside the record of each in the same order. */
export function listingOfNodes(
  nodes: readonly NodeRecord[],
  onUnsafe: (node: NodeRecord) => void,
): { readonly listing: Listing; readonly records: readonly NodeRecord[] } {
  const builder = new ListingBuilder();
  const kept: { name: RawName; record: NodeRecord }[] = [];
  for (const record of nodes) {
    const entry = entryOfNode(record);
    if (entry === undefined) {
      onUnsafe(record);
      continue;
    }
    builder.add(entry);
    kept.push({ name: entry.name, record });
  }
  // restic writes them sorted; what another program wrote is sorted here, as Listing does.
  kept.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  return { listing: builder.build(), records: kept.map(({ record }) => record) };
}
