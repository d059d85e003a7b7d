/** The files of a repository that stand alone: snapshots, indexes, keys, locks. */
import { sha256Hex } from "./crypto.ts";
import { listIndexIds } from "./load-index.ts";
import { type ParsedIndex, parseIndex } from "./parsed-index.ts";
import type { Snapshot } from "./repository.ts";
import { loadSnapshot } from "./snapshot-file.ts";
import { loadUnpacked, parseJson } from "./unpacked-file.ts";
import { isRecoveryError } from "#errors";
import type { VerifyRun } from "./verify-run.ts";

export async function loadAllSnapshots(run: VerifyRun): Promise<readonly Snapshot[]> {
  const snapshots: Snapshot[] = [];
  for await (const { name } of run.core.context.storage.list("snapshot", run.signal)) {
    try {
      snapshots.push(await loadSnapshot(run.core.context, name, run.options.signal));
    } catch (error) {
      run.findError(error, { code: "snapshot-damaged", severity: "error", file: name });
    }
  }
  return snapshots;
}

/** Index files by name. Not through the cache: what lies in storage is what is verified. */
export async function loadAllIndexes(run: VerifyRun): Promise<ReadonlyMap<string, ParsedIndex>> {
  const { context, cache } = run.core;
  const indexes = new Map<string, ParsedIndex>();
  for (const name of await listIndexIds({ context, cache, ...run.signal })) {
    try {
      const json = await loadUnpacked(context, "index", { name, ...run.signal });
      indexes.set(name, parseIndex(json, name));
    } catch (error) {
      run.findError(error, { code: "index-damaged", severity: "error", file: name });
    }
  }
  return indexes;
}

export function findRepeatedPacks(run: VerifyRun, indexes: Iterable<ParsedIndex>): void {
  const timesNamed = new Map<string, number>();
  for (const { packs } of indexes) {
    for (const packId of new Set(packs)) timesNamed.set(packId, (timesNamed.get(packId) ?? 0) + 1);
  }
  for (const [packId, times] of timesNamed) {
    if (times === 1) continue;
    run.find({
      code: "pack-in-several-indexes",
      severity: "warning",
      file: packId,
      message: `Pack ${packId.slice(0, 8)} is named by ${times} index files: left by an interrupted run, it only costs time`,
    });
  }
}

/**
 * A key file that is damaged opens nothing any more, and a lock that is damaged holds nothing; here
 * the repository is open, so another key fits.
 */
export async function lookAtKeysAndLocks(run: VerifyRun): Promise<void> {
  const { context } = run.core;
  for await (const { name } of context.storage.list("key", run.signal)) {
    const file = { code: "key-damaged", severity: "warning", file: name } as const;
    try {
      const bytes = await context.storage.load({ type: "key", name }, run.signal);
      if (sha256Hex(bytes) !== name)
        run.find({ ...file, message: `Key ${name.slice(0, 8)}: its bytes do not match its name` });
    } catch (error) {
      run.findError(error, file);
    }
  }
  for await (const { name } of context.storage.list("lock", run.signal)) {
    try {
      parseJson(
        await loadUnpacked(context, "lock", { name, ...run.signal }),
        `lock ${name.slice(0, 8)}`,
      );
    } catch (error) {
      // Its holder took it away meanwhile.
      if (isRecoveryError(error) && error.code === "storage.not-found") continue;
      run.findError(error, { code: "lock-damaged", severity: "warning", file: name });
    }
  }
}
