import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { PackReading } from "#repository";
import { decodeReadings, encodeReadings, packReadingsFile } from "./pack-readings-file.ts";

const repositoryId = "ab".repeat(32);
const readings: ReadonlyMap<string, PackReading> = new Map([
  ["01".repeat(32), { atNs: 1_800_000_000_123_456_789n, isSound: true }],
  ["02".repeat(32), { atNs: 5n, isSound: false }],
]);

let folder = "";
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "restante-readings-"));
});
after(async () => rm(folder, { recursive: true, force: true }));

test("readings come back as they were kept, for their owner alone", async () => {
  const onProblem = (sentence: string): void => assert.fail(sentence);
  const file = packReadingsFile({ folder: join(folder, "state"), repositoryId, onProblem });
  assert.deepEqual(await file.load(), new Map());
  await file.save(readings);
  assert.deepEqual(await file.load(), readings);
  const path = join(folder, "state", "packs-read", repositoryId);
  assert.equal((await stat(path)).mode & 0o777, 0o600);
  assert.deepEqual(await readdir(join(folder, "state", "packs-read")), [repositoryId]);
});

test("a file with any byte changed, cut anywhere, or of another repository is not believed", () => {
  const bytes = Buffer.from(encodeReadings(readings, repositoryId));
  assert.deepEqual(decodeReadings(bytes, repositoryId), readings);
  assert.equal(decodeReadings(bytes, "cd".repeat(32)), undefined);
  for (let at = 0; at < bytes.length; at++) {
    const changed = Buffer.from(bytes);
    changed[at]! ^= 1;
    assert.equal(decodeReadings(changed, repositoryId), undefined, `byte ${at}`);
    assert.equal(decodeReadings(bytes.subarray(0, at), repositoryId), undefined, `cut at ${at}`);
  }
});

test("a damaged file is told once, counts as nothing read, and is written anew", async () => {
  const told: string[] = [];
  const file = packReadingsFile({
    folder,
    repositoryId,
    onProblem: (sentence) => void told.push(sentence),
  });
  await file.save(readings);
  const path = join(folder, "packs-read", repositoryId);
  await writeFile(path, (await readFile(path)).subarray(3));
  assert.deepEqual(await file.load(), new Map());
  await file.load();
  assert.equal(told.length, 1);
  assert.match(told[0]!, /damaged; every pack counts as not read/);
  await file.save(readings);
  assert.deepEqual(await file.load(), readings);
});

test("a state folder that cannot be written is told and keeps nobody from verifying", async () => {
  const told: string[] = [];
  await writeFile(join(folder, "file"), "");
  const file = packReadingsFile({
    folder: join(folder, "file"),
    repositoryId,
    onProblem: (sentence) => void told.push(sentence),
  });
  await file.save(readings);
  assert.equal(told.length, 1);
});
