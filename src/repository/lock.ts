/**
 * Locks (restic design: Locks): a file per holder. Many shared ones may stand together; an
 * exclusive one stands alone. List → write → wait → list again, because storage has no
 * compare-and-swap; refreshed every 5 minutes as new-then-delete; stale at 30 minutes, so we
 * give up by ourselves at 22.5.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { parseRfc3339, toRfc3339Nano } from "#time";
import { isRecoveryError } from "#errors";
import { type ProcessIdentity, processIdentity, isSurelyDead } from "./process-identity.ts";
import { RepositoryError } from "./repository-error.ts";
import { type UnpackedContext, loadUnpacked, parseJson, sealUnpacked } from "./unpacked-file.ts";

const refreshEveryMs = 5 * 60_000;
const giveUpAfterMs = 22.5 * 60_000;
const staleAfterMs = 30 * 60_000;
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

type LockFile = ProcessIdentity & {
  readonly name: string;
  readonly timeNs: bigint;
  readonly exclusive: boolean;
  readonly username: string;
};

export async function takeLock(context: UnpackedContext, options: LockOptions): Promise<Lock> {
  await refuseConflicts(context, options, new Set());
  let name = await writeLock(context, options);
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
    const next = await writeLock(context, options);
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

async function writeLock(context: UnpackedContext, options: LockOptions): Promise<string> {
  const { bootId, processNamespace, processStart, ...identity } = processIdentity();
  const json = JSON.stringify({
    time: toRfc3339Nano(options.now()),
    exclusive: options.exclusive,
    ...identity,
    // Programs that do not know these fields ignore them; we tell by them that a holder is dead.
    restante_boot_id: bootId,
    restante_process_namespace: processNamespace,
    restante_process_start: processStart,
  });
  const { name, bytes } = sealUnpacked(context, "lock", Buffer.from(json));
  try {
    await context.storage.save({ type: "lock", name }, [bytes]);
  } catch (error) {
    // Where only the answer was lost it stands all the same, and nobody else would remove it while we live.
    await removeLock(context, name).catch(() => undefined);
    throw error;
  }
  return name;
}

/**
 * False where the lock was not there any more. A removal whose answer was lost on the way is done once
 * more: what is gone then is what it has removed, since nobody takes a lock for stale before we give it up.
 */
async function removeLock(context: UnpackedContext, name: string): Promise<boolean> {
  for (let isUncertain = false; ; isUncertain = true) {
    try {
      await context.storage.remove({ type: "lock", name });
      return true;
    } catch (error) {
      if (!isRecoveryError(error)) throw error;
      if (error.code === "storage.not-found") return isUncertain;
      if (isUncertain || !error.retryable) throw error;
    }
  }
}

async function refuseConflicts(
  context: UnpackedContext,
  options: LockOptions,
  own: ReadonlySet<string>,
): Promise<void> {
  const nowNs = options.now();
  for (const lock of await listLocks(context, options.signal)) {
    if (own.has(lock.name) || (!lock.exclusive && !options.exclusive)) continue;
    const ageMs = Number((nowNs - lock.timeNs) / 1_000_000n);
    if (isSurelyDead(lock) || ageMs > staleAfterMs) {
      await removeLock(context, lock.name);
      continue;
    }
    throw new RepositoryError(
      "repository.locked",
      `Cannot lock repository "${context.storage.location}": ${describeHolder(lock)}`,
      {
        hint: `Wait for that run; if ${lock.hostname} is gone for good, remove the lock with \`restic unlock\`.`,
        retryable: true,
      },
    );
  }
}

function describeHolder(lock: LockFile): string {
  const kind = lock.exclusive ? "an exclusive" : "a shared";
  return `host ${lock.hostname} (process ${lock.pid}, user ${lock.username}) has held ${kind} lock since ${toRfc3339Nano(lock.timeNs)}`;
}

/** All readable locks. One that vanishes meanwhile is gone; one that is damaged is reported by verify. */
async function listLocks(
  context: UnpackedContext,
  signal?: AbortSignal,
): Promise<readonly LockFile[]> {
  const optional = signal === undefined ? {} : { signal };
  const locks: LockFile[] = [];
  for await (const { name } of context.storage.list("lock", optional)) {
    try {
      locks.push(parseLock(await loadUnpacked(context, "lock", { name, ...optional }), name));
    } catch (error) {
      if (isRecoveryError(error) && error.code === "storage.not-found") continue;
      // As restic: a lock that cannot be read (a crash while it was written) holds nothing.
      if (isRecoveryError(error) && error.code === "repository.damaged") continue;
      throw error;
    }
  }
  return locks;
}

function parseLock(bytes: Uint8Array, name: string): LockFile {
  const value = (parseJson(bytes, `lock ${name.slice(0, 8)}`) ?? {}) as {
    readonly [key: string]: unknown;
  };
  const text = (key: string): string => (typeof value[key] === "string" ? value[key] : "");
  const number = (key: string): number => (typeof value[key] === "number" ? value[key] : 0);
  let timeNs: bigint;
  try {
    timeNs = parseRfc3339(text("time"));
  } catch (cause) {
    throw new RepositoryError(
      "repository.damaged",
      `Cannot read lock ${name.slice(0, 8)}: it has no time`,
      {
        hint: "Remove it with `restic unlock`.",
        cause,
      },
    );
  }
  return {
    name,
    timeNs,
    exclusive: value["exclusive"] === true,
    hostname: text("hostname"),
    username: text("username"),
    pid: number("pid"),
    uid: number("uid"),
    gid: number("gid"),
    bootId: text("restante_boot_id"),
    processNamespace: text("restante_process_namespace"),
    processStart: text("restante_process_start"),
  };
}
