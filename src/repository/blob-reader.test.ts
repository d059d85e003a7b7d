import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { openBlobReader } from "./blob-reader.ts";
import { sha256 } from "./crypto.ts";
import { type Bench, openBench } from "./extract.fixture.ts";
import { openLocalCache } from "./local-cache.ts";
import type { RepositoryCore } from "./repository-core.ts";

const blobs = Array.from({ length: 300 }, (_, n) => Buffer.from(`message ${n}\n`.repeat(20)));

async function cachedBench(
  context: TestContext,
): Promise<{ bench: Bench; core: RepositoryCore; indexPath: string }> {
  const folder = await mkdtemp(join(tmpdir(), "restante-reader-"));
  context.after(async () => await rm(folder, { recursive: true }));
  const bench = await openBench();
  await bench.addPack(blobs);
  const index = await bench.addIndex();
  const core = { ...bench.core, cache: openLocalCache(folder) };
  // The first reader fills the cache.
  (await openBlobReader(core)).retire();
  return { bench, core, indexPath: join(folder, "index", index) };
}

async function readAll(core: RepositoryCore): Promise<void> {
  const reader = await openBlobReader(core);
  for (const bytes of blobs) {
    const read = await reader.read(sha256(bytes), { type: "data" });
    assert.deepEqual(Buffer.from(read), bytes);
  }
  reader.retire();
}

test("a cached index that is damaged anywhere costs no blob", async (context) => {
  const { core, indexPath } = await cachedBench(context);
  const whole = await readFile(indexPath);
  await readAll(core);
  // A step that meets every column.
  for (let at = 0; at < whole.length; at += 797) {
    const damaged = Buffer.from(whole);
    damaged.fill(damaged[at]! ^ 0x5a, at, at + 4);
    await writeFile(indexPath, damaged);
    await readAll(core);
  }
});

test("what was damaged in its pack is damaged, searched for or not", async (context) => {
  const { bench, core } = await cachedBench(context);
  const name = await bench.addPack([Buffer.from("one more")]);
  await bench.addIndex([name]);
  (await openBlobReader(core)).retire();
  const { storage } = core.context;
  const bytes = Buffer.from(await storage.load({ type: "data", name }));
  bytes[20]! ^= 1;
  await storage.remove({ type: "data", name });
  await storage.save({ type: "data", name }, [bytes]);
  const reader = await openBlobReader(core);
  const id = sha256(Buffer.from("one more"));
  for (let tries = 0; tries < 2; tries++)
    await assert.rejects(async () => await reader.read(id, { type: "data" }), {
      code: "repository.damaged",
    });
  assert.equal((await reader.read(sha256(blobs[0]!), { type: "data" })).length, blobs[0]!.length);
  reader.retire();
});

test("lengths are known without reading", async (context) => {
  const { core } = await cachedBench(context);
  const reader = await openBlobReader(core);
  for (const bytes of blobs.slice(0, 5))
    assert.equal(await reader.lengthOf(sha256(bytes), { type: "data" }), bytes.length);
  await assert.rejects(
    async () => await reader.lengthOf(sha256(Buffer.from("absent")), { type: "data" }),
    { code: "repository.blob-missing" },
  );
  reader.retire();
});
