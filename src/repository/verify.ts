/**
 * Whether every promised moment can be recovered: snapshots → trees → blobs → packs; and the bytes
 * of packs, all of them, or those that are due. Findings are reported, all of them; nothing stops
 * at the first.
 */
import { systemClock } from "#time";
import { hasAnyLoss } from "./any-loss.ts";
import { BlobIndex } from "./blob-index.ts";
import { takeLock, underLock } from "./lock.ts";
import { type IndexedPackLayout, packLayouts } from "./pack-layout.ts";
import type { ParsedIndex } from "./parsed-index.ts";
import { clockOf, readPacks } from "./read-packs.ts";
import type { RepositoryCore } from "./repository-core.ts";
import type { Snapshot } from "./repository.ts";
import {
  findRepeatedPacks,
  loadAllIndexes,
  loadAllSnapshots,
  lookAtKeysAndLocks,
} from "./verify-files.ts";
import { comparePacks, listPacks, type PackSizes } from "./verify-packs.ts";
import type { RollingReport, VerifyOptions, VerifyReport } from "./verify-report.ts";
import { blobIdKey, VerifyRun } from "./verify-run.ts";
import { type Loss, walkLosses } from "./walk-losses.ts";

export async function verifyRepository(
  core: RepositoryCore,
  options: VerifyOptions,
): Promise<VerifyReport> {
  const optional = options.signal === undefined ? {} : { signal: options.signal };
  const now = options.now ?? systemClock();
  // A shared lock keeps a prune away while what it would remove is being looked for.
  const lock = await takeLock(core.context, { exclusive: false, now, ...optional });
  return underLock(lock, () => verifyLocked(new VerifyRun(core, options)));
}

export type Looked = {
  readonly snapshots: readonly Snapshot[];
  /** Those that can be read, by name. */
  readonly indexes: ReadonlyMap<string, ParsedIndex>;
  readonly index: BlobIndex;
  readonly layouts: ReadonlyMap<string, IndexedPackLayout>;
  readonly sizes: PackSizes;
  readonly rolling: RollingReport | undefined;
};

async function verifyLocked(run: VerifyRun): Promise<VerifyReport> {
  const { snapshots, sizes, index, rolling } = await lookAtEverything(run);
  return {
    snapshots: snapshots.length,
    packs: sizes.size,
    blobs: index.length,
    bytesRead: run.bytesRead,
    findings: run.findings,
    ...(rolling === undefined ? {} : { rolling }),
  };
}

/** Under a lock; what is found stands in the run. */
export async function lookAtEverything(run: VerifyRun): Promise<Looked> {
  const startedMs = clockOf(run.options)();
  await lookAtKeysAndLocks(run);
  const snapshots = await loadAllSnapshots(run);
  const indexes = await loadAllIndexes(run);
  findRepeatedPacks(run, indexes.values());
  const index = new BlobIndex([...indexes.values()]);
  const layouts = packLayouts(index);
  const sizes = await listPacks(run);
  comparePacks(run, { index, layouts, sizes });
  await nameLosses(run, { index, snapshots });
  const knownBad = run.badBlobs.size;
  const rolling = await readPacks(run, { index, layouts, sizes, startedMs });
  // Structure first, so that reading has the rest of its time; what reading found to be damaged costs a second walk.
  if (run.badBlobs.size > knownBad) await nameLosses(run, { index, snapshots });
  return { snapshots, indexes, index, layouts, sizes, rolling };
}

async function nameLosses(
  run: VerifyRun,
  { index, snapshots }: { readonly index: BlobIndex; readonly snapshots: readonly Snapshot[] },
): Promise<void> {
  const { badBlobs, core } = run;
  const walked = {
    index,
    snapshots,
    isBad: (id: Uint8Array) => badBlobs.size > 0 && badBlobs.has(blobIdKey(id)),
    signal: run.options.signal,
  };
  if (!(await hasAnyLoss(core, walked))) return;
  await walkLosses(core, { ...walked, onLoss: (loss) => tellLoss(run, loss) });
}

function tellLoss(run: VerifyRun, { kind, path, snapshot, state, error, location }: Loss): void {
  const where = { severity: "error", file: snapshot.id, path } as const;
  if (error !== undefined) {
    if (location !== undefined) run.suspectPacks.add(location.packId);
    run.findError(error, { code: "tree-damaged", ...where });
    return;
  }
  const what = kind === "file" ? "File" : "Folder";
  const message = `${what} "${path}" of moment ${snapshot.id.slice(0, 8)} is lost: ${state}`;
  run.find({ code: "blob-missing", ...where, message });
}
