/**
 * A folder's tree (see tree.ts) from its columns: where one message of 100,000 was renamed, all of
 * them are encoded anew, and an object and a text for each would take ten times as long. What is
 * rare (extended attributes, folders, links, owners of their own) goes by way of `encodeNode`, whose
 * bytes these are in any case.
 */
import { endianness } from "node:os";
import type { Entry, ExtendedAttribute, Listing } from "#image";
import { goJsonString, goQuote } from "./go-json.ts";
import { JsonBytes } from "./json-bytes.ts";
import { encodeNode, goMode, nodeRecordOf, rawText } from "./tree.ts";

export type FolderContent = {
  readonly listing: Listing;
  /** IDs of entry n are ids[idEnds[n-1], idEnds[n]) × 32 bytes: blobs of a file, tree of a folder. */
  readonly idEnds: Uint32Array;
  readonly ids: Uint8Array;
  /** By position; most entries have none. */
  readonly attributes: ReadonlyMap<number, readonly ExtendedAttribute[]>;
  /** Positions that the tree leaves out. */
  readonly dropped: ReadonlySet<number>;
};

/** An entry's position and its IDs, counted in IDs. */
type Place = { readonly at: number; readonly from: number; readonly to: number };

const formatMask = 0o170000;
const formatFile = 0o100000;
/** More than all of a node but its name, its owner and its IDs. */
const nodeBytes = 512;
const idBytes = 32;
/** In hexadecimal, with quotes and comma. */
const idTextBytes = 67;

// Halves of the 64-bit columns, which are in this machine's own order.
const low = endianness() === "LE" ? 0 : 1;
const high = 1 - low;

const nameStart = bytesOf(`{"name":"`);
const atimeStart = bytesOf(`","atime":"`);
const ctimeStart = bytesOf(`","ctime":"`);
const inodeStart = bytesOf(`,"inode":`);
const deviceStart = bytesOf(`,"device_id":`);
const sizeStart = bytesOf(`,"size":`);
const linksStart = bytesOf(`,"links":`);
const contentStart = bytesOf(`,"content":["`);
const contentNext = bytesOf(`","`);
const contentEnd = bytesOf(`"]}`);
const contentNone = bytesOf(`,"content":[]}`);
const comma = bytesOf(",");

export class TreeEncoder {
  readonly #json = new JsonBytes();
  /** From the end of a file's name to its mtime, by mode. */
  readonly #heads = new Map<number, Uint8Array>();

  /** The bytes of the tree, the caller's own. */
  encode(folder: FolderContent): Uint8Array {
    const { listing, idEnds, attributes, dropped } = folder;
    const columns = new Columns(listing);
    this.#json.text(`{"nodes":[`);
    let isFirst = true;
    for (let at = 0, from = 0; at < listing.length; at++) {
      const to = idEnds[at] as number;
      if (!dropped.has(at)) {
        this.#json.reserve(1);
        if (!isFirst) this.#json.put(comma);
        isFirst = false;
        if (columns.isFile(at) && !attributes.has(at))
          this.#file(folder, columns, { at, from, to });
        else this.#json.text(rareNode(folder, { at, from, to }));
      }
      from = to;
    }
    this.#json.text("]}\n");
    return this.#json.take();
  }

  #file({ listing, ids }: FolderContent, columns: Columns, { at, from, to }: Place): void {
    const json = this.#json;
    const name = listing.names[at] as string;
    const owner = columns.ownerOf(at);
    json.reserve(nodeBytes + name.length + owner.length + (to - from) * idTextBytes);
    json.put(nameStart);
    if (!json.plain(name)) {
      json.text(goJsonString(goQuote(name)).slice(1, -1));
      json.reserve(nodeBytes + owner.length + (to - from) * idTextBytes);
    }
    json.put(this.#headOf(listing.modes[at] as number));
    const mtimeStart = json.time(
      columns.mtimes[at * 2 + low] as number,
      (columns.mtimes[at * 2 + high] as number) | 0,
    );
    const mtimeEnd = json.length;
    json.put(atimeStart);
    json.again(mtimeStart, mtimeEnd);
    json.put(ctimeStart);
    json.time(
      columns.ctimes[at * 2 + low] as number,
      (columns.ctimes[at * 2 + high] as number) | 0,
    );
    json.put(owner);
    const links = listing.links[at] as number;
    this.#field(inodeStart, columns.inodes, at);
    if (links > 1) this.#field(deviceStart, columns.deviceIds, at);
    this.#number(sizeStart, listing.sizes[at] as number);
    this.#number(linksStart, links);
    this.#content(ids, from * idBytes, to * idBytes);
  }

  #headOf(mode: number): Uint8Array {
    const known = this.#heads.get(mode);
    if (known !== undefined) return known;
    const bits = goMode("file", mode & 0o7777);
    const head = bytesOf(`","type":"file"${bits === 0 ? "" : `,"mode":${bits}`},"mtime":"`);
    this.#heads.set(mode, head);
    return head;
  }

  /** Numbers that are 0 are not there. */
  #number(start: Uint8Array, value: number): void {
    if (value <= 0) return;
    this.#json.put(start);
    this.#json.number(value);
  }

  #field(start: Uint8Array, halves: Uint32Array, at: number): void {
    const [lowHalf, highHalf] = [halves[at * 2 + low] as number, halves[at * 2 + high] as number];
    if (highHalf < 0x20_0000) return this.#number(start, highHalf * 0x1_0000_0000 + lowHalf);
    this.#json.put(start);
    this.#json.text(String((BigInt(highHalf) << 32n) | BigInt(lowHalf)));
  }

  #content(ids: Uint8Array, from: number, to: number): void {
    const json = this.#json;
    if (from === to) return json.put(contentNone);
    json.put(contentStart);
    for (let at = from; at < to; at += idBytes) {
      if (at > from) json.put(contentNext);
      json.hex(ids, at, at + idBytes);
    }
    json.put(contentEnd);
  }
}

/** A listing's columns as the encoder reads them: a BigInt for each time would be garbage. */
class Columns {
  readonly mtimes: Uint32Array;
  readonly ctimes: Uint32Array;
  readonly inodes: Uint32Array;
  readonly deviceIds: Uint32Array;
  readonly #listing: Listing;
  #owner: { uid: number; gid: number; text: Uint8Array } | undefined;

  constructor(listing: Listing) {
    this.#listing = listing;
    this.mtimes = halvesOf(listing.mtimesNs);
    this.ctimes = halvesOf(listing.ctimesNs);
    this.inodes = halvesOf(listing.inodes);
    this.deviceIds = halvesOf(listing.deviceIds);
  }

  /** Whether it is a file, and its columns say all of it. */
  isFile(at: number): boolean {
    const mode = this.#listing.modes[at] as number;
    return (mode & formatMask) === formatFile && !this.#listing.hasExtra(at);
  }

  /** From the end of ctime to the group's name. */
  ownerOf(at: number): Uint8Array {
    const uid = this.#listing.uids[at] as number;
    const gid = this.#listing.gids[at] as number;
    if (this.#owner?.uid !== uid || this.#owner.gid !== gid)
      this.#owner = { uid, gid, text: ownerText(this.#listing.entry(at)) };
    return this.#owner.text;
  }
}

function ownerText({ uid, gid, user, group }: Entry): Uint8Array {
  let json = `","uid":${uid},"gid":${gid}`;
  if (user) json += `,"user":${goJsonString(rawText(user))}`;
  if (group) json += `,"group":${goJsonString(rawText(group))}`;
  return bytesOf(json);
}

/** The JSON of any entry, one character per byte. */
function rareNode({ listing, ids, attributes }: FolderContent, { at, from, to }: Place): string {
  const entry = listing.entry(at);
  const own = attributes.get(at) ?? [];
  const hex = hexOf(ids.subarray(from * idBytes, to * idBytes));
  if (entry.type === "directory")
    return encodeNode(nodeRecordOf(entry, { subtree: hex, attributes: own }));
  if (entry.type !== "file") return encodeNode(nodeRecordOf(entry, { attributes: own }));
  const blobs: string[] = [];
  for (let start = 0; start < hex.length; start += 64) blobs.push(hex.slice(start, start + 64));
  return encodeNode(nodeRecordOf(entry, { blobs, attributes: own }));
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("hex");
}

function halvesOf(column: BigUint64Array | BigInt64Array): Uint32Array {
  return new Uint32Array(column.buffer, column.byteOffset, column.length * 2);
}

function bytesOf(raw: string): Uint8Array {
  return Buffer.from(raw, "latin1");
}
