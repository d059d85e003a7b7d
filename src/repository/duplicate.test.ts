import assert from "node:assert/strict";
import { test } from "node:test";
import {
  captureNodes,
  contentOf,
  coreOfRepository,
  duplicate,
  duplicateScene,
  filesOf,
  messages,
  openFaulty,
  reopen,
  replaceFile,
  startNs,
} from "./duplicate.fixture.ts";
import type { DuplicateProgress, DuplicateResult } from "./duplicate-result.ts";
import { quickRepository } from "./repository.fixture.ts";
import { takeLock } from "./lock.ts";

const counts = ({ copied, skipped, refused }: DuplicateResult): number[] => [
  copied.length,
  skipped.length,
  refused.length,
];

test("moments arrive whole under another key, with their tags, their origin and where they came from", async () => {
  const { from, to } = await duplicateScene();
  const first = await captureNodes(from, messages(20));
  const second = await captureNodes(from, messages(25), { second: 60 });
  const result = await duplicate(from, to);
  assert.deepEqual(counts(result), [2, 0, 0]);
  const arrived = await to.snapshots();
  for (const [at, snapshot] of [first, second].entries()) {
    const there = arrived[at];
    assert.ok(there !== undefined);
    assert.equal(there.original, snapshot.id);
    assert.equal(there.parent, undefined);
    assert.deepEqual(there.tags, [...snapshot.tags, `from:${from.id.slice(0, 8)}`]);
    assert.deepEqual(
      [there.timeNs, there.tree, there.paths, there.hostname, there.summary],
      [snapshot.timeNs, snapshot.tree, snapshot.paths, snapshot.hostname, snapshot.summary],
    );
    assert.deepEqual(await contentOf(to, there), await contentOf(from, snapshot));
  }
  assert.deepEqual((await to.verify({ readData: true })).findings, []);
});

test("what the far side has is neither read nor sent again, and nothing to do is said", async () => {
  const { from, to, toStorage } = await duplicateScene();
  await captureNodes(from, messages(30));
  const whole = await duplicate(from, to);
  await captureNodes(from, messages(31), { second: 60 });
  const more = await duplicate(from, to);
  assert.deepEqual(counts(more), [1, 1, 0]);
  assert.ok(more.bytesAdded < whole.bytesAdded / 3, `${more.bytesAdded} of ${whole.bytesAdded}`);
  const before = await filesOf(toStorage, "data");
  const again = await duplicate(from, to);
  assert.deepEqual(counts(again), [0, 2, 0]);
  assert.deepEqual([again.blobsCopied, again.bytesRead, again.bytesStored], [0, 0, 0]);
  assert.deepEqual(await filesOf(toStorage, "data"), before);
  assert.deepEqual(counts(await duplicate(from, to, { snapshots: [] })), [0, 0, 0]);
});

test("a moment that came back from the far side is the same moment here and there", async () => {
  const { from, to } = await duplicateScene();
  const first = await captureNodes(from, messages(5));
  await duplicate(from, to);
  assert.deepEqual(counts(await duplicate(to, from)), [0, 1, 0]);
  await from.removeSnapshots([first.id]);
  assert.deepEqual(counts(await duplicate(to, from)), [1, 0, 0]);
  const [back] = await from.snapshots();
  assert.equal(back?.original, first.id);
  assert.deepEqual(counts(await duplicate(from, to)), [0, 1, 0]);
  assert.ok(back?.tags.includes(`from:${from.id.slice(0, 8)}`), "where it was taken stays");
  assert.equal(back?.tags.filter((tag) => tag.startsWith("from:")).length, 1);
});

test("a moment that a person gave other tags is not sent a second time", async () => {
  const { from, to } = await duplicateScene();
  const first = await captureNodes(from, messages(5));
  await duplicate(from, to);
  await from.replaceTags(first, [...first.tags, "restante:released"]);
  assert.deepEqual(counts(await duplicate(from, to)), [0, 1, 0]);
});

test("both repositories are locked while it runs, and free afterwards", async () => {
  const { fromStorage, toStorage, from } = await duplicateScene();
  await captureNodes(from, messages(5));
  const held: number[] = [];
  const look = async (): Promise<void> => {
    for (const storage of [fromStorage, toStorage])
      held.push((await filesOf(storage, "lock")).length);
  };
  const saves = (["data", "index", "snapshot"] as const).map((type) => {
    return { kind: "delay", action: "save", type, until: look } as const;
  });
  await duplicate(from, await openFaulty(toStorage, { rules: saves }));
  assert.ok(held.length >= 6 && held.every((count) => count === 1), held.join(" "));
  assert.deepEqual(await filesOf(fromStorage, "lock"), []);
  assert.deepEqual(await filesOf(toStorage, "lock"), []);
});

for (const side of ["from", "to"] as const) {
  test(`a repository that somebody holds exclusively is refused by name (${side})`, async () => {
    const scene = await duplicateScene();
    await captureNodes(scene.from, messages(3));
    const storage = side === "from" ? scene.fromStorage : scene.toStorage;
    const { context } = coreOfRepository(scene[side]);
    {
      await using _lock = await takeLock(context, { exclusive: true, now: () => startNs });
      await assert.rejects(duplicate(scene.from, scene.to), {
        code: "repository.locked",
        message: new RegExp(storage.location),
      });
    }
    assert.deepEqual(await filesOf(scene.fromStorage, "lock"), []);
    assert.deepEqual(counts(await duplicate(scene.from, scene.to)), [1, 0, 0]);
  });
}

test("a repository is no duplicate of itself, also under another name", async () => {
  const { fromStorage, from } = await duplicateScene();
  await captureNodes(from, messages(3));
  const again = await openFaulty(fromStorage, {});
  await assert.rejects(duplicate(from, again), { code: "repository.same-place" });
  await assert.rejects(duplicate(from, from), { code: "repository.same-place" });
  assert.deepEqual(await filesOf(fromStorage, "lock"), []);
});

test("a folder copy of the repository elsewhere takes what is new", async () => {
  const { fromStorage, from } = await duplicateScene();
  await captureNodes(from, messages(3));
  const elsewhere = await quickRepository("geheim", { location: "/site2" });
  for (const type of ["data", "index", "snapshot"] as const) {
    for (const name of await filesOf(fromStorage, type))
      await elsewhere.save({ type, name }, [await fromStorage.load({ type, name })]);
  }
  await captureNodes(from, messages(4), { second: 60 });
  const to = await reopen(elsewhere);
  assert.equal(to.id, from.id);
  assert.deepEqual(counts(await duplicate(from, to)), [1, 1, 0]);
});

test("a target of version 1 is only read", async () => {
  const { from } = await duplicateScene();
  await captureNodes(from, messages(3));
  const to = await reopen(await quickRepository("geheim", { version: 1, location: "/old" }));
  await assert.rejects(duplicate(from, to), { code: "repository.unsupported" });
});

test("a moment that was removed since it was chosen is refused, the others arrive", async () => {
  const { from, to } = await duplicateScene();
  const first = await captureNodes(from, messages(3));
  const second = await captureNodes(from, messages(4), { second: 60 });
  const chosen = await from.snapshots();
  await from.removeSnapshots([first.id]);
  const result = await duplicate(from, to, { snapshots: chosen });
  assert.deepEqual(counts(result), [1, 0, 1]);
  assert.equal(result.refused[0]?.error.code, "repository.moment-gone");
  assert.equal(result.copied[0]?.from.id, second.id);
});

test("a snapshot file that is damaged is refused, the others arrive", async () => {
  const { fromStorage, from, to } = await duplicateScene();
  const first = await captureNodes(from, messages(3));
  await captureNodes(from, messages(4), { second: 60 });
  const chosen = await from.snapshots();
  await replaceFile(fromStorage, { type: "snapshot", name: first.id }, (bytes) =>
    bytes.with(40, (bytes[40] as number) ^ 1),
  );
  const result = await duplicate(from, to, { snapshots: chosen });
  assert.deepEqual(counts(result), [1, 0, 1]);
  assert.equal(result.refused[0]?.error.code, "repository.damaged");
});

test("a run that is told to stop leaves no lock and no half moment, and the next one goes on", async () => {
  const { fromStorage, toStorage, from } = await duplicateScene();
  await captureNodes(from, messages(40));
  const stop = new AbortController();
  const until = async (): Promise<void> => stop.abort();
  const rules = [{ kind: "delay", action: "save", type: "index", until }] as const;
  const target = await openFaulty(toStorage, { rules });
  await assert.rejects(duplicate(from, target, { signal: stop.signal }), { name: "AbortError" });
  assert.deepEqual(await filesOf(toStorage, "snapshot"), []);
  assert.deepEqual(await filesOf(toStorage, "lock"), []);
  assert.deepEqual(await filesOf(fromStorage, "lock"), []);
  assert.deepEqual(counts(await duplicate(from, await reopen(toStorage))), [1, 0, 0]);
});

test("nothing is touched when it was told to stop before it began", async () => {
  const { toStorage, from, to } = await duplicateScene();
  await captureNodes(from, messages(3));
  await assert.rejects(duplicate(from, to, { signal: AbortSignal.abort() }), {
    name: "AbortError",
  });
  assert.deepEqual(await filesOf(toStorage, "lock"), []);
});

test("two runs at the same time do each other no harm", async () => {
  const { toStorage, from } = await duplicateScene();
  await captureNodes(from, messages(20));
  await captureNodes(from, messages(22), { second: 60 });
  const targets = await Promise.all([reopen(toStorage), reopen(toStorage)]);
  const results = await Promise.all(targets.map((target) => duplicate(from, target)));
  for (const result of results) {
    assert.equal(result.copied.length + result.skipped.length, 2);
    assert.deepEqual(result.refused, []);
  }
  const again = await reopen(toStorage);
  assert.deepEqual(counts(await duplicate(from, again)), [0, 2, 0]);
  const { findings } = await again.verify({ readData: true });
  assert.deepEqual(findings, []);
});

test("each phase says how long it took, and progress ends where it said it would", async () => {
  const { from, to } = await duplicateScene();
  await captureNodes(from, messages(8));
  let ticks = 0;
  const seen: DuplicateProgress[] = [];
  const result = await duplicate(from, to, {
    clockMs: () => (ticks += 10),
    onProgress: (progress) => seen.push(progress),
  });
  const spent = Object.values(result.phasesMs);
  assert.deepEqual(Object.keys(result.phasesMs), ["prepare", "walk", "copy", "verify", "finish"]);
  assert.equal(
    spent.reduce((sum, ms) => sum + ms, 0),
    ticks - 10,
  );
  assert.ok(spent.every((ms) => ms > 0));
  const last = seen.at(-1);
  assert.deepEqual(
    [last?.snapshotsDone, last?.blobsDone, last?.bytesDone],
    [last?.snapshotsTotal, last?.blobsTotal, last?.bytesTotal],
  );
  assert.equal(last?.blobsDone, result.blobsCopied);
});

test("after the first site is lost, captures go on in the duplicate as the same lineage", async () => {
  const { from, to } = await duplicateScene();
  await captureNodes(from, messages(5));
  await captureNodes(from, messages(6), { second: 60 });
  await duplicate(from, to);
  const next = await captureNodes(to, messages(7), { second: 120 });
  const tag = (
    prefix: string,
    { tags }: { readonly tags: readonly string[] },
  ): string | undefined => tags.find((one) => one.startsWith(prefix));
  const [first] = await to.snapshots();
  assert.equal(tag("sequence:", next), "sequence:3");
  assert.equal(tag("generation:", next), tag("generation:", first ?? next));
  assert.equal(tag("from:", next), undefined);
});
