import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { directoryStorage } from "./directory-storage.ts";
import {
  type FaultRule,
  faultyStorage,
  type FaultyStorage,
  seededRules,
} from "./faulty-storage.ts";
import { memoryStorage } from "./memory-storage.ts";
import {
  bytesOf,
  handleOf,
  namesOf,
  rejects,
  storageContract,
  textOf,
} from "./storage.contract.ts";

storageContract("faulty without rules", async () => {
  const storage = faultyStorage(memoryStorage());
  return { storage, [Symbol.asyncDispose]: () => storage[Symbol.asyncDispose]() };
});

const file = handleOf("letter");

async function created(...rules: readonly FaultRule[]): Promise<FaultyStorage> {
  const inner = memoryStorage();
  await inner.create();
  return faultyStorage(inner, { rules });
}

test("faulty: a failure before a save leaves nothing, one after it leaves the file", async () => {
  const before = await created({ at: 1, kind: "fail", when: "before" });
  await rejects("storage.failed", () => before.save(file, [bytesOf("letter")]));
  assert.deepEqual(await namesOf(before, "data"), []);
  const after = await created({ at: 1, kind: "fail", when: "after", code: "storage.denied" });
  await rejects("storage.denied", () => after.save(file, [bytesOf("letter")]));
  assert.deepEqual(await namesOf(after, "data"), [file.name]);
});

test("faulty: a rule counts among the operations that it is about", async () => {
  const storage = await created({
    at: 2,
    action: "save",
    type: "index",
    kind: "fail",
    when: "before",
    retryable: true,
  });
  await storage.save(file, [bytesOf("letter")]);
  await storage.save(handleOf("a", "index"), [bytesOf("a")]);
  await storage.save(handleOf("b"), [bytesOf("b")]);
  await assert.rejects(storage.save(handleOf("c", "index"), [bytesOf("c")]), { retryable: true });
  await storage.save(handleOf("c", "index"), [bytesOf("c")]);
  assert.deepEqual(
    storage.operations.map(({ number, action, type }) => `${number} ${action} ${type}`),
    ["1 save data", "2 save index", "3 save data", "4 save index", "5 save index"],
  );
});

test("faulty: a listing that fails at its end throws and does not just end", async () => {
  const storage = await created({ action: "list", kind: "fail", when: "after" });
  await storage.save(file, [bytesOf("letter")]);
  await rejects("storage.failed", () => namesOf(storage, "data"));
});

test("faulty: a truncated save keeps a prefix, reported as success or as failure", async () => {
  for (const report of ["success", "failure"] as const) {
    const storage = await created({ at: 1, kind: "truncate", keepBytes: 3, report });
    const saved = storage.save(file, [bytesOf("let"), bytesOf("ter")]);
    if (report === "success") await saved;
    else await rejects("storage.failed", () => saved);
    assert.equal(textOf(await storage.load(file)), "let");
  }
});

test("faulty: crash() undoes what was not synced, and only that", async () => {
  const storage = await created({ type: "index", kind: "unsynced" });
  const lost = handleOf("lost", "index");
  await storage.save(lost, [bytesOf("lost")]);
  await storage.crash();
  assert.deepEqual(await namesOf(storage, "index"), []);
  for (const each of [file, lost]) await storage.save(each, [bytesOf("letter")]);
  await storage.remove(lost);
  await storage.crash();
  assert.deepEqual(await namesOf(storage, "index"), []);
  assert.deepEqual(await namesOf(storage, "data"), [file.name]);
});

test("faulty: crash() brings back a file whose removal was not synced", async () => {
  const storage = await created({ action: "remove", kind: "unsynced" });
  await storage.save(file, [bytesOf("letter")]);
  await storage.remove(file);
  await rejects("storage.not-found", () => storage.load(file));
  await storage.crash();
  assert.equal(textOf(await storage.load(file)), "letter");
});

test("faulty: a disk with so many bytes fills up and empties again", async () => {
  const inner = memoryStorage();
  await inner.create();
  const storage = faultyStorage(inner, { capacityBytes: 10 });
  await storage.save(file, [bytesOf("letter")]);
  await rejects("storage.full", () => storage.save(handleOf("other"), [bytesOf("other")]));
  await storage.remove(file);
  await storage.save(handleOf("other"), [bytesOf("other")]);
});

test("faulty: a delayed operation waits for what the test decides", async () => {
  const gate = Promise.withResolvers<void>();
  const storage = await created({ at: 1, kind: "delay", until: () => gate.promise });
  const saved = storage.save(file, [bytesOf("letter")]);
  assert.deepEqual(await namesOf(storage, "data"), []);
  gate.resolve();
  await saved;
  assert.deepEqual(await namesOf(storage, "data"), [file.name]);
});

test("faulty: the same seed makes the same rules, another seed others", () => {
  const rules = seededRules({ seed: 7, operations: 50, faults: 10 });
  assert.deepEqual(rules, seededRules({ seed: 7, operations: 50, faults: 10 }));
  assert.notDeepEqual(rules, seededRules({ seed: 8, operations: 50, faults: 10 }));
  assert.ok(rules.every(({ at }) => at !== undefined && at >= 1 && at <= 50));
});

for (const [when, expected] of [
  ["before", ["a"]],
  ["after", ["a", "b"]],
] as const) {
  test(`faulty: a process killed ${when} its second save leaves what was saved by then`, async () => {
    const folder = mkdtempSync(join(tmpdir(), "restante-kill-"));
    try {
      const child = spawnSync(process.execPath, [
        join(import.meta.dirname, "killed-writer.fixture.ts"),
        folder,
        when,
      ]);
      assert.equal(child.signal, "SIGKILL", child.stderr.toString());
      await using storage = directoryStorage(folder);
      assert.deepEqual(
        (await namesOf(storage, "data")).toSorted(),
        expected.map((text) => handleOf(text).name).toSorted(),
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
}
