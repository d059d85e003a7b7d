import assert from "node:assert/strict";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { measureVolume } from "./volume-rate.ts";

const MB = 1024 ** 2;
let folder = "";
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "restante-volume-"));
});
after(() => rm(folder, { recursive: true, force: true }));

function clock(): () => number {
  let ms = 0;
  return () => ++ms;
}

const never = (): boolean => false;
const onProgress = (): void => undefined;

/** Says yes from the nth time on. */
function yesAfter(times: number): () => boolean {
  let asked = 0;
  return () => ++asked > times;
}

test("a volume is written and read several times, and nothing is left there", async () => {
  const rates = await measureVolume(folder, {
    fileBytes: 2.5 * MB,
    runs: 2,
    isOver: never,
    clockMs: clock(),
    onProgress,
  });
  const run = { bytes: 2.5 * MB, ms: 1 };
  assert.deepEqual(rates.write, [run, run]);
  assert.deepEqual(rates.read, [run, run]);
  assert.equal(rates.isCut, false);
  assert.deepEqual(await readdir(folder), []);
});

test("what time cuts short counts as far as it went, and not where it hardly began", async () => {
  const options = { fileBytes: 100 * MB, runs: 3, clockMs: clock(), onProgress };
  const some = await measureVolume(folder, { ...options, isOver: yesAfter(9) });
  assert.deepEqual(
    some.write.map(({ bytes }) => bytes),
    [9 * MB],
  );
  assert.deepEqual([some.read, some.isCut], [[], true]);
  const hardly = await measureVolume(folder, { ...options, isOver: yesAfter(7) });
  assert.deepEqual([hardly.write, hardly.read, hardly.isCut], [[], [], true]);
  const none = await measureVolume(folder, { ...options, isOver: () => true });
  assert.deepEqual([none.write, none.read, none.isCut], [[], [], true]);
  assert.deepEqual(await readdir(folder), []);
});
