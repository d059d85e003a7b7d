/** A folder of a snapshot, out of its tree: the listing in columns, and each node's record when it is asked for. */
import { isRecoveryError } from "#errors";
import { type Listing, ListingBuilder } from "#image";
import { NodeScanner, type OwnerNames } from "./node-scanner.ts";
import { entryOfNode, listingOfNodes, parseNodeAt, parseTree, recordIn } from "./parse-tree.ts";
import type { NodeRecord } from "./tree.ts";

export type TreeFolder = {
  readonly treeId: string;
  readonly listing: Listing;
  /** The node of an entry, by its position in the listing; undefined where there is none. */
  readonly record: (index: number) => NodeRecord | undefined;
  /** IDs of a file's blobs with "+" between them; undefined where that takes the record. */
  contentText(index: number): string | undefined;
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
    contentText: () => undefined,
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
  const owners = { users: new Map() as OwnerNames, groups: new Map() as OwnerNames };
  const builder = new ListingBuilder({
    expected,
    userOf: nameIn(owners.users),
    groupOf: nameIn(owners.groups),
  });
  const scanner = new NodeScanner(bytes, builder, owners);
  const places = new Places(expected);
  const unsafe: NodeRecord[] = [];
  let hasAttributes = false;
  let at = treeStart.length;
  if (bytes[at] !== 0x5d) {
    for (;;) {
      let end = scanner.scan(at);
      const contentAt = end < 0 ? 0 : scanner.contentAt;
      if (end < 0) {
        const node = nodeAt(bytes, at, treeId);
        if (node === undefined) return undefined;
        end = node.end;
        hasAttributes ||= node.record.attributes !== undefined;
        const entry = entryOfNode(node.record);
        if (entry === undefined) unsafe.push(node.record);
        else if (!scanner.add(entry)) return undefined;
      }
      if (scanner.length > places.length) places.add({ from: at, to: end, contentAt });
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
      if (place === undefined) return undefined;
      return recordIn(bytes.subarray(place.from, place.to), treeId);
    },
    contentText: (index) => {
      const place = places.at(index);
      return place === undefined || place.contentAt === 0 ? undefined : idsIn(bytes, place);
    },
    hasAttributes,
    unsafe,
    sizeBytes: bytes.length + listing.length * rowBytes,
  };
}

/** Not a closure beside the others: a listing that is kept must not keep the tree's bytes. */
function nameIn(names: OwnerNames): (id: number) => string | undefined {
  return (id) => names.get(id);
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

/** Of a node that was scanned: what stands between the brackets at its end. */
function idsIn(bytes: Buffer, { contentAt, to }: Place): string {
  const quoted = bytes.toString("latin1", contentAt, to - "]}".length);
  return quoted.slice(1, -1).replaceAll('","', "+");
}

/** `contentAt`: after the bracket that begins its content; 0 for a node that was not scanned. */
type Place = { readonly from: number; readonly to: number; readonly contentAt: number };

/** Where in the tree each entry's node is. */
class Places {
  #bounds: Uint32Array;
  length = 0;

  constructor(expected: number) {
    this.#bounds = new Uint32Array(Math.max(expected, 1) * 3);
  }

  add({ from, to, contentAt }: Place): void {
    const at = this.length * 3;
    if (at === this.#bounds.length) {
      const larger = new Uint32Array(this.#bounds.length * 2);
      larger.set(this.#bounds);
      this.#bounds = larger;
    }
    this.#bounds[at] = from;
    this.#bounds[at + 1] = to;
    this.#bounds[at + 2] = contentAt;
    this.length++;
  }

  at(index: number): Place | undefined {
    if (!(index >= 0 && index < this.length)) return undefined;
    const [from = 0, to = 0, contentAt = 0] = this.#bounds.subarray(index * 3, index * 3 + 3);
    return { from, to, contentAt };
  }
}
