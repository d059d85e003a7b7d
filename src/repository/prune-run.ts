/** What a prune finds before it changes anything: what is used, where it lies, and what is to be done. */
import { isRecoveryError } from "#errors";
import type { BlobIndex } from "./blob-index.ts";
import { chooseCopies } from "./choose-copies.ts";
import { IndexFiles } from "./index-files.ts";
import type { Lock } from "./lock.ts";
import { type PackTally, tallyPacks } from "./pack-tally.ts";
import { type PrunePlan, planPrune } from "./prune-plan.ts";
import { damagedSnapshots, noMoments } from "./prune-refusals.ts";
import type { PruneOptions } from "./prune-result.ts";
import type { RepositoryCore } from "./repository-core.ts";
import type { Snapshot } from "./repository.ts";
import { loadSnapshot } from "./snapshot-file.ts";
import { findCopies, markUsedBlobs } from "./used-blobs.ts";

/** As restic: the last of the unused bytes cost the most to free. */
const defaultUnusedShare = 0.05;

export type PruneCounts = {
  packsRemoved: number;
  strayPacksRemoved: number;
  packsRepacked: number;
  bytesRepacked: number;
  packsWritten: number;
  bytesFreed: number;
  packsLeft: number;
  unusedBytesLeft: number;
};

export type PruneRun = {
  readonly core: RepositoryCore;
  readonly options: PruneOptions;
  readonly lock: Lock;
  readonly signal: AbortSignal;
  readonly startMs: number;
  readonly snapshots: ReadonlySet<string>;
  readonly files: IndexFiles;
  readonly indexFilesBefore: number;
  readonly index: BlobIndex;
  readonly sizes: ReadonlyMap<string, number>;
  /** A byte a blob: 1 where it stays. */
  readonly isKept: Uint8Array;
  readonly tallies: readonly PackTally[];
  readonly plan: PrunePlan;
  readonly strays: readonly string[];
  readonly lostBlobs: number;
  readonly unreadable: Set<string>;
  readonly counts: PruneCounts;
};

export function clockOf({ clockMs }: PruneOptions): () => number {
  return clockMs ?? (() => performance.now());
}

/** Everything that is needed to decide; nothing is changed. */
export async function lookAtRepository(
  core: RepositoryCore,
  parts: { readonly options: PruneOptions; readonly lock: Lock; readonly signal: AbortSignal },
): Promise<PruneRun> {
  const { options, signal } = parts;
  const startMs = clockOf(options)();
  const snapshots = await loadSnapshots(core, signal);
  const files = await IndexFiles.load(core, signal);
  const index = files.toIndex();
  const sizes = new Map<string, number>();
  for await (const { name, sizeBytes } of core.context.storage.list("data", { signal }))
    sizes.set(name, sizeBytes);
  if (snapshots.length === 0 && sizes.size > 0 && options.mayEmpty !== true)
    throw noMoments(core.context.storage.location);
  const { copies, repeated } = findCopies(index);
  const { isUsed, lost } = await markUsedBlobs(core, {
    index,
    rootTrees: new Set(snapshots.map(({ tree }) => tree)),
    copies,
    signal,
    onTree: (done, total) => options.onProgress?.({ phase: "mark", done, total, bytesDone: 0 }),
  });
  const isKept = await chooseCopies(core, { index, isUsed, copies, repeated, sizes, signal });
  const tallies = tallyPacks({ index, isKept, repeated, sizes });
  const { maxUnusedShare = defaultUnusedShare, maxRepackBytes = Infinity } = options;
  const plan = planPrune(tallies, { maxUnusedShare, maxRepackBytes });
  const indexed = new Set(index.packs);
  return {
    core,
    ...parts,
    startMs,
    snapshots: new Set(snapshots.map(({ id }) => id)),
    files,
    indexFilesBefore: files.count,
    index,
    sizes,
    isKept,
    tallies,
    plan,
    strays: [...sizes.keys()].filter((packId) => !indexed.has(packId)),
    lostBlobs:
      lost +
      tallies
        .filter(({ sizeBytes }) => sizeBytes === undefined)
        .reduce((sum, { usedBlobs }) => sum + usedBlobs, 0),
    unreadable: new Set(),
    counts: {
      packsRemoved: 0,
      strayPacksRemoved: 0,
      packsRepacked: 0,
      bytesRepacked: 0,
      packsWritten: 0,
      bytesFreed: 0,
      packsLeft: plan.left.length,
      unusedBytesLeft: plan.unusedBytesLeft,
    },
  };
}

async function loadSnapshots(
  core: RepositoryCore,
  signal: AbortSignal,
): Promise<readonly Snapshot[]> {
  const snapshots: Snapshot[] = [];
  const damaged: string[] = [];
  for await (const { name } of core.context.storage.list("snapshot", { signal })) {
    try {
      snapshots.push(await loadSnapshot(core.context, name, signal));
    } catch (error) {
      if (!isRecoveryError(error)) throw error;
      if (error.code === "storage.not-found") continue;
      if (error.code.startsWith("storage.")) throw error;
      damaged.push(name);
    }
  }
  if (damaged.length > 0) throw damagedSnapshots(core.context.storage.location, damaged);
  return snapshots;
}
