/** All index files of a repository, through the local cache. */
import { isRecoveryError, type RecoveryError } from "#errors";
import { BlobIndex } from "./blob-index.ts";
import { isDamage } from "./is-damage.ts";
import type { LocalCache } from "./local-cache.ts";
import { decodeCachedIndex, encodeCachedIndex } from "./cached-index.ts";
import { type ParsedIndex, parseIndex } from "./parsed-index.ts";
import { type UnpackedContext, loadUnpacked } from "./unpacked-file.ts";

export type LoadedIndex = {
  readonly index: BlobIndex;
  /** The index files it was made of. */
  readonly indexIds: ReadonlySet<string>;
};

export type LoadIndexOptions = {
  readonly context: UnpackedContext;
  readonly cache: LocalCache;
  readonly signal?: AbortSignal;
  /**
   * Told of an index file that is damaged, which is left out then. Only for who reads: to whoever
   * removes what no index names it would seem to be nobody's. Without it such a file throws.
   */
  readonly onDamaged?: (error: RecoveryError) => void;
};

export const indexCacheKind = "index";
const parallelLoads = 4;

export async function listIndexIds(options: LoadIndexOptions): Promise<ReadonlySet<string>> {
  const ids = new Set<string>();
  const { context, signal } = options;
  const listing = { sizes: false, ...(signal === undefined ? {} : { signal }) };
  for await (const { name } of context.storage.list("index", listing)) ids.add(name);
  return ids;
}

/**
 * All index files as they stood at some instant. A prune replaces them, the new ones first, so that a
 * reader that met the middle of it begins again.
 */
export async function loadIndex(options: LoadIndexOptions): Promise<LoadedIndex> {
  for (let tries = 1; ; tries++) {
    try {
      return await loadListed(options);
    } catch (error) {
      if (!isGone(error) || tries === mostTries) throw error;
    }
  }
}

/** Each is a prune that replaced index files within the time of one load. */
const mostTries = 10;

function isGone(error: unknown): boolean {
  return isRecoveryError(error) && error.code === "storage.not-found";
}

async function loadListed(options: LoadIndexOptions): Promise<LoadedIndex> {
  const indexIds = await listIndexIds(options);
  const parts: ParsedIndex[] = [];
  const waiting = [...indexIds];
  const load = async (): Promise<void> => {
    for (let id = waiting.pop(); id !== undefined; id = waiting.pop())
      parts.push(...(await loadOrTell(options, id)));
  };
  await Promise.all(Array.from({ length: parallelLoads }, load));
  void forgetOldEntries(options.cache, indexIds);
  // An index that says which others it supersedes repeats what they say, so all of them are merged.
  return { index: new BlobIndex(parts), indexIds };
}

async function loadOrTell(options: LoadIndexOptions, id: string): Promise<readonly ParsedIndex[]> {
  try {
    return [await loadOneIndex(options, id)];
  } catch (error) {
    options.signal?.throwIfAborted();
    if (options.onDamaged === undefined || !isDamage(error)) throw error;
    // Removed since it was listed: what took its place was not listed, so who reads loads again.
    if (error.code === "storage.not-found") throw error;
    options.onDamaged(error);
    return [];
  }
}

/** One index file; its typed form is kept in the local cache. */
export async function loadOneIndex(options: LoadIndexOptions, id: string): Promise<ParsedIndex> {
  const cached = await options.cache.get(indexCacheKind, id);
  const known = cached === undefined ? undefined : decodeCachedIndex(cached);
  if (known !== undefined) return known;
  const { signal } = options;
  const json = await loadUnpacked(options.context, "index", {
    name: id,
    ...(signal === undefined ? {} : { signal }),
  });
  const parsed = parseIndex(json, id);
  await keepIndex(options.cache, id, parsed);
  return parsed;
}

export async function keepIndex(cache: LocalCache, id: string, index: ParsedIndex): Promise<void> {
  await cache.put({ kind: indexCacheKind, name: id, parts: [encodeCachedIndex(index)] });
}

/** Takes out of the cache what is no index file any more. */
export async function forgetOldEntries(
  cache: LocalCache,
  current: ReadonlySet<string>,
): Promise<void> {
  for (const name of await cache.names(indexCacheKind)) {
    if (!current.has(name)) await cache.remove(indexCacheKind, name);
  }
}
