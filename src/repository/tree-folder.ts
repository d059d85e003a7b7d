/** A folder of a snapshot, out of its tree: the listing in columns, and each node's record when it is asked for. */
import { isRecoveryError } from "#errors";
import { type Listing, ListingBuilder } from "#image";
import { NodeScanner } from "./node-scanner.ts";
import { entryOfNode, listingOfNodes, parseNodeAt, parseTree, recordIn } from "./parse-tree.ts";
import type { NodeRecord } from "./tree.ts";

export type TreeFolder = {
  readonly treeId: string;
  readonly listing: Listing;
  /** The node of an entry, by its position in the listing; undefined where there is none. */
  readonly record: (index: number) => NodeRecord | undefined;
  /** Whether any node has extended attributes. */
  readonly hasAttributes: boolean;
  /** Nodes that are left out: their names or types could do harm. */
  readonly unsafe: readonly NodeRecord[];
  /** Memory that it holds, about. */
  readonly sizeBytes: number;
};

/** Of an entry in a listing, its name included. */
const rowBytes = 200;
/** Of a record, which is made of texts. */
const recordBytes = 1200;
/** Of a message's node; a guess that spares columns from growing. */
const usualNodeBytes = 400;

const treeStart = Buffer.from(`{"nodes":[`);
const treeEnds: readonly Buffer[] = [Buffer.from("]}\n"), Buffer.from("]}")];

/**
 * The folder of a tree, exactly as `parseTree` and `listingOfNodes` understand it. The bytes are kept:
 * they must not change. Throws `repository.damaged` where they are not a tree.
 */
export function readTreeFolder(bytes: Uint8Array, treeId: string): TreeFolder {
  return scannedFolder(bytes, treeId) ?? parsedFolder(bytes, treeId);
}

/** Any tree; without the node of one name where that is given. */
export function parsedFolder(bytes: Uint8Array, treeId: string, without?: string): TreeFolder {
  const unsafe: NodeRecord[] = [];
  const nodes = parseTree(bytes, treeId).filter(({ quotedName }) => quotedName !== without);
  const { listing, records } = listingOfNodes(nodes, (node) => unsafe.push(node));
  return {
    treeId,
    listing,
    record: (index) => records[index],
    hasAttributes: records.some(({ attributes }) => attributes !== undefined),
    unsafe,
    sizeBytes: listing.length * (rowBytes + recordBytes),
  };
}

/** Undefined where the tree is not written as usual: then all of it is parsed. */
export function scannedFolder(source: Uint8Array, treeId: string): TreeFolder | undefined {
  const bytes = Buffer.from(source.buffer, source.byteOffset, source.byteLength);
  if (!bytes.subarray(0, treeStart.length).equals(treeStart)) return undefined;
  const expected = Math.ceil(bytes.length / usualNodeBytes);
  const builder = new ListingBuilder({
    expected,
    userOf: (uid) => scanner.users.get(uid),
    groupOf: (gid) => scanner.groups.get(gid),
  });
  const scanner = new NodeScanner(bytes, builder);
  const places = new Places(expected);
  const unsafe: NodeRecord[] = [];
  let hasAttributes = false;
  let at = treeStart.length;
  if (bytes[at] !== 0x5d) {
    for (;;) {
      let end = scanner.scan(at);
      if (end < 0) {
        const node = nodeAt(bytes, at, treeId);
        if (node === undefined) return undefined;
        end = node.end;
        hasAttributes ||= node.record.attributes !== undefined;
        const entry = entryOfNode(node.record);
        if (entry === undefined) unsafe.push(node.record);
        else if (!scanner.add(entry)) return undefined;
      }
      if (scanner.length > places.length) places.add(at, end);
      if (bytes[end] !== 0x2c) {
        at = end;
        break;
      }
      at = end + 1;
    }
  }
  if (!treeEnds.some((end) => end.equals(bytes.subarray(at)))) return undefined;
  scanner.flush();
  const listing = builder.buildAscending();
  if (listing === undefined) return undefined;
  return {
    treeId,
    listing,
    record: (index) => {
      const place = places.at(index);
      return place === undefined ? undefined : recordIn(bytes.subarray(...place), treeId);
    },
    hasAttributes,
    unsafe,
    sizeBytes: bytes.length + listing.length * rowBytes,
  };
}

/** Undefined where there is none: what is wrong is for the parser of the whole tree to say. */
function nodeAt(bytes: Buffer, at: number, treeId: string): ReturnType<typeof parseNodeAt> {
  try {
    return parseNodeAt(bytes, at, treeId);
  } catch (error) {
    if (!isRecoveryError(error)) throw error;
    return undefined;
  }
}

/** Where in the tree each entry's node is. */
class Places {
  #bounds: Uint32Array;
  length = 0;

  constructor(expected: number) {
    this.#bounds = new Uint32Array(Math.max(expected, 1) * 2);
  }

  add(from: number, to: number): void {
    if (this.length * 2 === this.#bounds.length) {
      const larger = new Uint32Array(this.#bounds.length * 2);
      larger.set(this.#bounds);
      this.#bounds = larger;
    }
    this.#bounds[this.length * 2] = from;
    this.#bounds[this.length * 2 + 1] = to;
    this.length++;
  }

  at(index: number): readonly [number, number] | undefined {
    if (!(index >= 0 && index < this.length)) return undefined;
    return [this.#bounds[index * 2] as number, this.#bounds[index * 2 + 1] as number];
  }
}
