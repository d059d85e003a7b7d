import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { joinRawPath, type RawPath, rawPathFromText, rawPathToBytes } from "#image";
import { readSample } from "./read-sample.ts";
import type { SampleFile } from "./sample.ts";
import { TimeBudget } from "./time-budget.ts";

let top = "";
let store = "";
/** Not UTF-8, and hostile on a terminal. */
const hostile = "cur/\xff\u001b[2J\n:2,S" as RawPath;
before(async () => {
  top = await mkdtemp(join(tmpdir(), "restante-sample-"));
  store = join(top, "store");
  await mkdir(join(store, "cur"), { recursive: true });
  await writeFile(join(store, "cur/1"), "one");
  await writeFile(join(store, "cur/2"), Buffer.alloc(3 * 1024 ** 2, "two"));
  await writeFile(rawPathToBytes(joinRawPath(rawPathFromText(store), hostile)), "hostile");
});
after(() => rm(top, { recursive: true, force: true }));

const take = (path: string, takeBytes: number): SampleFile => ({
  path: path as RawPath,
  takeBytes,
});
const sha256 = (bytes: Uint8Array | string): string =>
  createHash("sha256").update(bytes).digest("hex");

async function read(name: string, files: readonly SampleFile[], isOver = (): boolean => false) {
  let ms = 0;
  const clockMs = (): number => ++ms;
  const signal = new AbortController().signal;
  using budget = new TimeBudget({ totalMs: 3_600_000, clockMs, signal });
  return await readSample({
    store,
    files,
    folder: join(top, name),
    parts: 2,
    budget,
    isOver,
    clockMs,
    onProgress: () => undefined,
  });
}

test("a sample is laid out under its own names, whatever their bytes, with the hashes of what was read", async () => {
  const two = await readFile(join(store, "cur/2"));
  const sample = await read("plain", [take("cur/1", 3), take("cur/2", 1e7), take(hostile, 7)]);
  assert.deepEqual(
    new Map(sample.files),
    new Map([
      ["cur/1", sha256("one")],
      ["cur/2", sha256(two)],
      [hostile, sha256("hostile")],
    ]),
  );
  assert.equal(sample.bytes, two.length + 10);
  assert.deepEqual([sample.missing, sample.isCut], [[], false]);
  const laidOut = rawPathToBytes(joinRawPath(sample.folder, hostile));
  assert.equal(await readFile(laidOut, "utf8"), "hostile");
  for (const runs of [sample.read, sample.hash])
    assert.equal(
      runs.reduce((total, { bytes }) => total + bytes, 0),
      sample.bytes,
    );
  assert.ok(sample.compress.length === 2);
});

test("of a large file its beginning is read", async () => {
  const sample = await read("beginning", [take("cur/2", 1024)]);
  assert.deepEqual([...sample.files.values()], [sha256(Buffer.alloc(1024, "two"))]);
});

test("a file that vanished is missing, and figures are of what was really read", async () => {
  const sample = await read("vanished", [take("cur/1", 3), take("cur/gone", 1000)]);
  assert.deepEqual([...sample.files.keys()], ["cur/1"]);
  assert.equal(sample.bytes, 3);
  assert.equal(sample.missing.length, 1);
  assert.match(sample.missing[0] ?? "", /^Cannot open "cur\/gone": /);
  assert.equal(
    sample.read.reduce((total, { bytes }) => total + bytes, 0),
    3,
  );
});

test("a path that is too long for the work folder is missing and ends nothing", async () => {
  const deep = Array.from({ length: 16 }, () => "d".repeat(250)).join("/");
  const sample = await read(`long-${"n".repeat(100)}`, [take(deep, 1), take("cur/1", 3)]);
  assert.deepEqual([...sample.files.keys()], ["cur/1"]);
  assert.equal(sample.missing.length, 1);
});

test("when the time is over the sample is what was read until then", async () => {
  let asked = 0;
  const files = [take("cur/1", 3), take("cur/2", 1e7), take(hostile, 7)];
  const sample = await read("cut", files, () => ++asked > 1);
  assert.deepEqual([...sample.files.keys()], ["cur/1"]);
  assert.deepEqual([sample.isCut, sample.bytes], [true, 3]);
});
