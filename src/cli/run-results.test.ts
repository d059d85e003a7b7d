import assert from "node:assert/strict";
import { bytesIn } from "./bytes-in.ts";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { rowsOfMethods } from "#planner";
import { memoryStorage } from "#storage";
import { Output } from "./output.ts";
import { mailOf } from "./record-storage.ts";
import { readResults } from "./results.ts";
import { keepResult, type RestoredRun, restoreResult, storageResult } from "./run-results.ts";
import type { Surroundings, Terminal } from "./terminal.ts";

const restore: RestoredRun = {
  method: "backup to disk",
  momentId: "1a2b3c",
  bytes: 30_000_000,
  files: 9,
  skipped: 0,
  failed: 0,
  phases: [
    { name: "find", ms: 20_000 },
    { name: "restore and verify", ms: 100_000 },
  ],
};

test("a restore shows the RTO of its method's row: the sum of its phases, in minutes", () => {
  const result = restoreResult(restore, 0n);
  assert.equal(result?.row, rowsOfMethods["disk-deduplicated"]);
  assert.deepEqual(
    [result?.quantity, result?.case, result?.low, result?.high, result?.unit],
    ["RTO", "logs lost", 2, 2, "minutes"],
  );
  assert.deepEqual(result?.phases, restore.phases);
  assert.deepEqual(
    [result?.at, result?.bytes, result?.id, result?.about],
    ["1970-01-01T00:00:00Z", 30_000_000, "1a2b3c", "restore of 30 MB, 9 files, each verified"],
  );
  for (const [method, row] of [
    ["rotation of clones", "Clone"],
    ["rotation of delta snapshots", "Delta Snapshot"],
    ["backup to tape", "Backup copy from Tape: Daily DB & Logs"],
    ["virtual tape", "Backup copy from Tape: Daily DB & Logs"],
  ] as const)
    assert.equal(restoreResult({ ...restore, method }, 0n)?.row, row);
});

test("a restore that failed, brought nothing back or mostly compared shows no RTO", () => {
  for (const some of [{ failed: 1 }, { bytes: 0 }, { skipped: 10 }, { method: "carbon copies" }])
    assert.equal(restoreResult({ ...restore, ...some }, 0n), undefined);
});

test("what a copy takes is told as a multiple of its mail", () => {
  const run = { method: "backup to disk", momentId: "ab", moments: 3, storedBytes: 50 };
  const result = storageResult({ ...run, mailBytes: 200 }, 0n);
  assert.deepEqual([result?.high, result?.unit, result?.bytes], [0.25, "× data", 200]);
  assert.equal(result?.about, "copy of 3 moments that takes 50 B for 200 B of mail");
  assert.equal(storageResult({ ...run, mailBytes: 0 }, 0n), undefined);
});

test("the mail of a copy is the newest moment of each group, and unknown where one is", () => {
  const moments = [
    { group: "a", sizeBytes: 5 },
    { group: "b", sizeBytes: 100 },
    { group: "a", sizeBytes: 7 },
  ];
  assert.equal(mailOf(moments), 107);
  assert.equal(mailOf([...moments, { group: "c" }]), undefined);
  assert.equal(mailOf([]), 0);
});

test("everything in a storage counts but its config", async () => {
  await using storage = memoryStorage();
  await storage.create();
  const save = async (type: "data" | "index" | "config", bytes: number): Promise<void> =>
    await storage.save({ type, name: type === "config" ? "" : "ab".repeat(32) }, [
      new Uint8Array(bytes),
    ]);
  await save("config", 1);
  await save("data", 10);
  await save("index", 100);
  assert.equal(await bytesIn(storage), 110);
});

test("what cannot be measured or recorded is a warning and not the end of a run", async () => {
  const folder = await mkdtemp(join(tmpdir(), "restante-keep-"));
  try {
    let said = "";
    const terminal = { say: (text: string) => void (said += text) } as Terminal;
    const output = new Output(terminal, { json: false, quiet: false });
    const at = (state: string): { output: Output; surroundings: Surroundings } => ({
      output,
      surroundings: {
        environment: { XDG_STATE_HOME: state },
        signal: new AbortController().signal,
      } as unknown as Surroundings,
    });
    const measure = async () => restoreResult(restore, 0n);
    await keepResult(at(folder), measure);
    assert.equal((await readResults(join(folder, "restante"))).results.length, 1);
    assert.equal(said, "");
    await keepResult(at(folder), async () => {
      throw new Error("the listing broke off");
    });
    assert.match(said, /^warning: what this run measured is not recorded: the listing broke off/);
    said = "";
    await writeFile(join(folder, "file"), "");
    await keepResult(at(join(folder, "file")), measure);
    assert.match(said, /^warning: what this run measured is not recorded: /);
    assert.equal((await readResults(join(folder, "restante"))).results.length, 1);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
