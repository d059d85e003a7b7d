/** Writes snapshots again without what is lost; those that lack it stay until a person removes them. */
import type { BlobIndex } from "./blob-index.ts";
import type { BlobWriter } from "./blob-writer.ts";
import { sha256 } from "./crypto.ts";
import { isDamage } from "./is-damage.ts";
import { loadIndex } from "./load-index.ts";
import type { PackSaver } from "./pack-saver.ts";
import type { RepositoryCore } from "./repository-core.ts";
import type { Snapshot } from "./repository.ts";
import { saveSnapshot } from "./snapshot-file.ts";
import { encodeNode, encodeTree, type NodeRecord } from "./tree.ts";
import { lackOf, type TreeReader, treeReader } from "./walk-losses.ts";

export const repairedTag = "restante:repaired";

export type DropLostOptions = {
  readonly snapshots: readonly Snapshot[];
  /** Stores and indexes what is written within. */
  readonly write: (work: (writer: BlobWriter, saver: PackSaver) => Promise<void>) => Promise<void>;
  readonly confirmLock: () => Promise<void>;
  readonly onSnapshot: (original: string, repaired: string) => void;
  readonly signal: AbortSignal;
};

export async function dropLost(core: RepositoryCore, options: DropLostOptions): Promise<void> {
  const { snapshots, write, signal } = options;
  const { index } = await loadIndex({ context: core.context, cache: core.cache, signal });
  const trees = new Map<string, string | undefined>();
  await write(async (writer, saver) => {
    const rewriter = new TreeRewriter(treeReader(core, signal), { index, trees, writer, saver });
    for (const { tree } of snapshots) await rewriter.rewrite(tree);
  });
  for (const snapshot of snapshots) {
    const tree = trees.get(snapshot.tree);
    // Of a moment whose top is lost nothing is left to be written.
    if (tree === undefined || tree === snapshot.tree) continue;
    await options.confirmLock();
    const { id, summary: _summary, ...fields } = snapshot;
    const tags = [...new Set([...snapshot.tags, repairedTag])];
    const repaired = { ...fields, tree, tags, original: snapshot.original ?? id };
    const { id: newId } = await saveSnapshot(core.context, repaired, signal);
    options.onSnapshot(id, newId);
  }
}

type Rewriting = {
  readonly index: BlobIndex;
  /** What became of each tree; undefined: it is lost. */
  readonly trees: Map<string, string | undefined>;
  readonly writer: BlobWriter;
  readonly saver: PackSaver;
};

type Open = {
  readonly tree: string;
  readonly nodes: readonly NodeRecord[];
  readonly waiting: string[];
};

class TreeRewriter {
  readonly #read: TreeReader;
  readonly #parts: Rewriting;

  constructor(read: TreeReader, parts: Rewriting) {
    this.#read = read;
    this.#parts = parts;
  }

  /** Subfolders before the folder that names them. */
  async rewrite(top: string): Promise<void> {
    const { trees, saver } = this.#parts;
    const path: Open[] = [];
    const enter = async (tree: string): Promise<void> => {
      const nodes = await this.#nodes(tree);
      if (nodes === undefined) trees.set(tree, undefined);
      else path.push({ tree, nodes, waiting: nodes.flatMap(({ subtree }) => subtree ?? []) });
    };
    if (!trees.has(top)) await enter(top);
    for (let last = path.at(-1); last !== undefined; last = path.at(-1)) {
      const next = last.waiting.pop();
      if (next === undefined) {
        path.pop();
        trees.set(last.tree, this.#store(last));
        await saver.ready();
      } else if (!trees.has(next)) await enter(next);
    }
  }

  async #nodes(tree: string): Promise<readonly NodeRecord[] | undefined> {
    const location = this.#parts.index.lookup(Buffer.from(tree, "hex"), "tree");
    if (location === undefined) return undefined;
    try {
      return await this.#read(tree, location);
    } catch (error) {
      if (!isDamage(error)) throw error;
      return undefined;
    }
  }

  #store({ tree, nodes }: Open): string {
    const { index, trees, writer } = this.#parts;
    const kept = nodes.flatMap((node): NodeRecord | readonly NodeRecord[] => {
      if (lackOf(node, { index, isBad: () => false }) !== undefined) return [];
      if (node.subtree === undefined) return node;
      const subtree = trees.get(node.subtree);
      return subtree === undefined ? [] : { ...node, subtree };
    });
    const isSame =
      kept.length === nodes.length && kept.every((node, at) => node.subtree === nodes[at]?.subtree);
    if (isSame) return tree;
    const bytes = encodeTree(kept.map(encodeNode));
    const id = sha256(bytes);
    if (!index.has(id, "tree")) writer.store(bytes, { id, type: "tree" });
    return id.toString("hex");
  }
}
