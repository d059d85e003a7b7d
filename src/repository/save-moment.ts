/** The last step of a capture or a duplication: from here on the moment exists. */
import { setTimeout as sleep } from "node:timers/promises";
import { isRecoveryError } from "#errors";
import { loadIndex } from "./load-index.ts";
import { type Lock, takeLock, underLock } from "./lock.ts";
import type { RepositoryCore } from "./repository-core.ts";
import type { Snapshot } from "./repository.ts";
import { saveSnapshot } from "./snapshot-file.ts";
import { findCopies, markUsedBlobs } from "./used-blobs.ts";

export type SaveMomentOptions = {
  readonly lock: Lock;
  readonly now: () => bigint;
  readonly signal: AbortSignal;
};

/**
 * Writes the snapshot while the lock stands, and looks at the lock once more afterwards. Where somebody
 * removed it by force in between, a prune may have taken blobs before it could see the snapshot: the
 * moment is looked through, and stays when all of it is there. It is not taken back unseen, for the same
 * somebody may have forgotten others because of it. Throws `repository.lock-lost` where it does not stay.
 */
export async function saveMoment(
  core: RepositoryCore,
  snapshot: Omit<Snapshot, "id">,
  { lock, now, signal }: SaveMomentOptions,
): Promise<Snapshot> {
  await lock.confirm();
  signal.throwIfAborted();
  const saved = await saveSnapshot(core.context, snapshot, signal);
  try {
    await lock.confirm();
  } catch (error) {
    // Storage that did not answer this time says nothing about the lock.
    if (!isLost(error)) return saved;
    if (!(await isWholeAfterAll(core, saved, now))) throw error;
  }
  return saved;
}

function isLost(error: unknown): boolean {
  return isRecoveryError(error) && error.code === "repository.lock-lost";
}

const askAgainMs = 1000;
/** As long as a lock counts that nobody refreshes. */
const mostTries = 30 * 60;

async function isWholeAfterAll(
  core: RepositoryCore,
  { id, tree }: Snapshot,
  now: () => bigint,
): Promise<boolean> {
  const { storage } = core.context;
  const lock = await lockPatiently(core, now);
  return await underLock(lock, async () => {
    const { signal } = lock;
    try {
      await storage.stat({ type: "snapshot", name: id }, { signal });
    } catch (error) {
      if (isRecoveryError(error) && error.code === "storage.not-found") return false;
      throw error;
    }
    if (await isWhole(core, { tree, signal })) return true;
    await storage.remove({ type: "snapshot", name: id });
    return false;
  });
}

/** Whoever removed our lock may be at work yet. */
async function lockPatiently({ context }: RepositoryCore, now: () => bigint): Promise<Lock> {
  for (let tries = 1; ; tries++) {
    try {
      return await takeLock(context, { exclusive: false, now });
    } catch (error) {
      const isHeld = isRecoveryError(error) && error.code === "repository.locked";
      if (!isHeld || tries === mostTries) throw error;
      await sleep(askAgainMs);
    }
  }
}

async function isWhole(
  core: RepositoryCore,
  { tree, signal }: { readonly tree: string; readonly signal: AbortSignal },
): Promise<boolean> {
  const { context, cache } = core;
  const { index } = await loadIndex({ context, cache, signal });
  const { copies } = findCopies(index);
  const rootTrees = [tree];
  try {
    const used = await markUsedBlobs(core, {
      index,
      rootTrees,
      copies,
      signal,
      onTree: () => undefined,
    });
    if (used.lost > 0) return false;
    const packs = new Set<string>();
    for await (const { name } of context.storage.list("data", { signal })) packs.add(name);
    for (let blob = 0; blob < index.length; blob++) {
      const places = used.isUsed[blob] === 1 ? [blob, ...(copies.get(blob) ?? [])] : [];
      const isMissing = places.every((place) => !packs.has(index.location(place).packId));
      if (places.length > 0 && isMissing) return false;
    }
    return true;
  } catch (error) {
    if (isRecoveryError(error) && error.code === "repository.prune-unsure") return false;
    throw error;
  }
}
