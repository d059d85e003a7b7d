/** Lock files (restic design: Locks): JSON as restic's, with fields of our own that others ignore. */
import { isRecoveryError } from "#errors";
import { parseRfc3339, toRfc3339Nano } from "#time";
import { type ProcessIdentity, processIdentity } from "./process-identity.ts";
import { RepositoryError } from "./repository-error.ts";
import { type UnpackedContext, loadUnpacked, parseJson, sealUnpacked } from "./unpacked-file.ts";

export type LockFile = ProcessIdentity & {
  readonly name: string;
  /** When it was written: a lock that is refreshed is written anew. */
  readonly timeNs: bigint;
  /** When it was first taken; undefined where another program holds it, which does not say. */
  readonly sinceNs?: bigint;
  readonly exclusive: boolean;
};

/** A lock that cannot be read, and so holds nothing: a crash while it was written, or damage. */
export type UnreadableLock = { readonly name: string; readonly problem: string };

export type LockListing = {
  readonly locks: readonly LockFile[];
  readonly unreadable: readonly UnreadableLock[];
};

/** Returns its name. Throws what storage throws, and nothing of it stands then. */
export async function writeLock(
  context: UnpackedContext,
  {
    exclusive,
    timeNs,
    sinceNs,
  }: { readonly exclusive: boolean; readonly timeNs: bigint; readonly sinceNs: bigint },
): Promise<string> {
  const { bootId, processNamespace, processStart, ...identity } = processIdentity();
  const json = JSON.stringify({
    time: toRfc3339Nano(timeNs),
    exclusive,
    ...identity,
    // Programs that do not know these fields ignore them; we tell by them that a holder is dead.
    restante_boot_id: bootId,
    restante_process_namespace: processNamespace,
    restante_process_start: processStart,
    restante_since: toRfc3339Nano(sinceNs),
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
export async function removeLock(context: UnpackedContext, name: string): Promise<boolean> {
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

/** All locks. One that vanishes meanwhile is gone. */
export async function listLocks(
  context: UnpackedContext,
  signal?: AbortSignal,
): Promise<LockListing> {
  const optional = signal === undefined ? {} : { signal };
  const locks: LockFile[] = [];
  const unreadable: UnreadableLock[] = [];
  for await (const { name } of context.storage.list("lock", optional)) {
    try {
      locks.push(parseLock(await loadUnpacked(context, "lock", { name, ...optional }), name));
    } catch (error) {
      if (!isRecoveryError(error)) throw error;
      if (error.code === "storage.not-found") continue;
      // As restic: a lock that cannot be read (a crash while it was written) holds nothing.
      if (error.code !== "repository.damaged") throw error;
      unreadable.push({ name, problem: error.message });
    }
  }
  return { locks, unreadable };
}

function parseLock(bytes: Uint8Array, name: string): LockFile {
  const value = (parseJson(bytes, `lock ${name.slice(0, 8)}`) ?? {}) as {
    readonly [key: string]: unknown;
  };
  const text = (key: string): string => (typeof value[key] === "string" ? value[key] : "");
  const number = (key: string): number => (typeof value[key] === "number" ? value[key] : 0);
  const timeNs = instantOf(text("time"));
  if (timeNs === undefined) {
    throw new RepositoryError(
      "repository.damaged",
      `Cannot read lock ${name.slice(0, 8)}: it has no time`,
      { hint: "Remove it with `restante unlock --remove-all`." },
    );
  }
  const sinceNs = instantOf(text("restante_since"));
  return {
    name,
    timeNs,
    ...(sinceNs === undefined ? {} : { sinceNs }),
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

function instantOf(text: string): bigint | undefined {
  try {
    return parseRfc3339(text);
  } catch {
    return undefined;
  }
}
