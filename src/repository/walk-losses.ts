/** Everything that the trees of snapshots name and that cannot be had. */
import { displayPath, type RawName } from "#image";
import type { BlobIndex, BlobLocation } from "./blob-index.ts";
import { openBlob } from "./blob-reader.ts";
import { openCompressor } from "./compression.ts";
import { isDamage } from "./is-damage.ts";
import { entryOfNode, parseTree } from "./parse-tree.ts";
import type { RepositoryCore } from "./repository-core.ts";
import type { Snapshot } from "./repository.ts";
import type { NodeRecord } from "./tree.ts";

export type Loss = {
  readonly kind: "file" | "folder";
  /** As stored, for a person to read; "/" is the top. */
  readonly path: string;
  /** The same as raw names, from the top. */
  readonly names: readonly RawName[];
  /** The first snapshot in which it was met; others may share it. */
  readonly snapshot: Snapshot;
  readonly state: string;
  /** Of a folder whose tree is there and cannot be read: what failed. */
  readonly error?: unknown;
  /** Of a folder: where its tree lies. */
  readonly location?: BlobLocation | undefined;
  /** Its tree, in hexadecimal; of a file that of the folder which names it. */
  readonly tree: string;
};

export type WalkLossesOptions = {
  readonly index: BlobIndex;
  readonly snapshots: readonly Snapshot[];
  /** Whether a blob that the index knows cannot be read all the same. */
  readonly isBad: (id: Uint8Array) => boolean;
  readonly onLoss: (loss: Loss) => void;
  /** Each tree that could be read, once. */
  readonly onTree?: (tree: string, subtrees: readonly string[]) => void;
  readonly signal?: AbortSignal | undefined;
};

type Place = {
  readonly tree: string;
  readonly names: readonly RawName[];
  readonly snapshot: Snapshot;
};

/** Every tree once; the first path on which a lack is met names it. */
export async function walkLosses(core: RepositoryCore, options: WalkLossesOptions): Promise<void> {
  const { index, snapshots, onLoss, onTree, signal } = options;
  const seen = new Set<string>();
  const reader = treeReader(core, signal);
  const stack: Place[] = snapshots.map((snapshot) => ({
    tree: snapshot.tree,
    names: [],
    snapshot,
  }));
  for (let place = stack.pop(); place !== undefined; place = stack.pop()) {
    signal?.throwIfAborted();
    const { tree, names, snapshot } = place;
    if (seen.has(tree)) continue;
    seen.add(tree);
    const folder = { kind: "folder", path: pathOf(names), names, snapshot, tree } as const;
    const location = index.lookup(Buffer.from(tree, "hex"), "tree");
    if (location === undefined) {
      onLoss({ ...folder, state: "its tree is in no index" });
      continue;
    }
    let nodes: readonly NodeRecord[];
    try {
      nodes = await reader(tree, location);
    } catch (error) {
      signal?.throwIfAborted();
      if (!isDamage(error)) throw error;
      onLoss({ ...folder, state: "its tree cannot be read", error, location });
      continue;
    }
    onTree?.(tree, subtreesOf(nodes));
    for (const node of nodes) {
      const state = lackOf(node, options);
      if (node.subtree === undefined && state === undefined) continue;
      const inner = { names: [...names, nameOfNode(node)], snapshot };
      if (node.subtree !== undefined) stack.push({ tree: node.subtree, ...inner });
      if (state !== undefined)
        onLoss({ kind: "file", path: pathOf(inner.names), ...inner, state, tree });
    }
  }
}

/** A node's name as bytes; as it is written where it is no name. */
export function nameOfNode(node: NodeRecord): RawName {
  return entryOfNode(node)?.name ?? (node.quotedName as RawName);
}

function pathOf(names: readonly RawName[]): string {
  return displayPath(`/${names.join("/")}` as RawName);
}

/** What is lost of a file's content; undefined where nothing is. */
export function lackOf(
  { content }: NodeRecord,
  { index, isBad }: Pick<WalkLossesOptions, "index" | "isBad">,
): string | undefined {
  for (const hex of content ?? []) {
    const id = Buffer.from(hex, "hex");
    if (!index.has(id, "data")) return "a part of it is in no index";
    if (isBad(id)) return "a part of it cannot be read";
  }
  return undefined;
}

function subtreesOf(nodes: readonly NodeRecord[]): readonly string[] {
  return nodes.flatMap(({ subtree }) => subtree ?? []);
}

export type TreeReader = (tree: string, location: BlobLocation) => Promise<readonly NodeRecord[]>;

export function treeReader(core: RepositoryCore, signal: AbortSignal | undefined): TreeReader {
  const compressor = openCompressor();
  const { storage, sealer } = core.context;
  const optional = signal === undefined ? {} : { signal };
  return async (tree, location) => {
    const { packId: name, offset, lengthBytes } = location;
    const range = { offset, lengthBytes, ...optional };
    const sealed = await storage.load({ type: "data", name }, range);
    const id = Buffer.from(tree, "hex");
    return parseTree(openBlob(sealed, { id, location, sealer, compressor }), tree);
  };
}
