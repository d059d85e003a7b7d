import assert from "node:assert/strict";
import { test } from "node:test";
import { type MemoryNodes, readAll, type RawPath } from "#image";
import { faultyStorage, type Storage } from "#storage";
import {
  captureNodes,
  coreOfRepository,
  filesOf,
  messages,
  openFaulty,
  reopen,
  startNs,
} from "./duplicate.fixture.ts";
import { takeLock } from "./lock.ts";
import {
  assertWhole,
  assertRefused,
  blobsIn,
  bytesIn,
  contentsOf,
  copyOf,
  prune,
  sceneOf,
  sceneWithWaste,
} from "./prune.fixture.ts";
import { saveSnapshot } from "./snapshot-file.ts";

const everything = { maxUnusedShare: 0 } as const;

test("prune() frees what no moment needs, and every moment that is left reads back whole", async () => {
  const { storage, kept } = await sceneWithWaste();
  const contents = await contentsOf(storage, kept);
  const before = await bytesIn(storage, "data");
  const result = await prune(storage, everything);
  await assertWhole(storage, contents);
  const after = await bytesIn(storage, "data");
  assert.equal(result.bytesFreed, before - after);
  assert.ok(result.bytesFreed > 15 * 2000, JSON.stringify(result));
  assert.ok(result.unusedBytes > 0 && result.unusedBytesLeft === 0);
  assert.ok(result.packsRepacked > 0 && result.packsWritten > 0);
});

test("prune() again finds nothing to do and changes no file", async () => {
  const { storage } = await sceneWithWaste();
  await prune(storage, everything);
  const before = [await filesOf(storage, "data"), await filesOf(storage, "index")];
  const again = await prune(storage, everything);
  assert.equal(again.bytesFreed, 0);
  assert.equal(again.unusedBytes, 0);
  assert.deepEqual([await filesOf(storage, "data"), await filesOf(storage, "index")], before);
});

test("prune() of a repository without moments empties it only when told so, and the next capture works", async () => {
  const { storage, snapshots } = await sceneOf(messages(10));
  {
    await using repository = await reopen(storage);
    await repository.removeSnapshots(snapshots.map(({ id }) => id));
  }
  await assertRefused(storage, "repository.prune-unsure", /no moments/);
  await prune(storage, { mayEmpty: true });
  assert.deepEqual([await filesOf(storage, "data"), await filesOf(storage, "index")], [[], []]);
  await using repository = await reopen(storage);
  const next = await captureNodes(repository, messages(12), { second: 9 });
  await assertWhole(storage, await contentsOf(storage, [next]));
});

test("prune() with a dry run says what it would free and changes nothing", async () => {
  const { storage } = await sceneWithWaste();
  const before = [await filesOf(storage, "data"), await filesOf(storage, "index")];
  const planned = await prune(storage, { ...everything, dryRun: true });
  assert.deepEqual([await filesOf(storage, "data"), await filesOf(storage, "index")], before);
  const done = await prune(storage, everything);
  assert.equal(planned.packsRepacked, done.packsRepacked);
  assert.equal(planned.packsRemoved, done.packsRemoved);
  assert.ok(planned.bytesFreed > 0);
});

test("prune() leaves the share of unused bytes that it is allowed to leave", async () => {
  const { storage } = await sceneWithWaste();
  const result = await prune(storage, { maxUnusedShare: Infinity });
  assert.equal(result.packsRepacked, 0);
  assert.ok(result.unusedBytesLeft > 0);
});

test("prune() packs no more anew than its budget, and the next run goes on", async () => {
  const stores: MemoryNodes[] = Array.from({ length: 6 }, (_, n) => messages(30, n * 40));
  const { storage, snapshots } = await sceneOf(...stores);
  const half = await (async () => {
    await using repository = await reopen(storage);
    // Each later moment needs a part of what an earlier one brought.
    const mixed: MemoryNodes = Object.assign(
      {},
      ...stores.map((nodes) => firstOf(nodes, 10)),
    ) as MemoryNodes;
    const last = await captureNodes(repository, mixed, { second: 50 });
    await repository.removeSnapshots(snapshots.map(({ id }) => id));
    return last;
  })();
  const contents = await contentsOf(storage, [half]);
  const first = await prune(storage, { ...everything, maxRepackBytes: 30_000 });
  assert.ok(first.packsLeft > 0 && first.bytesRepacked <= 30_000, JSON.stringify(first));
  await assertWhole(storage, contents);
  const rest = await prune(storage, everything);
  assert.equal(rest.packsLeft, 0);
  assert.equal(rest.unusedBytesLeft, 0);
  await assertWhole(storage, contents);
});

function firstOf(nodes: MemoryNodes, count: number): MemoryNodes {
  return Object.fromEntries(Object.entries(nodes).slice(0, count));
}

test("prune() begins no batch after its time", async () => {
  const { storage } = await sceneWithWaste();
  let ms = 0;
  const result = await prune(storage, { ...everything, maxMs: 10, clockMs: () => (ms += 100) });
  assert.equal(result.packsRepacked, 0);
  assert.ok(result.packsLeft > 0);
});

test("prune() joins the small packs and index files of many captures", async () => {
  const stores = Array.from({ length: 20 }, (_, n) => messages(2 + n));
  const { storage, snapshots } = await sceneOf(...stores);
  const contents = await contentsOf(storage, snapshots);
  const before = (await filesOf(storage, "data")).length;
  const result = await prune(storage);
  assert.ok(before >= 40 && (await filesOf(storage, "data")).length <= 2, `${before}`);
  assert.equal((await filesOf(storage, "index")).length, 1);
  assert.deepEqual([result.indexFilesBefore, result.indexFilesAfter], [20, 1]);
  await assertWhole(storage, contents);
});

test("prune() removes packs that a killed capture left without an index", async () => {
  const { storage, snapshots } = await sceneOf(messages(10));
  const contents = await contentsOf(storage, snapshots);
  await assert.rejects(
    (async () => {
      await using repository = await openFaulty(storage, {
        rules: [{ kind: "fail", action: "save", type: "index", when: "before" }],
      });
      await captureNodes(repository, messages(10, 50), { second: 3 });
    })(),
  );
  const result = await prune(storage);
  assert.equal(result.strayPacksRemoved, 2);
  await assertWhole(storage, contents);
});

test("prune() leaves one copy of a blob that is there twice, and not the damaged one", async () => {
  const { storage, snapshots } = await sceneOf(messages(8));
  const contents = await contentsOf(storage, snapshots);
  // Stored again: as after a capture that could not know of the first.
  const doubled = await storeAgain(storage);
  assert.ok([...(await blobsIn(storage)).values()].some((times) => times === 2));
  const result = await prune(storage, everything);
  assert.ok(result.packsRemoved > 0);
  assert.ok([...(await blobsIn(storage)).values()].every((times) => times === 1));
  assert.ok(doubled > 0);
  await assertWhole(storage, contents);
});

test("prune() does not believe in a copy that it has not read: the damaged one goes", async () => {
  const { storage, snapshots } = await sceneOf(messages(8));
  const contents = await contentsOf(storage, snapshots);
  const before = await filesOf(storage, "data");
  await storeAgain(storage);
  // One bit in each pack of the first copies.
  for (const name of before) {
    const bytes = await storage.load({ type: "data", name });
    await storage.remove({ type: "data", name });
    await storage.save({ type: "data", name }, [bytes.with(20, 1 ^ (bytes[20] as number))]);
  }
  await prune(storage, everything);
  await assertWhole(storage, contents);
});

/** Captures the same store without an index in sight, which is put back afterwards. */
async function storeAgain(storage: Storage): Promise<number> {
  const kept: { name: string; bytes: Uint8Array }[] = [];
  for (const name of await filesOf(storage, "index")) {
    kept.push({ name, bytes: await storage.load({ type: "index", name }) });
    await storage.remove({ type: "index", name });
  }
  {
    await using repository = await reopen(storage);
    const second = await captureNodes(repository, messages(8), { second: 1 });
    await repository.removeSnapshots([second.id]);
  }
  for (const { name, bytes } of kept) await storage.save({ type: "index", name }, [bytes]);
  return kept.length;
}

test("prune() does not begin while another holds a lock, and nobody begins while it runs", async () => {
  const { storage } = await sceneWithWaste();
  await using repository = await reopen(storage);
  const { context } = coreOfRepository(repository);
  {
    await using _shared = await takeLock(context, { exclusive: false, now: () => startNs });
    await assert.rejects(prune(storage), { code: "repository.locked" });
  }
  let refused: unknown;
  const slow = faultyStorage(storage, {
    rules: [
      {
        kind: "delay",
        action: "save",
        type: "index",
        at: 1,
        until: async () => {
          refused = await captureNodes(repository, messages(3), { second: 7 }).catch(
            (error: unknown) => error,
          );
        },
      },
    ],
  });
  await prune(slow, everything);
  assert.equal((refused as { code?: string }).code, "repository.locked");
});

test("prune() stops before anything is removed when a moment was added in spite of its lock", async () => {
  const { storage, snapshots } = await sceneWithWaste();
  const packs = await filesOf(storage, "data");
  const forgotten = snapshots[0];
  assert.ok(forgotten !== undefined);
  const rude = faultyStorage(storage, {
    rules: [
      {
        kind: "delay",
        action: "save",
        type: "index",
        at: 1,
        until: async () => {
          await using repository = await reopen(storage);
          await saveSnapshot(coreOfRepository(repository).context, forgotten);
        },
      },
    ],
  });
  await assert.rejects(prune(rude, everything), { code: "repository.changed", retryable: true });
  const there = new Set(await filesOf(storage, "data"));
  for (const pack of packs) assert.ok(there.has(pack), "a pack was removed that the moment needs");
  await using repository = await reopen(storage);
  const { findings } = await repository.verify({ readData: true });
  assert.deepEqual(
    findings.filter(({ severity }) => severity === "error"),
    [],
  );
  await prune(storage, everything);
  await assertWhole(storage, await contentsOf(storage, await repository.snapshots()));
});

test("prune() whose lock was removed by force stops before anything is removed", async () => {
  const { storage, kept } = await sceneWithWaste();
  const packs = await filesOf(storage, "data");
  const rude = faultyStorage(storage, {
    rules: [
      {
        kind: "delay",
        action: "save",
        type: "index",
        at: 1,
        until: async () => {
          for (const name of await filesOf(storage, "lock"))
            await storage.remove({ type: "lock", name });
        },
      },
    ],
  });
  await assert.rejects(prune(rude, everything), { code: "repository.lock-lost" });
  const there = new Set(await filesOf(storage, "data"));
  for (const pack of packs) assert.ok(there.has(pack));
  await prune(storage, everything);
  await assertWhole(storage, await contentsOf(storage, kept));
});

test("a moment that is open while prune() moves what it needs reads on", async () => {
  const { storage, kept } = await sceneWithWaste();
  const contents = await contentsOf(storage, kept);
  await using reader = await reopen(storage);
  const [snapshot] = kept;
  assert.ok(snapshot !== undefined);
  await using image = await reader.image(snapshot);
  const paths = Object.keys(contents.get(snapshot.id) ?? {}) as RawPath[];
  const text = async (path: RawPath): Promise<string> =>
    Buffer.from(await readAll(image, path)).toString();
  for (const [n, path] of paths.entries()) {
    if (n === 3) assert.ok((await prune(storage, everything)).packsRepacked > 0);
    assert.equal(await text(path), contents.get(snapshot.id)?.[path]);
  }
});

test("a moment that is forgotten and pruned while it is open says so", async () => {
  const { storage, kept } = await sceneWithWaste();
  await using reader = await reopen(storage);
  const [snapshot] = kept;
  assert.ok(snapshot !== undefined);
  await using image = await reader.image(snapshot);
  const [first] = Object.keys(
    (await contentsOf(storage, [snapshot])).get(snapshot.id) ?? {},
  ) as RawPath[];
  {
    await using other = await reopen(storage);
    await other.removeSnapshots(kept.map(({ id }) => id));
  }
  await prune(storage, { ...everything, mayEmpty: true });
  await assert.rejects(readAll(image, first as RawPath), (error: Error & { cause?: unknown }) => {
    assert.match(
      `${error.message} ${String(error.cause)} ${(error as { hint?: string }).hint}`,
      /forgotten|no index/,
    );
    return true;
  });
});

test("prune() that fails at any storage operation loses no moment, and the next one ends it", async () => {
  const { storage: template, kept } = await sceneWithWaste();
  const contents = await contentsOf(template, kept);
  for (const when of ["before", "after"] as const) {
    for (let at = 1; ; at++) {
      const storage = await copyOf(template);
      const faulty = faultyStorage(storage, { rules: [{ kind: "fail", at, when }] });
      const failed = await prune(faulty, everything).then(
        () => false,
        (error: unknown) => error,
      );
      await using repository = await reopen(storage);
      assert.deepEqual(
        (await repository.verify({ readData: true })).findings.filter(
          ({ severity }) => severity === "error",
        ),
        [],
        `${when} ${at}`,
      );
      for (const name of await filesOf(storage, "lock"))
        await storage.remove({ type: "lock", name });
      const last = await prune(storage, everything);
      assert.equal(last.unusedBytesLeft, 0);
      await assertWhole(storage, contents);
      if (failed === false && faulty.operations.length < at) break;
      assert.ok(at < 500);
    }
  }
});
