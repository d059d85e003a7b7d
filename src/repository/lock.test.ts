import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { type FaultRule, type Storage, faultyStorage } from "#storage";
import { parseRfc3339, toRfc3339Nano } from "#time";
import { takeLock } from "./lock.ts";
import { processIdentity } from "./process-identity.ts";
import { memoryContext } from "./repository.fixture.ts";
import { type UnpackedContext, loadUnpacked, saveUnpacked } from "./unpacked-file.ts";

const minuteNs = 60_000_000_000n;
const startNs = parseRfc3339("2026-11-23T10:00:00Z");
const now = (): bigint => startNs;
const shared = { exclusive: false, now };
const exclusive = { exclusive: true, now };

async function names(context: UnpackedContext): Promise<string[]> {
  const found: string[] = [];
  for await (const { name } of context.storage.list("lock")) found.push(name);
  return found;
}

/** A lock as restic writes it, on another host unless `fields` say otherwise. */
async function foreignLock(
  context: UnpackedContext,
  fields: Readonly<Record<string, unknown>>,
): Promise<string> {
  const lock = {
    time: toRfc3339Nano(startNs),
    exclusive: false,
    hostname: "mx2",
    username: "root",
    pid: 77,
    uid: 0,
    gid: 0,
    ...fields,
  };
  return await saveUnpacked(context, "lock", { json: Buffer.from(JSON.stringify(lock)) });
}

test("a lock is a file as restic's while it is held, and gone afterwards", async () => {
  const context = await memoryContext();
  {
    await using lock = await takeLock(context, exclusive);
    const [name, ...others] = await names(context);
    assert.deepEqual(others, []);
    const file = JSON.parse(
      Buffer.from(await loadUnpacked(context, "lock", { name: name! })).toString(),
    ) as Record<string, unknown>;
    assert.deepEqual(
      [file["time"], file["exclusive"], file["pid"]],
      ["2026-11-23T10:00:00Z", true, process.pid],
    );
    await lock.confirm();
    assert.equal(lock.signal.aborted, false);
  }
  assert.deepEqual(await names(context), []);
});

for (const [first, second, together] of [
  [shared, shared, true],
  [shared, exclusive, false],
  [exclusive, shared, false],
  [exclusive, exclusive, false],
] as const) {
  const name = (one: { exclusive: boolean }): string =>
    one.exclusive ? "an exclusive" : "a shared";
  test(`beside ${name(first)} lock ${name(second)} one ${together ? "stands" : "is refused"}`, async () => {
    const context = await memoryContext();
    await using _first = await takeLock(context, first);
    if (together) {
      await using _second = await takeLock(context, second);
      assert.equal((await names(context)).length, 2);
    } else {
      await assert.rejects(takeLock(context, second), {
        code: "repository.locked",
        retryable: true,
      });
    }
    assert.equal((await names(context)).length, 1);
  });
}

test("a refusal says who holds the lock since when", async () => {
  const context = await memoryContext();
  await foreignLock(context, { exclusive: true });
  await assert.rejects(takeLock(context, shared), {
    message:
      'Cannot lock repository "memory": host mx2 (process 77, user root) has held an exclusive lock since 2026-11-23T10:00:00Z or longer',
  });
  assert.equal((await names(context)).length, 1);
});

test("a lock that appears while ours settles makes us step back", async () => {
  const context = await memoryContext();
  const { storage } = context;
  let added = false;
  const racing: Storage = {
    location: storage.location,
    promises: storage.promises,
    create: () => storage.create(),
    async save(...args) {
      await storage.save(...args);
      // The other has listed before ours was there, and writes after.
      if (!added) await foreignLock(context, { exclusive: true });
      added = true;
    },
    load: (...args) => storage.load(...args),
    stat: (...args) => storage.stat(...args),
    list: (...args) => storage.list(...args),
    remove: (...args) => storage.remove(...args),
    [Symbol.asyncDispose]: () => storage[Symbol.asyncDispose](),
  };
  await assert.rejects(takeLock({ ...context, storage: racing }, exclusive), {
    code: "repository.locked",
  });
  assert.equal((await names(context)).length, 1);
});

test("a lock is stale after 30 minutes and not before", async () => {
  const context = await memoryContext();
  await foreignLock(context, { time: toRfc3339Nano(startNs - 30n * minuteNs) });
  await assert.rejects(takeLock(context, exclusive), { code: "repository.locked" });
  const later = { exclusive: true, now: () => startNs + 1_000_000n };
  await using _lock = await takeLock(context, later);
  assert.equal((await names(context)).length, 1);
});

test("a holder of this very boot that is dead is passed over, a living one is respected", async () => {
  const { bootId, processNamespace, hostname } = processIdentity();
  const own = {
    exclusive: true,
    hostname,
    restante_boot_id: bootId,
    restante_process_namespace: processNamespace,
  };
  const child = spawn(process.execPath, ["-e", "process.stdin.resume()"], {
    stdio: ["pipe", "ignore", "ignore"],
  });
  await once(child, "spawn");
  const context = await memoryContext();
  await foreignLock(context, { ...own, pid: child.pid });
  await assert.rejects(takeLock(context, shared), { code: "repository.locked" });
  const exited = once(child, "exit");
  child.stdin.end();
  await exited;
  await using _lock = await takeLock(context, shared);
  assert.equal((await names(context)).length, 1);
});

test("an equal host name proves nothing: a free PID of another boot or without one is respected", async () => {
  const { hostname, processNamespace } = processIdentity();
  for (const fields of [
    {},
    { restante_boot_id: "another", restante_process_namespace: processNamespace },
  ]) {
    const context = await memoryContext();
    await foreignLock(context, { exclusive: true, hostname, pid: 4_194_303, ...fields });
    await assert.rejects(takeLock(context, shared), { code: "repository.locked" });
  }
});

test("a lock that cannot be read holds nothing", async () => {
  const context = await memoryContext();
  await context.storage.save({ type: "lock", name: "0".repeat(64) }, [Buffer.from("torn")]);
  await saveUnpacked(context, "lock", { json: Buffer.from('{"exclusive":true}') });
  await using _lock = await takeLock(context, exclusive);
});

test("a lock is refreshed every five minutes, new before old", async (t) => {
  t.mock.timers.enable({ apis: ["setInterval"] });
  const context = await memoryContext();
  let nowNs = startNs;
  const lock = await takeLock(context, { exclusive: true, now: () => nowNs });
  const [first] = await names(context);
  for (let n = 1; n <= 6; n++) {
    nowNs += 5n * minuteNs;
    t.mock.timers.tick(5 * 60_000);
    await lock.confirm();
  }
  const [last, ...others] = await names(context);
  assert.deepEqual(others, []);
  assert.notEqual(last, first);
  const file = JSON.parse(
    Buffer.from(await loadUnpacked(context, "lock", { name: last! })).toString(),
  ) as { time: string };
  assert.equal(file.time, "2026-11-23T10:30:00Z");
  await lock[Symbol.asyncDispose]();
  assert.deepEqual(await names(context), []);
});

test("a lock that somebody removed is noticed at the refresh and by confirm()", async (t) => {
  t.mock.timers.enable({ apis: ["setInterval"] });
  const context = await memoryContext();
  const lock = await takeLock(context, shared);
  await context.storage.remove({ type: "lock", name: (await names(context))[0]! });
  await assert.rejects(lock.confirm(), { code: "repository.lock-lost", retryable: true });
  assert.equal(lock.signal.aborted, false);
  t.mock.timers.tick(5 * 60_000);
  await assert.rejects(lock.confirm(), { code: "repository.lock-lost" });
  assert.equal(lock.signal.aborted, true);
  assert.equal((lock.signal.reason as { code?: unknown }).code, "repository.lock-lost");
  await lock[Symbol.asyncDispose]();
  assert.deepEqual(await names(context), []);
});

test("a lock that cannot be refreshed is given up at 22.5 minutes, before others call it stale", async (t) => {
  t.mock.timers.enable({ apis: ["setInterval"] });
  const plain = await memoryContext();
  const rules: FaultRule[] = Array.from({ length: 40 }, (_, n) => ({
    at: n + 2,
    action: "save",
    type: "lock",
    kind: "fail",
    when: "before",
  }));
  const context = { ...plain, storage: faultyStorage(plain.storage, { rules }) };
  let nowNs = startNs;
  const lock = await takeLock(context, { exclusive: false, now: () => nowNs });
  for (const minutes of [5, 10, 15, 20, 25]) {
    nowNs = startNs + BigInt(minutes) * minuteNs;
    t.mock.timers.tick(5 * 60_000);
    if (minutes < 22.5) await lock.confirm();
    else await assert.rejects(lock.confirm(), { code: "repository.lock-lost" });
    assert.equal(lock.signal.aborted, minutes > 22.5, `after ${minutes} minutes`);
  }
  await lock[Symbol.asyncDispose]();
  assert.deepEqual(await names(plain), []);
});

test("confirm() gives up when the refresh is overdue, as after a machine slept", async (t) => {
  t.mock.timers.enable({ apis: ["setInterval"] });
  let nowNs = startNs;
  await using lock = await takeLock(await memoryContext(), { exclusive: false, now: () => nowNs });
  nowNs += 22n * minuteNs;
  await lock.confirm();
  nowNs += minuteNs;
  await assert.rejects(lock.confirm(), { code: "repository.lock-lost" });
});

test("an aborted wait leaves no lock", async () => {
  const plain = await memoryContext();
  const stop = new AbortController();
  // Its own file is written, and it looks once more for others.
  const until = async (): Promise<void> => {
    assert.equal((await names(plain)).length, 1);
    stop.abort(new RangeError("stop"));
  };
  const rules: readonly FaultRule[] = [{ action: "list", at: 2, kind: "delay", until }];
  const context = { ...plain, storage: faultyStorage(plain.storage, { rules }) };
  await assert.rejects(takeLock(context, { ...shared, signal: stop.signal }), RangeError);
  assert.deepEqual(await names(plain), []);
});

test("a lock is given back although an answer to its removal is lost on the way", async () => {
  for (const when of ["before", "after"] as const) {
    const plain = await memoryContext();
    const rules: readonly FaultRule[] = [
      { action: "remove", at: 1, kind: "fail", when, retryable: true },
    ];
    const context = { ...plain, storage: faultyStorage(plain.storage, { rules }) };
    const lock = await takeLock(context, shared);
    await lock[Symbol.asyncDispose]();
    assert.deepEqual(await names(plain), [], when);
  }
});

test("a lock that cannot be given back, again and again, is an error", async () => {
  const plain = await memoryContext();
  const rules: readonly FaultRule[] = [
    { action: "remove", kind: "fail", when: "before", retryable: true },
  ];
  const context = { ...plain, storage: faultyStorage(plain.storage, { rules }) };
  const lock = await takeLock(context, shared);
  await assert.rejects(async () => await lock[Symbol.asyncDispose](), { code: "storage.failed" });
});
