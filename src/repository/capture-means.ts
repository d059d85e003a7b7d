import { availableParallelism } from "node:os";
import { ContentStore } from "./content-store.ts";
import { keepIndex, type LoadedIndex, listIndexIds, loadIndex } from "./load-index.ts";
import type { Lock } from "./lock.ts";
import { PackSaver } from "./pack-saver.ts";
import type { RepositoryCore } from "./repository-core.ts";
import type { CaptureOptions } from "./repository.ts";

export type MeansOptions = {
  readonly core: RepositoryCore;
  readonly options: Pick<CaptureOptions, "now" | "signal" | "workers">;
  readonly locking: Promise<Lock>;
};

/** What a run works with that stores content under a lock. */
export type Means = {
  /** Aborted by the caller, by a lock that was refused or lost. */
  readonly signal: AbortSignal;
  readonly lockReady: Promise<Lock>;
  readonly saver: PackSaver;
  readonly store: ContentStore;
  readonly loadIndex: () => Promise<LoadedIndex>;
  /** Index files that are there while the lock stands: those that were loaded, else a listing of now. */
  readonly indexIds: () => Promise<ReadonlySet<string>>;
  readonly writtenIndexIds: ReadonlySet<string>;
};

/** Nothing is stored before the lock stands and the index is loaded. */
export function openMeans({ core, options, locking }: MeansOptions): Means {
  const stop = new AbortController();
  const signal = AbortSignal.any([
    stop.signal,
    ...(options.signal === undefined ? [] : [options.signal]),
  ]);
  const lockReady = locking.then((lock) => {
    lock.signal.addEventListener("abort", () => stop.abort(lock.signal.reason), { once: true });
    return lock;
  });
  // Refused: the walk, which nobody waits for at that moment, need not go on.
  lockReady.catch((error: unknown) => stop.abort(error));
  const access = { context: core.context, cache: core.cache, signal };
  let loading: Promise<LoadedIndex> | undefined;
  const load = (): Promise<LoadedIndex> => (loading ??= lockReady.then(() => loadIndex(access)));
  const writtenIndexIds = new Set<string>();
  const saver = new PackSaver({
    context: core.context,
    signal,
    confirmLock: async () => (await lockReady).confirm(),
    onIndex: async ({ indexId, columns }) => {
      writtenIndexIds.add(indexId);
      await keepIndex(core.cache, indexId, columns);
    },
  });
  const store = new ContentStore({
    masterKey: core.masterKey,
    version: core.context.version,
    polynomial: core.polynomial,
    workers: options.workers ?? Math.min(availableParallelism(), 4),
    saver,
    index: async () => (await load()).index,
    now: options.now,
    signal,
  });
  return {
    signal,
    lockReady,
    saver,
    store,
    loadIndex: load,
    indexIds: async () => (loading === undefined ? listIndexIds(access) : (await loading).indexIds),
    writtenIndexIds,
  };
}
