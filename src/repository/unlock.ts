import { heldLock } from "./held-lock.ts";
import { listLocks, removeLock } from "./lock-file.ts";
import type { RepositoryCore } from "./repository-core.ts";
import type { HeldLocks } from "./repository.ts";

/** Everything in the repository's folder of locks, the oldest first. */
export async function heldLocks(
  { context }: RepositoryCore,
  { now, signal }: { readonly now: () => bigint; readonly signal?: AbortSignal | undefined },
): Promise<HeldLocks> {
  const { locks, unreadable } = await listLocks(context, signal);
  const nowNs = now();
  return {
    locks: locks
      .map((lock) => heldLock(lock, nowNs))
      .toSorted((a, b) => (a.writtenNs < b.writtenNs ? -1 : a.writtenNs > b.writtenNs ? 1 : 0)),
    unreadable: unreadable.map(({ name, problem }) => ({ id: name, problem })),
  };
}

/** Returns those that were there. */
export async function removeLocks(
  { context }: RepositoryCore,
  ids: readonly string[],
): Promise<readonly string[]> {
  const removed: string[] = [];
  for (const id of ids) if (await removeLock(context, id)) removed.push(id);
  return removed;
}
