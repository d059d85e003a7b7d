/**
 * Folders that were read last, by their trees, for all images of one repository: from one moment to the
 * next most folders are the same. Bounded by their memory; the one read last is kept whatever it takes.
 */
import { type TreeFolder, readTreeFolder } from "./tree-folder.ts";

const limitBytes = 64 * 1024 * 1024;

export class FolderCache {
  // A Map keeps the order of insertion: the first key is the one used longest ago.
  readonly #folders = new Map<string, TreeFolder>();
  #bytes = 0;

  get(treeId: string): TreeFolder | undefined {
    const folder = this.#folders.get(treeId);
    if (folder === undefined) return undefined;
    this.#folders.delete(treeId);
    this.#folders.set(treeId, folder);
    return folder;
  }

  /** For what will take its memory and ask for none of them. */
  clear(): void {
    this.#folders.clear();
    this.#bytes = 0;
  }

  /** Of a tree's bytes, which must not change. Throws `repository.damaged` where they are not a tree. */
  read(bytes: Uint8Array, treeId: string): TreeFolder {
    const folder = this.get(treeId) ?? readTreeFolder(bytes, treeId);
    if (this.#folders.has(treeId)) return folder;
    this.#folders.set(treeId, folder);
    this.#bytes += folder.sizeBytes;
    for (const [oldest, { sizeBytes }] of this.#folders) {
      if (this.#bytes <= limitBytes || oldest === treeId) break;
      this.#folders.delete(oldest);
      this.#bytes -= sizeBytes;
    }
    return folder;
  }
}
