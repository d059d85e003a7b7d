/** What stays lost, in which snapshots, and where a person may look instead. */
import type { BlobIndex } from "./blob-index.ts";
import { isDamage } from "./is-damage.ts";
import { tagOf, tagPrefixes } from "./manifest.ts";
import type { LostPath } from "./repair-report.ts";
import type { RepositoryCore } from "./repository-core.ts";
import type { Snapshot } from "./repository.ts";
import type { NodeRecord } from "./tree.ts";
import {
  lackOf,
  type Loss,
  nameOfNode,
  type TreeReader,
  treeReader,
  walkLosses,
} from "./walk-losses.ts";

/** So many are listed; all are counted. */
const mostListed = 10_000;
/** For so many another moment is looked for, in so many of its neighbours. */
const mostSearched = 1000;
const neighboursSearched = 16;
/** Trees kept parsed while looking for paths: a folder's losses come one after another. */
const treesKept = 64;

export type Losses = {
  readonly lost: readonly LostPath[];
  readonly count: number;
  /** Snapshots that lack something. */
  readonly incomplete: readonly Snapshot[];
};

export type FindLossesOptions = {
  readonly index: BlobIndex;
  readonly snapshots: readonly Snapshot[];
  readonly signal?: AbortSignal | undefined;
};

export async function findLosses(
  core: RepositoryCore,
  { index, snapshots, signal }: FindLossesOptions,
): Promise<Losses> {
  const losses: Loss[] = [];
  let count = 0;
  const subtrees = new Map<string, readonly string[]>();
  const lacking = new Set<string>();
  await walkLosses(core, {
    index,
    snapshots,
    isBad: () => false,
    onLoss: (loss) => {
      lacking.add(loss.tree);
      if (count++ < mostListed) losses.push(loss);
    },
    onTree: (tree, below) => void subtrees.set(tree, below),
    signal,
  });
  const incomplete = snapshots.filter(({ tree }) => isLacking(tree, { subtrees, lacking }));
  const search = new OtherMoments(treeReader(core, signal), { index, snapshots });
  const lost: LostPath[] = [];
  for (const [at, { kind, path, snapshot, state, names }] of losses.entries()) {
    const other = at < mostSearched ? await search.find(snapshot, { kind, names }) : undefined;
    const { id, timeNs } = snapshot;
    lost.push({
      kind,
      path,
      snapshot: id,
      timeNs,
      state,
      ...(other === undefined ? {} : { other: { snapshot: other.id, timeNs: other.timeNs } }),
    });
  }
  return { lost, count, incomplete };
}

/** Whether the tree or one below it lacks something. Decided trees are added to `lacking`, or lose their subtrees. */
function isLacking(
  top: string,
  {
    subtrees,
    lacking,
  }: { readonly subtrees: Map<string, readonly string[]>; readonly lacking: Set<string> },
): boolean {
  const path: { readonly tree: string; readonly waiting: string[] }[] = [];
  const enter = (tree: string): void =>
    void path.push({ tree, waiting: [...(subtrees.get(tree) ?? [])] });
  if (!lacking.has(top)) enter(top);
  for (let last = path.at(-1); last !== undefined; last = path.at(-1)) {
    const next = last.waiting.pop();
    if (next === undefined) {
      // Whole: nobody need look below it again.
      subtrees.delete(last.tree);
      path.pop();
    } else if (lacking.has(next)) {
      for (const { tree } of path.splice(0)) lacking.add(tree);
    } else if (subtrees.has(next)) enter(next);
  }
  return lacking.has(top);
}

type Wanted = { readonly kind: Loss["kind"]; readonly names: readonly string[] };

/** Looks for a path in other moments of a group, the nearest in time first. */
class OtherMoments {
  readonly #read: TreeReader;
  readonly #index: BlobIndex;
  readonly #groups: ReadonlyMap<string, readonly Snapshot[]>;
  readonly #trees = new Map<string, ReadonlyMap<string, NodeRecord> | undefined>();

  constructor(
    read: TreeReader,
    { index, snapshots }: Pick<FindLossesOptions, "index" | "snapshots">,
  ) {
    this.#read = read;
    this.#index = index;
    this.#groups = Map.groupBy(snapshots, groupOf);
  }

  async find(snapshot: Snapshot, wanted: Wanted): Promise<Snapshot | undefined> {
    const distance = ({ timeNs }: Snapshot): bigint =>
      timeNs < snapshot.timeNs ? snapshot.timeNs - timeNs : timeNs - snapshot.timeNs;
    const neighbours = (this.#groups.get(groupOf(snapshot)) ?? [])
      .filter(({ id }) => id !== snapshot.id)
      .toSorted((a, b) => (distance(a) < distance(b) ? -1 : 1));
    for (const other of neighbours.slice(0, neighboursSearched))
      if (await this.#has(other, wanted)) return other;
    return undefined;
  }

  async #has({ tree: top }: Snapshot, { kind, names }: Wanted): Promise<boolean> {
    let node: NodeRecord | undefined;
    let tree: string | undefined = top;
    for (const name of names) {
      if (tree === undefined) return false;
      node = (await this.#nodes(tree))?.get(name);
      if (node === undefined) return false;
      tree = node.subtree;
    }
    if (kind === "folder") return tree !== undefined && (await this.#nodes(tree)) !== undefined;
    if (node?.content === undefined || node.content === null) return false;
    return lackOf(node, { index: this.#index, isBad: () => false }) === undefined;
  }

  async #nodes(tree: string): Promise<ReadonlyMap<string, NodeRecord> | undefined> {
    if (!this.#trees.has(tree)) {
      if (this.#trees.size >= treesKept) this.#trees.clear();
      this.#trees.set(tree, await this.#load(tree));
    }
    return this.#trees.get(tree);
  }

  async #load(tree: string): Promise<ReadonlyMap<string, NodeRecord> | undefined> {
    const location = this.#index.lookup(Buffer.from(tree, "hex"), "tree");
    if (location === undefined) return undefined;
    try {
      const nodes = await this.#read(tree, location);
      return new Map(nodes.map((node) => [nameOfNode(node), node]));
    } catch (error) {
      if (!isDamage(error)) throw error;
      return undefined;
    }
  }
}

function groupOf({ tags, hostname, paths }: Snapshot): string {
  return tagOf(tags, tagPrefixes.group) ?? [hostname, ...paths].join("\0");
}
