import { setTimeout as sleep } from "node:timers/promises";
import { LockedError } from "./held-lock.ts";
import type { UnpackedContext } from "./unpacked-file.ts";

const firstPauseMs = 200;
const longestPauseMs = 30_000;

/**
 * Tries again with growing pauses while somebody else's lock is in the way, for as long as the repository
 * was opened to wait. What is thrown at last is what was in the way last.
 */
export async function waitForLock<Result>(
  { lockWait }: UnpackedContext,
  { signal }: { readonly signal?: AbortSignal },
  attempt: () => Promise<Result>,
): Promise<Result> {
  if (lockWait === undefined) return await attempt();
  const endMs = performance.now() + lockWait.forMs;
  let told = "";
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * 1.6, longestPauseMs)) {
    try {
      return await attempt();
    } catch (error) {
      const leftMs = endMs - performance.now();
      if (!(error instanceof LockedError) || leftMs <= 0) throw error;
      // A refresh gives a lock another name: told once per holder.
      const { held } = error;
      const holder = `${held.hostname} ${held.pid} ${held.exclusive}`;
      if (holder !== told) lockWait.onWait(held);
      told = holder;
      // Two that step back from each other must not do so at the same time again.
      const apart = 0.75 + Math.random() / 2;
      await sleep(
        Math.min(pauseMs * apart, leftMs),
        undefined,
        signal === undefined ? {} : { signal },
      );
    }
  }
}
