/**
 * Which blobs the moments of a repository need: the trees of all snapshots are walked level by level,
 * each once, in the order in which they lie in packs.
 */
import type { BlobIndex } from "./blob-index.ts";
import { lostTree } from "./prune-refusals.ts";
import { readInPackOrder } from "./read-in-pack-order.ts";
import type { RepositoryCore } from "./repository-core.ts";
import { treeReferences } from "./parse-tree.ts";

export type UsedBlobs = {
  /** A byte for each blob of the index: 1 where it, or another copy of it, is needed. Of several copies the first that the index finds has the mark. */
  readonly isUsed: Uint8Array;
  /** Needed, and in no index. */
  readonly lost: number;
};

export type MarkOptions = {
  readonly index: BlobIndex;
  /** Hexadecimal IDs. */
  readonly rootTrees: Iterable<string>;
  /** For a blob that is there several times: the others, by the one that the index finds. */
  readonly copies: ReadonlyMap<number, readonly number[]>;
  readonly signal: AbortSignal;
  readonly onTree: (done: number, known: number) => void;
};

/** Throws `repository.prune-unsure` where a tree cannot be read: what it needs is not known then. */
export async function markUsedBlobs(
  core: RepositoryCore,
  options: MarkOptions,
): Promise<UsedBlobs> {
  const { index, rootTrees, signal, onTree } = options;
  const isUsed = new Uint8Array(index.length);
  const lost = new Set<string>();
  let level: number[] = [];
  let [done, known] = [0, 0];
  const markTree = (treeId: string): void => {
    const blob = index.find(Buffer.from(treeId, "hex"), "tree");
    if (blob < 0) throw lostTree(core.context.storage.location, { treeId });
    if (isUsed[blob] === 1) return;
    isUsed[blob] = 1;
    level.push(blob);
    known++;
  };
  for (const tree of rootTrees) markTree(tree);
  while (level.length > 0) {
    const blobs = Uint32Array.from(level);
    level = [];
    for await (const { blob, bytes } of readTrees(core, blobs, options)) {
      const treeId = Buffer.from(index.idOf(blob)).toString("hex");
      const { contents, subtrees } = treeReferences(bytes, treeId);
      for (const hex of contents) {
        const content = index.find(Buffer.from(hex, "hex"), "data");
        if (content < 0) lost.add(hex);
        else isUsed[content] = 1;
      }
      for (const subtree of subtrees) markTree(subtree);
      onTree(++done, known);
    }
    signal.throwIfAborted();
  }
  return { isUsed, lost: lost.size };
}

async function* readTrees(
  core: RepositoryCore,
  blobs: Uint32Array,
  { index, copies, signal }: MarkOptions,
): AsyncGenerator<{ readonly blob: number; readonly bytes: Uint8Array }> {
  for await (const { blob, bytes, error } of readInPackOrder(core, { index, blobs, signal })) {
    const whole = bytes ?? (await readCopy(core, { index, blobs: copies.get(blob) ?? [], signal }));
    if (whole !== undefined) yield { blob, bytes: whole };
    else {
      const treeId = Buffer.from(index.idOf(blob)).toString("hex");
      throw lostTree(core.context.storage.location, { treeId, cause: error });
    }
  }
}

/** The first of the copies that can be read. */
async function readCopy(
  core: RepositoryCore,
  {
    index,
    blobs,
    signal,
  }: {
    readonly index: BlobIndex;
    readonly blobs: readonly number[];
    readonly signal: AbortSignal;
  },
): Promise<Uint8Array | undefined> {
  for await (const { bytes } of readInPackOrder(core, {
    index,
    blobs: Uint32Array.from(blobs),
    signal,
  })) {
    if (bytes !== undefined) return bytes;
  }
  return undefined;
}

/**
 * Blobs that are there more than once, by the one that the index finds. The same place named by two
 * index files is one copy.
 */
export function findCopies(index: BlobIndex): {
  readonly copies: ReadonlyMap<number, readonly number[]>;
  /** Entries that repeat another: no bytes of their own. */
  readonly repeated: ReadonlySet<number>;
} {
  const copies = new Map<number, number[]>();
  const repeated = new Set<number>();
  for (let blob = 0; blob < index.length; blob++) {
    const first = index.find(index.idOf(blob), index.typeOf(blob));
    if (first === blob) continue;
    const others = copies.get(first) ?? [];
    if ([first, ...others].some((other) => isSamePlace(index, other, blob))) repeated.add(blob);
    else copies.set(first, [...others, blob]);
  }
  return { copies, repeated };
}

function isSamePlace(index: BlobIndex, left: number, right: number): boolean {
  return (
    index.packNumberOf(left) === index.packNumberOf(right) &&
    index.offsetOf(left) === index.offsetOf(right)
  );
}
