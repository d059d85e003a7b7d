import { isRecoveryError, type RecoveryError } from "#errors";
import type { RepositoryCore } from "./repository-core.ts";
import type { Snapshot } from "./repository.ts";
import { keepSnapshots, readSnapshotCache } from "./snapshot-cache.ts";
import { loadSnapshot } from "./snapshot-file.ts";

const parallelLoads = 8;
/** Fewer are read as quickly as the file that they would be kept in. */
const worthCache = 16;
const noSnapshots: ReadonlyMap<string, Snapshot> = new Map();

export type ListSnapshotsOptions = {
  readonly signal?: AbortSignal | undefined;
  /** Told of a file that is no snapshot any more, which is left out then. Without it such a file throws. */
  readonly onDamaged?: (error: RecoveryError) => void;
};

/** All snapshots, oldest first. One that is removed meanwhile is left out; a damaged one throws. */
export async function listSnapshots(
  core: RepositoryCore,
  { signal, onDamaged }: ListSnapshotsOptions = {},
): Promise<readonly Snapshot[]> {
  const waiting: string[] = [];
  const options = { sizes: false, ...(signal === undefined ? {} : { signal }) };
  for await (const { name } of core.context.storage.list("snapshot", options)) waiting.push(name);
  const kept = waiting.length < worthCache ? noSnapshots : await readSnapshotCache(core.cache);
  const snapshots: Snapshot[] = [];
  const load = async (): Promise<void> => {
    for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
      const known = kept.get(name);
      if (known !== undefined) {
        snapshots.push(known);
        continue;
      }
      try {
        snapshots.push(await loadSnapshot(core.context, name, signal));
      } catch (error) {
        if (!isRecoveryError(error)) throw error;
        if (error.code === "storage.not-found") continue;
        if (error.code !== "repository.damaged" || onDamaged === undefined) throw error;
        onDamaged(error);
      }
    }
  };
  await Promise.all(Array.from({ length: parallelLoads }, load));
  if (snapshots.length >= worthCache) await keepSnapshots(core.cache, { there: snapshots, kept });
  return snapshots.toSorted((a, b) =>
    a.timeNs < b.timeNs ? -1 : a.timeNs > b.timeNs ? 1 : a.id < b.id ? -1 : 1,
  );
}
