/**
 * Locks (restic design: Locks): a file per holder. Many shared ones may stand together; an
 * exclusive one stands alone. List → write → wait → list again, because storage has no
 * compare-and-swap; refreshed every 5 minutes as new-then-delete; stale at 30 minutes, so we
 * give up by ourselves at 22.5.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { isRecoveryError } from "#errors";
import { heldLock, isOver, LockedError } from "./held-lock.ts";
import { listLocks, removeLock, writeLock } from "./lock-file.ts";
import { waitForLock } from "./lock-wait.ts";
import { RepositoryError } from "./repository-error.ts";
import type { UnpackedContext } from "./unpacked-file.ts";

const refreshEveryMs = 5 * 60_000;
const giveUpAfterMs = 22.5 * 60_000;
const settleMs = 200;

export type LockOptions = {
  readonly exclusive: boolean;
  readonly now: () => bigint;
  readonly signal?: AbortSignal;
};

export interface Lock extends AsyncDisposable {
  /** Of its file, which a refresh replaces. */
  readonly name: string;
  /** Aborted when the lock could not be kept: whoever relies on it stops. */
  readonly signal: AbortSignal;
  /** Throws `repository.lock-lost` unless the lock certainly still stands in the repository. */
  confirm(): Promise<void>;
}

/**
 * Throws `repository.locked`. Where the repository was opened to wait (`lockWait`), only once that time is
 * over.
 */
export async function takeLock(context: UnpackedContext, options: LockOptions): Promise<Lock> {
  return await waitForLock(context, options, async () => await takeNow(context, options));
}

/** Waits as `takeLock` would, and takes nothing: for what should not begin before its turn. */
export async function awaitTurn(context: UnpackedContext, options: LockOptions): Promise<void> {
  await waitForLock(
    context,
    options,
    async () => await refuseConflicts(context, options, new Set()),
  );
}

async function takeNow(context: UnpackedContext, options: LockOptions): Promise<Lock> {
  await refuseConflicts(context, options, new Set());
  const sinceNs = options.now();
  const write = async (): Promise<string> =>
    await writeLock(context, { exclusive: options.exclusive, timeNs: options.now(), sinceNs });
  let name = await write();
  try {
    // Whoever writes first is seen by whoever lists second; the pause is for listings that lag.
    if (context.storage.promises.listsAtOnce !== true) {
      await sleep(
        settleMs,
        undefined,
        options.signal === undefined ? {} : { signal: options.signal },
      );
    }
    await refuseConflicts(context, options, new Set([name]));
  } catch (error) {
    // What went wrong first is what is told.
    await removeLock(context, name).catch(() => undefined);
    throw error;
  }
  /** Earlier locks of ours that storage did not let us remove. */
  const leftovers: string[] = [];
  const lost = new AbortController();
  let refreshedAtMs = performance.now();
  let refreshedAtNs = options.now();

  async function refresh(): Promise<void> {
    const next = await write();
    const previous = name;
    name = next;
    leftovers.push(previous);
    const wasThere = await removeLock(context, previous);
    leftovers.pop();
    // Our old lock is gone: somebody took it for stale and may have removed data since.
    if (!wasThere) throw lockLost("somebody removed it");
    refreshedAtMs = performance.now();
    refreshedAtNs = options.now();
  }

  // Both clocks: a machine that slept stops the one, a corrected wall clock the other.
  const ageMs = (): number =>
    Math.max(
      performance.now() - refreshedAtMs,
      Number((options.now() - refreshedAtNs) / 1_000_000n),
    );

  let refreshing: Promise<void> = Promise.resolve();
  const timer = setInterval(() => {
    refreshing = refresh().catch((error: unknown) => {
      const fatal = isRecoveryError(error) && error.code === "repository.lock-lost";
      if (fatal || ageMs() > giveUpAfterMs)
        lost.abort(fatal ? error : lockLost("it could not be refreshed"));
    });
  }, refreshEveryMs);
  timer.unref();

  return {
    get name() {
      return name;
    },
    signal: lost.signal,
    async confirm() {
      await refreshing;
      lost.signal.throwIfAborted();
      if (ageMs() > giveUpAfterMs) throw lockLost("it was not refreshed in time");
      await context.storage.stat({ type: "lock", name }).catch((error: unknown) => {
        throw isRecoveryError(error) && error.code === "storage.not-found"
          ? lockLost("somebody removed it")
          : error;
      });
    },
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await refreshing;
      for (const one of [...leftovers, name]) await removeLock(context, one);
    },
  };
}

/**
 * Runs `work` and gives the lock back. What goes wrong in the work is what is thrown: storage that
 * failed it may well fail the removal too, and a lock that stays is dead with its process.
 */
export async function underLock<Result>(
  lock: AsyncDisposable,
  work: () => Promise<Result>,
): Promise<Result> {
  let result: Result;
  try {
    result = await work();
  } catch (error) {
    await Promise.resolve(lock[Symbol.asyncDispose]()).catch(() => undefined);
    throw error;
  }
  await lock[Symbol.asyncDispose]();
  return result;
}

function lockLost(state: string): RepositoryError {
  return new RepositoryError(
    "repository.lock-lost",
    `Cannot finish: the lock on the repository was lost: ${state}`,
    {
      hint: "Run the command again; nothing that was recoverable before is lost.",
      retryable: true,
    },
  );
}

/** Throws `repository.locked` for a lock of others that excludes ours; one that is over is removed. */
async function refuseConflicts(
  context: UnpackedContext,
  options: LockOptions,
  own: ReadonlySet<string>,
): Promise<void> {
  const nowNs = options.now();
  for (const lock of (await listLocks(context, options.signal)).locks) {
    if (own.has(lock.name) || (!lock.exclusive && !options.exclusive)) continue;
    const held = heldLock(lock, nowNs);
    if (!isOver(held)) throw new LockedError(held, context.storage.location);
    await removeLock(context, lock.name);
  }
}
