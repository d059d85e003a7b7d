/**
 * Duplicates snapshots in another repository (paper §2.2.2, remote vaulting), as `restic copy` does:
 * locks on both → indexes → trees walked in the source → what the target lacks copied in pack order →
 * index → far side verified → snapshot. Both locks span all of it. Small snapshots share a batch, so
 * that they share packs too.
 */
import { isRecoveryError } from "#errors";
import { openCompressor } from "./compression.ts";
import { DuplicateCopier } from "./duplicate-copier.ts";
import { blobMarks, DuplicateMarks } from "./duplicate-marks.ts";
import { DuplicatePhases } from "./duplicate-phases.ts";
import type {
  DuplicatedSnapshot,
  DuplicateOptions,
  DuplicateResult,
  DuplicateVerification,
  RefusedSnapshot,
} from "./duplicate-result.ts";
import { ArrivedSnapshots, arrivingSnapshot } from "./duplicate-snapshot.ts";
import { acceptCopied, readBackThere } from "./duplicate-verify.ts";
import { type DuplicateWalk, findLosses, markSnapshot } from "./duplicate-walk.ts";
import { assertStillThere } from "./is-damage.ts";
import { listSnapshots } from "./list-snapshots.ts";
import { loadIndex } from "./load-index.ts";
import { type Lock, takeLock, underLock } from "./lock.ts";
import { momentDamaged, momentGone, refuseTarget, samePlace } from "./duplicate-refusals.ts";
import type { RepositoryCore } from "./repository-core.ts";
import type { Snapshot } from "./repository.ts";
import { saveMoment } from "./save-moment.ts";
import { loadSnapshot } from "./snapshot-file.ts";

/** Snapshots are gathered until they want so many bytes: a batch of small ones fills whole packs. */
const batchBytes: number = 64 * 1024 * 1024;

export async function duplicateSnapshots(
  from: RepositoryCore,
  { to, ...options }: DuplicateOptions & { readonly to: RepositoryCore },
): Promise<DuplicateResult> {
  refuseTarget(to);
  const { signal, now } = options;
  const locking = { exclusive: false, now, ...(signal === undefined ? {} : { signal }) };
  const phases = new DuplicatePhases(options);
  const fromLock = await takeLock(from.context, locking);
  return await underLock(fromLock, async () => {
    if (from.id === to.id && (await holdsLock(to, fromLock))) throw samePlace(to);
    const toLock = await takeLock(to.context, locking);
    return await underLock(toLock, async () => {
      const signals = [fromLock.signal, toLock.signal, ...(signal === undefined ? [] : [signal])];
      const all = AbortSignal.any(signals);
      try {
        const run = await openRun({ from, to, options, phases, toLock, signal: all });
        return await duplicateAll(run);
      } catch (error) {
        throw all.aborted && all.reason instanceof Error ? all.reason : error;
      }
    });
  });
}

/** Two names for one place: what was written through the one is seen through the other. */
async function holdsLock({ context }: RepositoryCore, lock: Lock): Promise<boolean> {
  try {
    await context.storage.stat({ type: "lock", name: lock.name });
    return true;
  } catch (error) {
    if (isRecoveryError(error) && error.code === "storage.not-found") return false;
    throw error;
  }
}

type Run = {
  readonly walk: DuplicateWalk;
  readonly copier: DuplicateCopier;
  readonly arrived: ArrivedSnapshots;
  readonly toLock: Lock;
  readonly now: () => bigint;
  readonly phases: DuplicatePhases;
  readonly ids: readonly string[];
  readonly verify: DuplicateVerification;
  readonly signal: AbortSignal;
  readonly copied: DuplicatedSnapshot[];
  readonly skipped: DuplicatedSnapshot[];
  readonly refused: RefusedSnapshot[];
  bytesVerified: number;
};

async function openRun({
  from,
  to,
  options,
  phases,
  toLock,
  signal,
}: {
  readonly from: RepositoryCore;
  readonly to: RepositoryCore;
  readonly options: DuplicateOptions;
  readonly phases: DuplicatePhases;
  readonly toLock: Lock;
  readonly signal: AbortSignal;
}): Promise<Run> {
  const verify = options.verify ?? "index";
  const ids = [...new Set(options.snapshots.map(({ id }) => id))];
  const sides = await Promise.all(
    [from, to].map(async (core) => {
      const { index } = await loadIndex({ context: core.context, cache: core.cache, signal });
      return { core, index };
    }),
  );
  const [source, target] = sides as [DuplicateWalk["from"], DuplicateWalk["to"]];
  const marks = new DuplicateMarks(source.index);
  const arrived = new ArrivedSnapshots(to);
  // One that is damaged there is copied again.
  for (const snapshot of await listSnapshots(to, { signal, onDamaged: () => undefined }))
    arrived.add(snapshot);
  const copier = new DuplicateCopier({
    from: source,
    to,
    marks,
    verify,
    confirmLock: () => toLock.confirm(),
    signal,
  });
  phases.follow({ marks, copier, snapshotsTotal: ids.length });
  return {
    walk: {
      from: source,
      to: target,
      marks,
      compressor: openCompressor(),
      walkedTrees: new Set(),
      badTrees: new Map(),
      onlyThere: new Map(),
      isDamaged: false,
      signal,
    },
    copier,
    arrived,
    toLock,
    now: options.now,
    phases,
    ids,
    verify,
    signal,
    copied: [],
    skipped: [],
    refused: [],
    bytesVerified: 0,
  };
}

async function duplicateAll(run: Run): Promise<DuplicateResult> {
  const { walk, copier, phases, ids } = run;
  try {
    let batch: Snapshot[] = [];
    let batchStart = 0;
    for (const id of ids) {
      const snapshot = await chooseSnapshot(run, id);
      if (snapshot === undefined) continue;
      phases.enter("walk");
      await markSnapshot(walk, snapshot.tree);
      batch.push(snapshot);
      if (walk.marks.bytesWanted - batchStart < batchBytes) continue;
      await sendBatch(run, batch);
      [batch, batchStart] = [[], walk.marks.bytesWanted];
    }
    if (batch.length > 0) await sendBatch(run, batch);
  } catch (error) {
    // What has arrived already shall serve the next run: index it if storage still answers.
    await copier.salvage();
    throw error;
  }
  return {
    copied: run.copied,
    skipped: run.skipped,
    refused: run.refused,
    verified: run.verify,
    blobsCopied: copier.blobsCopied,
    bytesRead: copier.bytesRead,
    bytesAdded: copier.addedBytes,
    bytesStored: copier.storedBytes,
    bytesVerified: run.bytesVerified + copier.bytesVerified,
    phasesMs: phases.finish(),
  };
}

/** The snapshot as it stands in the source now; undefined where there is nothing to do with it. */
async function chooseSnapshot(run: Run, id: string): Promise<Snapshot | undefined> {
  const { walk, signal } = run;
  try {
    const snapshot = await loadSnapshot(walk.from.core.context, id, signal);
    const there = run.arrived.find(snapshot);
    if (there === undefined || run.verify === "data") return snapshot;
    settle(run, run.skipped, { from: snapshot, to: there });
  } catch (error) {
    if (!isRecoveryError(error) || error.retryable) throw error;
    const isGone = error.code === "storage.not-found";
    if (!isGone && error.code !== "repository.damaged") throw error;
    if (isGone) await assertStillThere(walk.from.core, signal);
    const refusal = isGone ? momentGone(id, walk.from.core) : error;
    settle(run, run.refused, { id, error: refusal, losses: [], lossCount: 0 });
  }
  return undefined;
}

function settle<Item>(run: Run, list: Item[], item: Item): void {
  list.push(item);
  run.phases.snapshotsDone++;
  run.phases.report();
}

async function sendBatch(run: Run, batch: readonly Snapshot[]): Promise<void> {
  const { walk, copier, phases } = run;
  const onBlob = (): void => phases.report();
  phases.enter("copy");
  const written = await copier.copyWanted(onBlob);
  if (walk.marks.count(blobMarks.lost) > 0) walk.isDamaged = true;
  phases.enter("verify");
  const readsBack = run.verify === "data";
  acceptCopied(walk, { written, mark: readsBack ? blobMarks.verified : blobMarks.copied });
  if (readsBack) run.bytesVerified += await readBackThere(walk, onBlob);
  phases.enter("finish");
  await run.arrived.refresh(run.signal);
  for (const snapshot of batch) await finishSnapshot(run, snapshot);
}

async function finishSnapshot(run: Run, snapshot: Snapshot): Promise<void> {
  const { walk, signal } = run;
  const { losses, lossCount } = walk.isDamaged
    ? await findLosses(walk, snapshot.tree)
    : { losses: [], lossCount: 0 };
  if (lossCount > 0) {
    const error = momentDamaged(snapshot, { lossCount, first: losses[0], from: walk.from.core });
    settle(run, run.refused, { id: snapshot.id, snapshot, error, losses, lossCount });
    return;
  }
  const there = run.arrived.find(snapshot);
  if (there !== undefined) {
    settle(run, run.skipped, { from: snapshot, to: there });
    return;
  }
  const { context } = walk.to.core;
  const arriving = arrivingSnapshot(snapshot, walk.from.core.id);
  const { toLock: lock, now } = run;
  const saved = await saveMoment(walk.to.core, arriving, { lock, now, signal });
  // As it reads back: a file that did not arrive whole is no moment.
  const arrived = await loadSnapshot(context, saved.id, signal);
  run.arrived.add(arrived);
  settle(run, run.copied, { from: snapshot, to: arrived });
}
