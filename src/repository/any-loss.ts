/**
 * Whether anything that snapshots name cannot be had: the same question as `walkLosses`, which says
 * what and where. Trees are read in the order in which they lie in packs and nothing of them is kept,
 * so that a sound repository is walked at a fraction of the time; only damage costs the second walk.
 */
import { isRecoveryError } from "#errors";
import type { BlobIndex } from "./blob-index.ts";
import { treeReferences } from "./parse-tree.ts";
import { readInPackOrder } from "./read-in-pack-order.ts";
import type { RepositoryCore } from "./repository-core.ts";
import type { WalkLossesOptions } from "./walk-losses.ts";

export type AnyLossOptions = Pick<WalkLossesOptions, "index" | "snapshots" | "isBad" | "signal">;

export async function hasAnyLoss(core: RepositoryCore, options: AnyLossOptions): Promise<boolean> {
  const { index, snapshots, signal = new AbortController().signal } = options;
  const needs = new Needs(options);
  for (const { tree } of snapshots) needs.tree(tree);
  for (let blobs = needs.takeTrees(); blobs.length > 0; blobs = needs.takeTrees()) {
    for await (const { blob, bytes } of readInPackOrder(core, { index, blobs, signal })) {
      if (bytes === undefined || !needs.allOf(blob, bytes)) return true;
    }
    signal.throwIfAborted();
    if (needs.lacks) return true;
  }
  return needs.lacks;
}

/** What trees name, as far as it was looked up; `lacks` once one of them was not there. */
class Needs {
  lacks = false;
  readonly #index: BlobIndex;
  readonly #isBad: (id: Uint8Array) => boolean;
  readonly #seen: Uint8Array;
  readonly #id: Buffer = Buffer.alloc(32);
  #trees: number[] = [];

  constructor({ index, isBad }: AnyLossOptions) {
    this.#index = index;
    this.#isBad = isBad;
    this.#seen = new Uint8Array(index.length);
  }

  tree(hex: string): void {
    const blob = this.#find(hex, "tree");
    if (blob >= 0) this.#trees.push(blob);
  }

  /** Trees that were named and not read yet. */
  takeTrees(): Uint32Array {
    const taken = Uint32Array.from(this.#trees);
    this.#trees = [];
    return taken;
  }

  /** False where the bytes are no tree, or something that they name is not there. */
  allOf(blob: number, bytes: Uint8Array): boolean {
    try {
      const treeId = Buffer.from(this.#index.idOf(blob)).toString("hex");
      const { contents, subtrees, isNamed } = treeReferences(bytes, treeId);
      if (!isNamed) return false;
      for (const hex of contents) {
        const content = this.#find(hex, "data");
        if (content >= 0 && this.#isBad(this.#id)) return false;
      }
      for (const hex of subtrees) this.tree(hex);
    } catch (error) {
      // Whoever names the losses meets it again, and says it.
      if (isRecoveryError(error)) return false;
      throw error;
    }
    return !this.lacks;
  }

  /** The number of a blob that is met for the first time; -1 of one that was met before, or is in no index. */
  #find(hex: string, type: "data" | "tree"): number {
    this.#id.write(hex, "hex");
    const blob = this.#index.find(this.#id, type);
    if (blob < 0) this.lacks = true;
    else if (this.#seen[blob] === 0) {
      this.#seen[blob] = 1;
      return blob;
    }
    return -1;
  }
}
