/** Trees that a thread stores: when one is started, and that nothing is lost on the way to it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { memoryImage, type RawPath, walkImage } from "#image";
import type { CapturePool } from "./capture-pool.ts";
import { openRepository } from "./open-repository.ts";
import { idOf, quickRepository } from "./repository.fixture.ts";
import { type ClaimedTree, TreeThread } from "./tree-thread.ts";

const mebibyte = 1024 * 1024;
const treeOf = (n: number, lengthBytes: number): ClaimedTree => ({
  id: idOf(n),
  bytes: new Uint8Array(lengthBytes),
});

function fakePool(): CapturePool & { readonly stored: Uint8Array[]; readonly settle: () => void } {
  const stored: Uint8Array[] = [];
  const waiting: (() => void)[] = [];
  return {
    width: 1,
    stored,
    settle: () => waiting.splice(0).forEach((done) => done()),
    storeFiles: () => assert.fail("it has no files"),
    storeTree: async ({ id }) => {
      stored.push(id);
      await new Promise<void>((done) => waiting.push(done));
    },
    useKnownBlobs: async () => undefined,
    flush: async () => undefined,
    totals: () => ({ addedBytes: 0, storedBytes: 0, dataBlobs: 0, treeBlobs: 0 }),
    [Symbol.asyncDispose]: async () => undefined,
  };
}

test("few trees start no thread, and come back to whoever stores them", () => {
  const trees = new TreeThread(() => assert.fail("a thread was started"));
  const some = [treeOf(1, mebibyte), treeOf(2, mebibyte)];
  for (const tree of some) assert.deepEqual(trees.take(tree, undefined), []);
  assert.deepEqual(trees.takeHeld(), some);
  assert.deepEqual([trees.takeHeld(), trees.pool], [[], undefined]);
});

test("many trees start one thread, which gets all of them, and more than fits wait", async () => {
  const pool = fakePool();
  let started = 0;
  const trees = new TreeThread(() => (started++, pool));
  const all = Array.from({ length: 9 }, (_, n) => treeOf(n, 5 * mebibyte));
  const storing: Promise<void>[] = [];
  for (const [n, tree] of all.entries()) {
    assert.equal(trees.isBusy, n > 6);
    const now = trees.take(tree, undefined);
    storing.push(...now.map(async (one) => await trees.store(one, undefined)));
  }
  assert.equal(started, 1);
  assert.deepEqual(
    pool.stored,
    all.map(({ id }) => id),
  );
  pool.settle();
  await Promise.all(storing);
  assert.equal(trees.isBusy, false);
});

test("where threads read files a tree goes to them at once", async () => {
  const trees = new TreeThread(() => assert.fail("a thread was started"));
  const files = fakePool();
  const [tree] = trees.take(treeOf(1, 10), files);
  const storing = trees.store(tree!, files);
  files.settle();
  await storing;
  assert.deepEqual(files.stored, [idOf(1)]);
});

test("what a thread stored of the trees of many folders is what there was", async () => {
  // Some 8 MB of trees, twice what starts a thread.
  const nodes = Object.fromEntries(
    Array.from({ length: 16_000 }, (_, n) => [
      `folder ${n % 20}/${`${n}.`.padEnd(200, "x")}:2,S`,
      "",
    ]),
  );
  const image = memoryImage(nodes);
  const storage = await quickRepository("geheim");
  const repository = await openRepository(storage, { password: "geheim" });
  const now = (): bigint => 1_795_000_000_000_000_000n;
  const fixed = { path: "/srv/mail" as RawPath, group: "g", hostname: "mx1", now };
  const { snapshot, filesTotal } = await repository.capture(image, { ...fixed, workers: 2 });
  assert.equal(filesTotal, 16_000);
  await using captured = await repository.image(snapshot);
  const found: string[] = [];
  for await (const { path, entry } of walkImage(captured, "" as RawPath))
    if (entry.type === "file") found.push(path);
  assert.deepEqual(found.toSorted(), Object.keys(nodes).toSorted());
  // The same again is known, by whichever thread it would have been stored.
  const again = await repository.capture(image, { ...fixed, workers: 2 });
  assert.ok(again.bytesStored < 10_000, `${again.bytesStored} bytes`);
});
