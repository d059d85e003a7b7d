/**
 * Which blobs a snapshot needs: its trees are walked in the source, and each blob is marked as there
 * or wanted. A tree or blob that the source has lost and the target still has is taken as it is there.
 */
import type { RecoveryError } from "#errors";
import { displayPath, type RawName } from "#image";
import type { BlobIndex, BlobLocation } from "./blob-index.ts";
import { openBlob } from "./blob-reader.ts";
import type { Compressor } from "./compression.ts";
import { isDamage } from "./is-damage.ts";
import { blobMarks, type DuplicateMarks } from "./duplicate-marks.ts";
import type { DuplicateLoss } from "./duplicate-result.ts";
import { blobMissing } from "./missing-blob.ts";
import type { BlobType } from "./pack-format.ts";
import { entryOfNode, parseTree } from "./parse-tree.ts";
import type { RepositoryCore } from "./repository-core.ts";
import type { NodeRecord } from "./tree.ts";

export type DuplicateSide = {
  readonly core: RepositoryCore;
  /** As it was when the lock had just been taken. */
  readonly index: BlobIndex;
};

export type DuplicateWalk = {
  readonly from: DuplicateSide;
  readonly to: DuplicateSide;
  readonly marks: DuplicateMarks;
  readonly compressor: Compressor;
  /** Trees that were walked, of all snapshots. */
  readonly walkedTrees: Set<string>;
  /** Trees that neither side can give. */
  readonly badTrees: Map<string, RecoveryError>;
  /** Blobs that only the target has, by ID and type. */
  readonly onlyThere: Map<string, NamedBlob>;
  /** Whether anything was found that some snapshot would lack: who is affected is looked up then. */
  isDamaged: boolean;
  readonly signal: AbortSignal;
};

export type NamedBlob = { readonly id: Uint8Array; readonly type: BlobType };

/** Marks every blob that the snapshot needs. Trees that were walked for an earlier one are not walked again. */
export async function markSnapshot(walk: DuplicateWalk, rootTree: string): Promise<void> {
  const waiting = [rootTree];
  for (let tree = waiting.pop(); tree !== undefined; tree = waiting.pop()) {
    walk.signal.throwIfAborted();
    if (walk.walkedTrees.has(tree)) continue;
    walk.walkedTrees.add(tree);
    markBlob(walk, { id: Buffer.from(tree, "hex"), type: "tree" });
    for (const node of (await readNodes(walk, tree)) ?? []) {
      for (const blob of node.content ?? [])
        markBlob(walk, { id: Buffer.from(blob, "hex"), type: "data" });
      if (node.subtree !== undefined) waiting.push(node.subtree);
    }
  }
}

function markBlob(walk: DuplicateWalk, { id, type }: NamedBlob): void {
  const { from, to, marks } = walk;
  const blob = from.index.find(id, type);
  if (blob < 0) {
    if (to.index.has(id, type)) walk.onlyThere.set(keyOf({ id, type }), { id, type });
    else walk.isDamaged = true;
  } else if (marks.of(blob) === blobMarks.unseen) {
    marks.set(blob, to.index.has(id, type) ? blobMarks.there : blobMarks.wanted);
  }
}

export function keyOf({ id, type }: NamedBlob): string {
  return `${type} ${Buffer.from(id).toString("latin1")}`;
}

/** Undefined where neither side can give the tree, which is noted. */
async function readNodes(
  walk: DuplicateWalk,
  tree: string,
): Promise<readonly NodeRecord[] | undefined> {
  const known = walk.badTrees.get(tree);
  if (known !== undefined) return undefined;
  let first: RecoveryError | undefined;
  for (const side of [walk.from, walk.to]) {
    try {
      return await readTree(side, { tree, walk });
    } catch (error) {
      walk.signal.throwIfAborted();
      if (!isDamage(error)) throw error;
      first ??= error;
    }
  }
  walk.badTrees.set(tree, first as RecoveryError);
  walk.isDamaged = true;
  return undefined;
}

async function readTree(
  { core, index }: DuplicateSide,
  { tree, walk }: { readonly tree: string; readonly walk: DuplicateWalk },
): Promise<readonly NodeRecord[]> {
  const { compressor, signal } = walk;
  const { storage, sealer } = core.context;
  const id = Buffer.from(tree, "hex");
  const location: BlobLocation | undefined = index.lookup(id, "tree");
  if (location === undefined) throw blobMissing(id, "tree");
  const { packId: name, offset, lengthBytes } = location;
  const sealed = await storage.load({ type: "data", name }, { offset, lengthBytes, signal });
  return parseTree(openBlob(sealed, { id, location, sealer, compressor }), tree);
}

export type Losses = { readonly losses: readonly DuplicateLoss[]; readonly lossCount: number };

/** So many are named; all are counted. */
const maxLosses = 1000;

/** The files and folders of a snapshot that would not come back whole. Walks all of its trees again. */
export async function findLosses(walk: DuplicateWalk, rootTree: string): Promise<Losses> {
  const losses: DuplicateLoss[] = [];
  let lossCount = 0;
  const lose = (path: string, reason: string): void => {
    lossCount++;
    if (losses.length < maxLosses) losses.push({ path, reason });
  };
  const seen = new Set<string>();
  const waiting = [{ tree: rootTree, path: "" }];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    walk.signal.throwIfAborted();
    const { tree, path } = next;
    if (seen.has(tree)) continue;
    seen.add(tree);
    const own = lossOf(walk, { id: Buffer.from(tree, "hex"), type: "tree" });
    const nodes = await readNodes(walk, tree);
    if (nodes === undefined || own !== undefined) {
      const reason = own ?? walk.badTrees.get(tree)?.message ?? "its tree cannot be read";
      lose(path === "" ? "/" : path, reason);
    }
    for (const node of nodes ?? []) {
      const name = displayPath((entryOfNode(node)?.name ?? node.quotedName) as RawName);
      const inner = `${path}/${name}`;
      if (node.subtree !== undefined) waiting.push({ tree: node.subtree, path: inner });
      const reason = firstLoss(walk, node.content ?? []);
      if (reason !== undefined) lose(inner, reason);
    }
  }
  return { losses: losses.toSorted((a, b) => (a.path < b.path ? -1 : 1)), lossCount };
}

function firstLoss(walk: DuplicateWalk, content: readonly string[]): string | undefined {
  for (const hex of content) {
    const reason = lossOf(walk, { id: Buffer.from(hex, "hex"), type: "data" });
    if (reason !== undefined) return reason;
  }
  return undefined;
}

function lossOf({ from, onlyThere, marks }: DuplicateWalk, named: NamedBlob): string | undefined {
  const blob = from.index.find(named.id, named.type);
  if (blob < 0)
    return onlyThere.has(keyOf(named)) ? undefined : "a part of it is in no index of the source";
  switch (marks.of(blob)) {
    case blobMarks.lost:
      return "a part of it cannot be read in the source";
    case blobMarks.lostThere:
      return "a part of it does not read back from the target";
    case blobMarks.wanted:
    case blobMarks.unseen:
      return "a part of it was not copied";
    case blobMarks.there:
    case blobMarks.copied:
    case blobMarks.verified:
      return undefined;
  }
}
