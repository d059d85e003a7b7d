import assert from "node:assert/strict";
import { test } from "node:test";
import { parseRfc3339, toRfc3339Nano } from "#time";
import { awaitTurn, takeLock } from "./lock.ts";
import { memoryContext } from "./repository.fixture.ts";
import type { HeldLock, LockWait } from "./repository.ts";
import { saveUnpacked, type UnpackedContext } from "./unpacked-file.ts";

const startNs = parseRfc3339("2026-11-23T10:00:00Z");
const exclusive = { exclusive: true, now: () => startNs };

async function lockOf(context: UnpackedContext, pid: number, second = 0): Promise<string> {
  const time = toRfc3339Nano(startNs + BigInt(second) * 1_000_000_000n);
  const json = JSON.stringify({ time, exclusive: false, hostname: "mx2", username: "root", pid });
  return await saveUnpacked(context, "lock", { json: Buffer.from(json) });
}

const removed = async (context: UnpackedContext, name: string): Promise<void> =>
  await context.storage.remove({ type: "lock", name });

async function waitingContext(wait: LockWait): Promise<UnpackedContext> {
  return { ...(await memoryContext()), lockWait: wait };
}

test("a lock is waited for until its holder gives it back, and for whom is told once", async () => {
  const told: HeldLock[] = [];
  const refreshed = Promise.withResolvers<void>();
  const context = await waitingContext({
    forMs: 60_000,
    onWait: (holder) => {
      told.push(holder);
      if (holder.pid === 1)
        void (async () => {
          // A refresh: the same holder under a new name is not told again. Then it goes, and another is there.
          const next = await lockOf(context, 1, 1);
          await removed(context, first);
          await lockOf(context, 2);
          await removed(context, next);
          refreshed.resolve();
        })();
      else void removed(context, holder.id);
    },
  });
  const first = await lockOf(context, 1);
  await using lock = await takeLock(context, exclusive);
  await refreshed.promise;
  assert.deepEqual(
    told.map(({ pid }) => pid),
    [1, 2],
  );
  await lock.confirm();
});

test("when the time to wait is over, what is thrown names the holder", async (t) => {
  let [count, clockMs] = [0, 0];
  t.mock.method(performance, "now", () => clockMs);
  const onWait = (): void => {
    count++;
    clockMs += 1000;
  };
  const context = await waitingContext({ forMs: 1000, onWait });
  const name = await lockOf(context, 1);
  const locked = { code: "repository.locked", message: /host mx2 \(process 1, / };
  await assert.rejects(takeLock(context, exclusive), locked);
  await assert.rejects(awaitTurn(context, exclusive), locked);
  assert.equal(count, 2);
  await removed(context, name);
  await awaitTurn(context, exclusive);
  const left: string[] = [];
  for await (const one of context.storage.list("lock")) left.push(one.name);
  assert.deepEqual(left, [], "waiting for a turn takes no lock");
});

test("a wish to end is heard while waiting, and other errors are not waited out", async () => {
  const stop = new AbortController();
  const context = await waitingContext({ forMs: 60_000, onWait: () => stop.abort() });
  await lockOf(context, 1);
  await assert.rejects(takeLock(context, { ...exclusive, signal: stop.signal }), {
    name: "AbortError",
  });
  await context.storage[Symbol.asyncDispose]();
  const failing = {
    ...context,
    storage: { ...context.storage, list: () => assert.fail("unplugged") },
  };
  await assert.rejects(takeLock(failing, exclusive), /unplugged/);
});
