/** Snapshots that go on, and what a run leaves that ended before it removed the one before. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type RawName, type RawPath, readAll, walkImage } from "#image";
import { openRepository } from "./open-repository.ts";
import type { Repository, RolledFile, RollOptions, Snapshot } from "./repository.ts";
import { quickRepository } from "./repository.fixture.ts";

const password = "geheim";
const tags = ["restante:journal", "journal:mail"] as const;

function file(path: string, text: string): RolledFile {
  const [folder, name] = path.split("/") as [RawName, RawName];
  return {
    folder,
    name,
    mtimeNs: 7n,
    parts: async function* () {
      yield { kind: "message", chunks: [Buffer.from(text)] };
      yield { kind: "other", chunks: [Buffer.from("the "), Buffer.from("end")] };
    },
  };
}

function rolled(files: readonly RolledFile[], more: Partial<RollOptions> = {}): RollOptions {
  const path = "/restante-journal/mail" as RawPath;
  return { tags, path, hostname: "mx1", files, now: () => 1n, ...more };
}

async function contentOf(
  repository: Repository,
  snapshot: Snapshot | undefined,
): Promise<Record<string, string>> {
  assert.ok(snapshot !== undefined);
  await using image = await repository.image(snapshot);
  const found: Record<string, string> = {};
  for await (const { path, entry } of walkImage(image, "" as RawPath))
    if (entry.type === "file") found[path] = Buffer.from(await readAll(image, path)).toString();
  return found;
}

test("a rolling snapshot holds what the one before held, without folders that are dropped", async () => {
  await using repository = await openRepository(await quickRepository(password), { password });
  assert.deepEqual(await repository.roll(rolled([])), {
    replaced: [],
    bytesAdded: 0,
    bytesStored: 0,
  });
  const first = await repository.roll(rolled([file("a/1", "one "), file("b/1", "two ")]));
  assert.deepEqual(first.replaced, []);
  const second = await repository.roll(rolled([file("b/2", "three ")]));
  assert.deepEqual(second.replaced, [first.snapshot?.id]);
  assert.deepEqual(await contentOf(repository, second.snapshot), {
    "a/1": "one the end",
    "b/1": "two the end",
    "b/2": "three the end",
  });
  const third = await repository.roll(rolled([], { drops: (folder) => folder === "b" }));
  assert.deepEqual(await contentOf(repository, third.snapshot), { "a/1": "one the end" });
  // The clock stood still, and yet each is later than the one before.
  assert.deepEqual(
    (await repository.snapshots()).map(({ id }) => id),
    [first, second, third].map(({ snapshot }) => snapshot?.id),
  );
});

test("two that are left over become one, and nothing is written where nothing is new", async () => {
  await using repository = await openRepository(await quickRepository(password), { password });
  const first = await repository.roll(rolled([file("a/1", "one ")]));
  const second = await repository.roll(rolled([file("a/2", "two ")]));
  // Killed here: both are left.
  const mended = await repository.roll(rolled([]));
  assert.equal(mended.snapshot?.id, second.snapshot?.id);
  assert.deepEqual(mended.replaced, [first.snapshot?.id]);
  await repository.removeSnapshots(mended.replaced);
  // Another machine that knew nothing of it.
  const other = await openRepository(await quickRepository(password, { seed: 2 }), { password });
  await other.roll(rolled([file("a/3", "three "), file("c/1", "four ")], { hostname: "mx2" }));
  await other.duplicateTo(repository, {
    snapshots: await other.snapshots(),
    now: () => 2n,
  });
  const joined = await repository.roll(rolled([]));
  assert.equal(joined.replaced.length, 2);
  assert.deepEqual(Object.keys(await contentOf(repository, joined.snapshot)).toSorted(), [
    "a/1",
    "a/2",
    "a/3",
    "c/1",
  ]);
  assert.deepEqual((await repository.verify({ readData: true, now: () => 3n })).findings, []);
});

test("another group's snapshot is left alone", async () => {
  await using repository = await openRepository(await quickRepository(password), { password });
  await repository.roll(rolled([file("a/1", "one ")]));
  const other = await repository.roll(
    rolled([file("a/2", "two ")], { tags: ["restante:journal", "journal:other"] }),
  );
  assert.deepEqual(other.replaced, []);
  assert.deepEqual(Object.keys(await contentOf(repository, other.snapshot)), ["a/2"]);
});
