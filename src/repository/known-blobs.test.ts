import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import { allocateKnownBlobs, growKnownBlobs, openKnownBlobs } from "./known-blobs.ts";
import { idOf } from "./repository.fixture.ts";

test("a blob is claimed once, as data and as a tree apart", () => {
  const known = openKnownBlobs(allocateKnownBlobs(10));
  assert.equal(known.has(idOf(1), "data"), false);
  assert.equal(known.claim(idOf(1), "data"), true);
  assert.equal(known.claim(idOf(1), "data"), false);
  assert.equal(known.has(idOf(1), "data"), true);
  assert.equal(known.has(idOf(1), "tree"), false);
  assert.equal(known.claim(idOf(1), "tree"), true);
  assert.equal(known.claim(idOf(2), "data"), true);
});

test("two views of the memory know the same blobs", () => {
  const memory = allocateKnownBlobs(10);
  assert.equal(openKnownBlobs(memory).claim(idOf(1), "data"), true);
  assert.equal(openKnownBlobs(memory).claim(idOf(1), "data"), false);
});

test("threads that claim the same blobs at the same time are given each once", async () => {
  const [blobs, threads] = [40_000, 3];
  const memory = allocateKnownBlobs(blobs);
  const gate = new SharedArrayBuffer(4);
  const url = new URL("./known-blobs.fixture.ts", import.meta.url);
  const workerData = { memory, blobs, gate, threads };
  const workers = Array.from({ length: threads }, () => new Worker(url, { workerData }));
  const answers = await Promise.all(
    workers.map(async (worker) => ((await once(worker, "message")) as [number[]])[0]),
  );
  await Promise.all(workers.map((worker) => worker.terminate()));
  const given = answers.flat();
  assert.equal(given.length, blobs);
  assert.equal(new Set(given).size, blobs);
  const known = openKnownBlobs(memory);
  for (let n = 0; n < blobs; n++) assert.equal(known.has(idOf(n), "data"), true);
});

test("a table that has grown knows all that the smaller one knew", () => {
  const memory = allocateKnownBlobs(1000);
  const known = openKnownBlobs(memory);
  for (let n = 0; n < 1500; n++)
    assert.equal(known.claim(idOf(n), n % 2 === 0 ? "data" : "tree"), true);
  const grown = growKnownBlobs(memory);
  assert.equal(grown.byteLength, memory.byteLength * 2);
  const larger = openKnownBlobs(grown);
  for (let n = 0; n < 1500; n++) {
    assert.equal(larger.claim(idOf(n), n % 2 === 0 ? "data" : "tree"), false);
    assert.equal(larger.has(idOf(n), n % 2 === 0 ? "tree" : "data"), false);
  }
  assert.equal(larger.claim(idOf(1500), "data"), true);
});

test("blobs that are stored already are known beside the table, and not held in it", () => {
  const memory = allocateKnownBlobs(10);
  const stored = openKnownBlobs(allocateKnownBlobs(10));
  stored.claim(idOf(1), "data");
  const known = openKnownBlobs(memory, stored);
  assert.equal(known.has(idOf(1), "data"), true);
  assert.equal(known.claim(idOf(1), "data"), false);
  assert.equal(known.claim(idOf(1), "tree"), true);
  assert.equal(known.claim(idOf(2), "data"), true);
  const table = openKnownBlobs(memory);
  assert.deepEqual([table.has(idOf(1), "data"), table.has(idOf(2), "data")], [false, true]);
});

test("a table that makes room for an index holds all of it", () => {
  const memory = allocateKnownBlobs(10);
  openKnownBlobs(memory).claim(idOf(0), "data");
  const known = openKnownBlobs(growKnownBlobs(memory, 10_000));
  assert.equal(known.has(idOf(0), "data"), true);
  for (let n = 1; n <= 10_000; n++) assert.equal(known.claim(idOf(n), "data"), true);
  for (let n = 1; n <= 10_000; n++) assert.equal(known.has(idOf(n), "data"), true);
});

test("a full table lets blobs be stored twice and never holds one back", () => {
  const memory = allocateKnownBlobs(1);
  const slots = memory.byteLength / 36;
  const known = openKnownBlobs(memory);
  for (let n = 0; n < slots; n++) assert.equal(known.claim(idOf(n), "data"), true);
  assert.equal(known.claim(idOf(slots), "data"), true);
  assert.equal(known.claim(idOf(slots), "data"), true);
  assert.equal(known.has(idOf(slots), "data"), false);
  assert.equal(known.claim(idOf(0), "data"), false);
});
