/** What is known of a lock that somebody holds, and what follows from it, in words. */
import { toRfc3339Nano } from "#time";
import type { LockFile } from "./lock-file.ts";
import { processIsThere, stateOfHolder } from "./process-identity.ts";
import { RepositoryError } from "./repository-error.ts";
import type { HeldLock } from "./repository.ts";

/** restic's: so long after it was written last nobody believes in a lock any more. */
export const staleAfterMs: number = 30 * 60_000;

export function heldLock(lock: LockFile, nowNs: bigint): HeldLock {
  const { name, timeNs, sinceNs, exclusive, hostname, username, pid } = lock;
  const ageMs = Number((nowNs - timeNs) / 1_000_000n);
  const isRestic = lock.bootId === "" && sinceNs === undefined;
  const namesake = isRestic ? processIsThere(hostname, pid) : undefined;
  return {
    id: name,
    exclusive,
    hostname,
    username,
    pid,
    writtenNs: timeNs,
    ...(sinceNs === undefined ? {} : { sinceNs }),
    staleAtNs: timeNs + BigInt(staleAfterMs) * 1_000_000n,
    isStale: ageMs > staleAfterMs,
    isFromFuture: ageMs < -skewMs,
    program: isRestic ? "another program" : "restante",
    holder: stateOfHolder(lock),
    ...(namesake === undefined ? {} : { namesakeLives: namesake }),
  };
}

/** So far clocks of two machines differ without anybody being wrong. */
const skewMs = 60_000;

/** Whether it holds nobody up: the next run that it would hinder removes it. */
export function isOver({ isStale, holder }: HeldLock): boolean {
  return isStale || holder === "dead";
}

/** "host mx2 (process 77, user root) has held an exclusive lock since …". */
export function holderText(lock: HeldLock): string {
  const { hostname, pid, username, exclusive, sinceNs, writtenNs } = lock;
  const kind = exclusive ? "an exclusive" : "a shared";
  const since =
    sinceNs === undefined
      ? `${toRfc3339Nano(writtenNs)} or longer`
      : sinceNs === writtenNs
        ? toRfc3339Nano(sinceNs)
        : `${toRfc3339Nano(sinceNs)}, and refreshed it at ${toRfc3339Nano(writtenNs)}`;
  return `host ${hostname} (process ${pid}, user ${username}) has held ${kind} lock since ${since}`;
}

/** One or two sentences: what is known of the holder, and until when the lock counts. */
export function lockStateText(lock: HeldLock): string {
  if (lock.isStale)
    return `It is stale: it was not refreshed for more than ${staleAfterMs / 60_000} minutes.`;
  switch (lock.holder) {
    case "dead":
      return "Its holder ran on this machine and is dead.";
    case "alive":
      return `Process ${lock.pid} is at work on this machine. ${staleText(lock)}`;
    case "unknown":
      return `${unknownText(lock)} ${staleText(lock)}`;
  }
}

/** What a person can do about a lock that is in the way. */
export function lockAdvice(lock: HeldLock): string {
  const wait = "Wait for that run, or let this one wait with --retry-lock 10m.";
  const { hostname, holder } = lock;
  if (holder === "alive") return `${wait} ${lockStateText(lock)}`;
  return `${wait} ${lockStateText(lock)} If ${hostname} is gone for good, \`restante unlock\` removes it then, and \`restante unlock --remove-all\` at once.`;
}

/** Somebody's lock is in the way; knows whose, for whoever waits. */
export class LockedError extends RepositoryError {
  readonly held: HeldLock;

  constructor(held: HeldLock, location: string) {
    super("repository.locked", `Cannot lock repository "${location}": ${holderText(held)}`, {
      hint: lockAdvice(held),
      retryable: true,
    });
    this.held = held;
  }
}

function unknownText({ program, namesakeLives, pid, hostname }: HeldLock): string {
  const who =
    program === "restante"
      ? "It is Restante's, of another machine, container or boot: whether its holder lives cannot be seen from here."
      : "It is another program's, such as restic's: whether its holder lives cannot be known for sure.";
  if (namesakeLives === undefined) return who;
  const seen = namesakeLives ? "there is a process" : "there is no process";
  return `${who} This machine is called ${hostname} too, and ${seen} ${pid} here; but so may be a container.`;
}

function staleText({ staleAtNs, isFromFuture }: HeldLock): string {
  const at = toRfc3339Nano(staleAtNs);
  return isFromFuture
    ? `Its time lies in the future, so a clock is wrong; it does not count as stale before ${at}.`
    : `It counts as stale from ${at} on, unless it is refreshed.`;
}
