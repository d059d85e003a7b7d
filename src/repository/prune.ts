/**
 * Frees what no moment needs (restic design: `prune`): lock → snapshots → index → used blobs → plan;
 * then whole packs go, then what is used of others moves to new packs, batch by batch.
 *
 * At every instant each blob that a moment needs is in a pack that an index file names: new packs, their
 * index, index files without the old packs, old index files away, old packs away. A kill at any place
 * leaves packs or index files that the next run takes up or away.
 */
import { keepIndex, listIndexIds } from "./load-index.ts";
import { takeLock, underLock } from "./lock.ts";
import { PackSaver } from "./pack-saver.ts";
import type { PackTally } from "./pack-tally.ts";
import { changedMeanwhile, notArrived } from "./prune-refusals.ts";
import type { PruneOptions, PrunePhase, PruneResult } from "./prune-result.ts";
import { clockOf, lookAtRepository, type PruneRun } from "./prune-run.ts";
import { readBackPack } from "./read-back-pack.ts";
import { removeFiles } from "./remove-files.ts";
import { repackBlobs } from "./repack.ts";
import type { RepositoryCore } from "./repository-core.ts";

/** What a kill makes the next run do again is at most this, and so much more room is wanted meanwhile. */
const batchBytes: number = 512 * 1024 * 1024;

export async function pruneRepository(
  core: RepositoryCore,
  options: PruneOptions,
): Promise<PruneResult> {
  const { now, signal, dryRun = false } = options;
  const optional = signal === undefined ? {} : { signal };
  // A look keeps captures away no more than a verification does.
  const lock = await takeLock(core.context, { exclusive: !dryRun, now, ...optional });
  return await underLock(lock, async () => {
    const all = AbortSignal.any([lock.signal, ...(signal === undefined ? [] : [signal])]);
    try {
      const run = await lookAtRepository(core, { options, lock, signal: all });
      if (!dryRun) await act(run);
      return resultOf(run);
    } catch (error) {
      throw all.aborted && all.reason instanceof Error ? all.reason : error;
    }
  });
}

async function act(run: PruneRun): Promise<void> {
  const { core, plan, strays, counts, signal } = run;
  await guard(run);
  // Blobs are lost that a pack without an index may hold: it stays until `repair` has looked.
  if (run.lostBlobs === 0) {
    await removePacks(run, strays);
    counts.strayPacksRemoved = strays.length;
  }
  await forgetPacks(
    run,
    plan.remove.map(({ packId }) => packId),
  );
  counts.packsRemoved = plan.remove.length;
  const saver = new PackSaver({
    context: core.context,
    signal,
    confirmLock: () => run.lock.confirm(),
    // The old pack goes because of the new one: it counts as it reads back.
    confirmPack: async ({ packId }) => {
      const { storage } = core.context;
      if ((await readBackPack(storage, { packId, signal })) === undefined)
        throw notArrived(storage.location, packId);
    },
    onIndex: async ({ indexId, columns }) => {
      run.files.add(indexId, columns);
      await keepIndex(core.cache, indexId, columns);
    },
  });
  try {
    await repackAll(run, saver);
  } catch (error) {
    // What was moved already need not be moved again: its old place is a second copy then.
    await saver.salvage();
    throw error;
  }
  if (run.files.isScattered) {
    report(run, "index", { done: 0, total: run.files.count });
    await run.files.gather({ guard: () => guard(run), signal });
  }
}

/**
 * Throws unless the lock stands and nobody has written in spite of it. A moment that came meanwhile
 * may need what is about to go.
 */
async function guard({ core, lock, snapshots, files, signal }: PruneRun): Promise<void> {
  const { context, cache } = core;
  await lock.confirm();
  for await (const { name } of context.storage.list("snapshot", { signal })) {
    if (!snapshots.has(name))
      throw changedMeanwhile(context.storage.location, `moment ${name.slice(0, 8)} was added`);
  }
  const [ids, known] = [await listIndexIds({ context, cache, signal }), files.ids];
  for (const id of ids) {
    if (!known.has(id))
      throw changedMeanwhile(context.storage.location, `index ${id.slice(0, 8)} was added`);
  }
  for (const id of known) {
    if (!ids.has(id))
      throw changedMeanwhile(context.storage.location, `index ${id.slice(0, 8)} was removed`);
  }
  signal.throwIfAborted();
}

async function forgetPacks(run: PruneRun, packIds: readonly string[]): Promise<void> {
  if (packIds.length === 0) return;
  const { files, signal } = run;
  await files.forget(new Set(packIds), { guard: () => guard(run), signal });
  await guard(run);
  await removePacks(run, packIds);
}

async function removePacks(run: PruneRun, packIds: readonly string[]): Promise<void> {
  let done = 0;
  await removeFiles(run.core.context.storage, {
    type: "data",
    names: packIds,
    signal: run.signal,
    onRemoved: () => report(run, "remove", { done: ++done, total: packIds.length }),
  });
  for (const packId of packIds) run.counts.bytesFreed += run.sizes.get(packId) ?? 0;
}

async function repackAll(run: PruneRun, saver: PackSaver): Promise<void> {
  const { plan, options, counts } = run;
  const blobsOf = keptBlobsOf(run, plan.repack);
  let packsDone = 0;
  const batches = inBatches(plan.repack);
  for (const [number, batch] of batches.entries()) {
    if (clockOf(options)() - run.startMs > (options.maxMs ?? Infinity)) {
      for (const tally of batches.slice(number).flat()) {
        counts.packsLeft++;
        counts.unusedBytesLeft += tally.unusedBytes;
      }
      return;
    }
    const blobs = Uint32Array.from(batch.flatMap((tally) => blobsOf.get(tally.packNumber) ?? []));
    await run.lock.confirm();
    const { unreadable, packsWritten, bytesWritten } = await repackBlobs(run.core, {
      index: run.index,
      blobs,
      saver,
      signal: run.signal,
      onBlob: (lengthBytes) => {
        counts.bytesRepacked += lengthBytes;
        report(run, "repack", { done: packsDone, total: plan.repack.length });
      },
    });
    counts.packsWritten += packsWritten;
    counts.bytesFreed -= bytesWritten;
    const moved = batch.filter((tally) => !unreadable.has(tally.packNumber));
    for (const tally of batch) {
      if (!unreadable.has(tally.packNumber)) continue;
      run.unreadable.add(tally.packId);
      counts.unusedBytesLeft += tally.unusedBytes;
    }
    await forgetPacks(
      run,
      moved.map(({ packId }) => packId),
    );
    counts.packsRepacked += moved.length;
    packsDone += batch.length;
  }
}

/** Numbers of the blobs that stay, of the packs that go. */
function keptBlobsOf(
  { index, isKept }: PruneRun,
  packs: readonly PackTally[],
): ReadonlyMap<number, readonly number[]> {
  const blobsOf = new Map<number, number[]>(packs.map(({ packNumber }) => [packNumber, []]));
  if (packs.length === 0) return blobsOf;
  for (let blob = 0; blob < index.length; blob++)
    if (isKept[blob] === 1) blobsOf.get(index.packNumberOf(blob))?.push(blob);
  return blobsOf;
}

function inBatches(packs: readonly PackTally[]): readonly (readonly PackTally[])[] {
  const batches: PackTally[][] = [];
  let bytes = Infinity;
  for (const tally of packs) {
    if (bytes >= batchBytes) [bytes] = [0, batches.push([])];
    (batches.at(-1) as PackTally[]).push(tally);
    bytes += tally.usedBytes;
  }
  return batches;
}

function report(
  { options, counts }: PruneRun,
  phase: PrunePhase,
  { done, total }: { readonly done: number; readonly total: number },
): void {
  options.onProgress?.({ phase, done, total, bytesDone: counts.bytesRepacked });
}

function resultOf(run: PruneRun): PruneResult {
  const { tallies, counts, files, plan, strays, options } = run;
  const sum = (of: (tally: PackTally) => number): number =>
    tallies.reduce((total, tally) => total + of(tally), 0);
  const planned =
    options.dryRun === true
      ? {
          packsRemoved: plan.remove.length,
          strayPacksRemoved: run.lostBlobs === 0 ? strays.length : 0,
          packsRepacked: plan.repack.length,
          bytesRepacked: plan.repack.reduce((total, { usedBytes }) => total + usedBytes, 0),
          bytesFreed: plannedBytes(run),
        }
      : {};
  return {
    snapshots: run.snapshots.size,
    packs: run.sizes.size,
    usedBlobs: sum((tally) => tally.usedBlobs),
    usedBytes: sum((tally) => tally.usedBytes),
    unusedBlobs: sum((tally) => tally.unusedBlobs),
    unusedBytes: sum((tally) => tally.unusedBytes),
    ...counts,
    ...planned,
    indexFilesBefore: run.indexFilesBefore,
    indexFilesAfter: files.count,
    lostBlobs: run.lostBlobs,
    unreadablePacks: [...run.unreadable],
    strayPacksKept: run.lostBlobs === 0 ? [] : strays,
  };
}

function plannedBytes({ plan, strays, sizes, lostBlobs }: PruneRun): number {
  const whole = [...plan.remove.map(({ packId }) => packId), ...(lostBlobs === 0 ? strays : [])];
  const removed = whole.reduce((total, packId) => total + (sizes.get(packId) ?? 0), 0);
  return plan.repack.reduce((total, { unusedBytes }) => total + unusedBytes, removed);
}
