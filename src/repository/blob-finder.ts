/**
 * Where a blob lies, for who reads a few of them: asks the cached index files one by one, each of which
 * costs two short reads, as long as that is quicker than to read them all. What the search finds is
 * a proposal: whoever finds something else in its place asks again after `reload`.
 */
import type { BlobIndex, BlobLocation } from "./blob-index.ts";
import { type FoundBlob, type SearchedIndex, searchCachedIndex } from "./cached-index.ts";
import {
  forgetOldEntries,
  indexCacheKind,
  listIndexIds,
  loadIndex,
  type LoadIndexOptions,
} from "./load-index.ts";
import type { BlobType } from "./pack-format.ts";

/** Open at the same time, of the thousand files that a process may have. */
const mostSearchedFiles = 256;
/** So many searches of all files cost as much as reading them. */
const searchesWithoutIndex = 512;

/** Without what only a whole index knows. */
export type BlobPlace = Omit<BlobLocation, "packNumber">;

export class BlobFinder {
  readonly #options: LoadIndexOptions;
  #files: SearchedIndex[] | undefined;
  #whole: Promise<BlobIndex> | undefined;
  #searches = 0;

  private constructor(options: LoadIndexOptions, files: SearchedIndex[] | undefined) {
    this.#options = options;
    this.#files = files;
  }

  static async open(options: LoadIndexOptions, signal?: AbortSignal): Promise<BlobFinder> {
    const files = await openCached({ ...options, ...optionalSignal(signal) });
    const finder = new BlobFinder(options, files);
    if (files === undefined) await finder.whole(signal);
    return finder;
  }

  /** Whether what it says was only searched for. */
  get isSearching(): boolean {
    return this.#files !== undefined;
  }

  async find(
    id: Uint8Array,
    { type, signal }: { readonly type: BlobType; readonly signal?: AbortSignal },
  ): Promise<BlobPlace | undefined> {
    if (this.#files !== undefined && this.#searches++ < searchesWithoutIndex) {
      try {
        const found = findIn(this.#files, id, type);
        if (found !== undefined) return found;
      } catch {
        // A cache that cannot be read, or is not what it was, costs time and nothing else.
      }
    }
    return (await this.whole(signal)).lookup(id, type);
  }

  /** All of the index, which answers from now on. */
  whole(signal?: AbortSignal): Promise<BlobIndex> {
    this.endSearch();
    if (this.#whole !== undefined) return this.#whole;
    const loading = loadIndex({ ...this.#options, ...optionalSignal(signal) }).then(
      ({ index }) => index,
    );
    loading.catch(() => {
      if (this.#whole === loading) this.#whole = undefined;
    });
    this.#whole = loading;
    return loading;
  }

  /** Loads the index again: somebody pruned, or stored more, since. */
  async reload(signal?: AbortSignal): Promise<void> {
    this.#whole = undefined;
    await this.whole(signal);
  }

  /** Closes what is open. It can be asked as before. */
  endSearch(): void {
    for (const file of this.#files ?? []) file[Symbol.dispose]();
    this.#files = undefined;
  }
}

function findIn(
  files: readonly SearchedIndex[],
  id: Uint8Array,
  type: BlobType,
): FoundBlob | undefined {
  for (const file of files) {
    const found = file.find(id, type);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Undefined where not every index file is in the cache. */
async function openCached(options: LoadIndexOptions): Promise<SearchedIndex[] | undefined> {
  const indexIds = await listIndexIds(options);
  if (indexIds.size > mostSearchedFiles) return undefined;
  const files: SearchedIndex[] = [];
  for (const id of indexIds) {
    const file = openOne(options, id);
    if (file === undefined) {
      for (const open of files) open[Symbol.dispose]();
      return undefined;
    }
    files.push(file);
  }
  void forgetOldEntries(options.cache, indexIds);
  return files;
}

function openOne({ cache }: LoadIndexOptions, id: string): SearchedIndex | undefined {
  const file = cache.openFile(indexCacheKind, id);
  if (file === undefined) return undefined;
  let searched: SearchedIndex | undefined;
  try {
    searched = searchCachedIndex(file);
  } catch {
    // Too short to be one: it is made again.
  }
  if (searched === undefined) file[Symbol.dispose]();
  return searched;
}

function optionalSignal(signal: AbortSignal | undefined): { readonly signal?: AbortSignal } {
  return signal === undefined ? {} : { signal };
}
