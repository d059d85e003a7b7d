/**
 * The index files of a repository one by one, so that they can be replaced: which of them names which
 * pack, and new ones in the place of old. The order is such that a blob that is used is named by an
 * index file at every instant: new index, then the old ones go, then the packs.
 */
import { isRecoveryError } from "#errors";
import { BlobIndex } from "./blob-index.ts";
import { listIndexIds, loadOneIndex } from "./load-index.ts";
import type { IndexedPack, ParsedIndex } from "./parsed-index.ts";
import type { PackedBlob } from "./pack-format.ts";
import { changedMeanwhile } from "./prune-refusals.ts";
import type { RepositoryCore } from "./repository-core.ts";
import { removeFiles } from "./remove-files.ts";
import { indexFullBlobs, inFullIndexFiles, replaceIndex } from "./write-index.ts";

/** A file below this is small; so many small ones are worth being one. */
const smallIndexBlobs: number = indexFullBlobs / 2;
const manySmallFiles = 8;
const parallelLoads = 4;

export class IndexFiles {
  readonly #core: RepositoryCore;
  readonly #files: Map<string, ParsedIndex>;

  private constructor(core: RepositoryCore, files: Map<string, ParsedIndex>) {
    this.#core = core;
    this.#files = files;
  }

  static async load(core: RepositoryCore, signal: AbortSignal): Promise<IndexFiles> {
    const access = { context: core.context, cache: core.cache, signal };
    const waiting = [...(await listIndexIds(access))];
    const files = new Map<string, ParsedIndex>();
    const load = async (): Promise<void> => {
      for (let id = waiting.pop(); id !== undefined; id = waiting.pop())
        files.set(
          id,
          await loadOneIndex(access, id).catch((error: unknown) => failedLoad(core, id, error)),
        );
    };
    await Promise.all(Array.from({ length: parallelLoads }, load));
    return new IndexFiles(core, files);
  }

  get ids(): ReadonlySet<string> {
    return new Set(this.#files.keys());
  }

  get count(): number {
    return this.#files.size;
  }

  toIndex(): BlobIndex {
    return new BlobIndex([...this.#files.values()]);
  }

  /** An index file that was written beside these, by us. */
  add(id: string, columns: ParsedIndex): void {
    this.#files.set(id, columns);
  }

  /** Whether many small files could be one, or several name one pack. */
  get isScattered(): boolean {
    return this.#scattered().length > 0;
  }

  /**
   * Replaces the files that name any of the packs by ones that do not, and `scattered` ones by larger
   * ones. `guard` is awaited before anything is removed. The packs themselves stay: they are the caller's.
   */
  async forget(
    packs: ReadonlySet<string>,
    { guard, signal }: { readonly guard: () => Promise<void>; readonly signal: AbortSignal },
  ): Promise<void> {
    const old = [...this.#files].flatMap(([id, { packs: named }]) =>
      named.some((pack) => packs.has(pack)) ? [id] : [],
    );
    await this.#replace(old, { without: packs, guard, signal });
  }

  async gather(options: {
    readonly guard: () => Promise<void>;
    readonly signal: AbortSignal;
  }): Promise<void> {
    await this.#replace(this.#scattered(), { without: new Set(), ...options });
  }

  #scattered(): readonly string[] {
    const timesNamed = new Map<string, number>();
    for (const { packs } of this.#files.values())
      for (const pack of packs) timesNamed.set(pack, (timesNamed.get(pack) ?? 0) + 1);
    const small = [...this.#files].filter(([, { length }]) => length < smallIndexBlobs);
    const overlapping = [...this.#files].filter(([, { packs }]) =>
      packs.some((pack) => (timesNamed.get(pack) ?? 0) > 1),
    );
    const chosen = new Set(overlapping.map(([id]) => id));
    if (small.length >= manySmallFiles) for (const [id] of small) chosen.add(id);
    return [...chosen];
  }

  async #replace(
    old: readonly string[],
    {
      without,
      guard,
      signal,
    }: {
      readonly without: ReadonlySet<string>;
      readonly guard: () => Promise<void>;
      readonly signal: AbortSignal;
    },
  ): Promise<void> {
    if (old.length === 0) return;
    const parts = old.map((id) => this.#files.get(id) as ParsedIndex);
    for (const packs of inFullIndexFiles(packsOf(parts, without))) {
      const { id, columns } = await replaceIndex(this.#core, packs, signal);
      this.#files.set(id, columns);
    }
    await guard();
    // Ours no longer, whatever becomes of the removal: the new ones say all that they said.
    for (const id of old) this.#files.delete(id);
    await removeFiles(this.#core.context.storage, { type: "index", names: old, signal });
  }
}

/** Whoever has the repository for himself is not to meet a file that goes. */
function failedLoad(core: RepositoryCore, id: string, error: unknown): never {
  if (!isRecoveryError(error) || error.code !== "storage.not-found") throw error;
  throw changedMeanwhile(core.context.storage.location, `index ${id.slice(0, 8)} was removed`);
}

/** The blobs of each pack, those that several files name once. */
function packsOf(
  parts: readonly ParsedIndex[],
  without: ReadonlySet<string>,
): readonly IndexedPack[] {
  const blobsOfPack = new Map<string, Map<string, PackedBlob>>();
  for (const part of parts) {
    const own = part.packs.map((pack) => {
      const blobs = blobsOfPack.get(pack) ?? new Map<string, PackedBlob>();
      if (!without.has(pack)) blobsOfPack.set(pack, blobs);
      return blobs;
    });
    for (let at = 0; at < part.length; at++) {
      const pack = part.packs32[at] as number;
      if (without.has(part.packs[pack] as string)) continue;
      const blob = blobAt(part, at);
      // An entry that contradicts another of the same place is kept: which of them is right is for a reader to find.
      (own[pack] as Map<string, PackedBlob>).set(keyOf(blob), blob);
    }
  }
  return [...blobsOfPack].map(([packId, blobs]) => ({ packId, blobs: [...blobs.values()] }));
}

function keyOf({ id, type, offset, lengthBytes }: PackedBlob): string {
  return `${offset} ${lengthBytes} ${type} ${Buffer.from(id).toString("latin1")}`;
}

function blobAt(part: ParsedIndex, at: number): PackedBlob {
  return {
    id: part.ids.subarray(at * 32, at * 32 + 32),
    type: part.types[at] === 1 ? "tree" : "data",
    offset: part.offsets[at] as number,
    lengthBytes: part.lengths[at] as number,
    rawLengthBytes: part.rawLengths[at] as number,
  };
}
