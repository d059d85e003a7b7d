import assert from "node:assert/strict";
import { test } from "node:test";
import type { Snapshot } from "./repository.ts";
import { idOf, memoryContext } from "./repository.fixture.ts";
import { loadSnapshot, saveSnapshot } from "./snapshot-file.ts";
import { loadUnpacked, saveUnpacked } from "./unpacked-file.ts";

const id = (n: number): string => idOf(n).toString("hex");
const plain: Omit<Snapshot, "id"> = {
  timeNs: 1_700_000_000_123_456_789n,
  tree: id(1),
  paths: ["/srv/mail"],
  hostname: "mx1",
  username: "root",
  uid: 0,
  gid: 0,
  tags: ["restante", "group:mail"],
  excludes: [],
};
const full: Omit<Snapshot, "id"> = {
  ...plain,
  parent: id(2),
  original: id(3),
  uid: 1000,
  gid: 100,
  excludes: ["*.tmp"],
  programVersion: "restante 0.1.0",
  summary: {
    backupStartNs: 1n,
    backupEndNs: 2n,
    filesNew: 1,
    filesChanged: 2,
    filesUnmodified: 3,
    dirsNew: 4,
    dirsChanged: 5,
    dirsUnmodified: 6,
    dataBlobs: 7,
    treeBlobs: 8,
    dataAdded: 9,
    dataAddedPacked: 10,
    totalFilesProcessed: 11,
    totalBytesProcessed: 12,
  },
};

async function load(json: string): Promise<Snapshot> {
  const context = await memoryContext();
  const name = await saveUnpacked(context, "snapshot", { json: Buffer.from(json) });
  return await loadSnapshot(context, name);
}

for (const [what, snapshot] of [
  ["a plain", plain],
  ["a full", full],
] as const) {
  test(`${what} snapshot is read as it was written`, async () => {
    const context = await memoryContext();
    const saved = await saveSnapshot(context, snapshot);
    assert.deepEqual(saved, { ...snapshot, id: saved.id });
    assert.deepEqual(await loadSnapshot(context, saved.id), saved);
  });
}

test("a snapshot's JSON has restic's fields in restic's order", async () => {
  const context = await memoryContext();
  const { id: name } = await saveSnapshot(context, full);
  const value = JSON.parse(
    Buffer.from(await loadUnpacked(context, "snapshot", { name })).toString(),
  ) as object;
  assert.deepEqual(Object.keys(value), [
    "time",
    "parent",
    "tree",
    "paths",
    "hostname",
    "username",
    "uid",
    "gid",
    "excludes",
    "tags",
    "original",
    "program_version",
    "summary",
  ]);
  assert.equal((value as { time: string }).time, "2023-11-14T22:13:20.123456789Z");
});

test("what restic leaves out or writes as null is read", async () => {
  const least = await load(
    `{"time":"2015-04-06T20:31:07.5+02:00","tree":"${id(1)}","paths":null,"tags":null,"parent":null}`,
  );
  assert.deepEqual(least, {
    ...plain,
    id: least.id,
    timeNs: 1_428_345_067_500_000_000n,
    paths: [],
    hostname: "",
    username: "",
    tags: [],
  });
});

test("a summary that is not one is left out, and fields of the future are passed over", async () => {
  for (const summary of [
    "5",
    "{}",
    '{"backup_start":1}',
    '{"backup_start":"x","backup_end":"y"}',
  ]) {
    const snapshot = await load(
      `{"time":"2020-01-01T00:00:00Z","tree":"${id(1)}","summary":${summary},"new":{}}`,
    );
    assert.equal(snapshot.summary, undefined, summary);
  }
});

test("what is not a snapshot is damaged", async () => {
  const hostile = [
    "[]",
    "{}",
    `{"tree":"${id(1)}"}`,
    '{"time":"2020-01-01T00:00:00Z","tree":"../../x"}',
    '{"time":"2020-01-01T00:00:00Z","tree":null}',
    `{"time":"yesterday","tree":"${id(1)}"}`,
    `{"time":5,"tree":"${id(1)}"}`,
    `{"time":"2020-01-01T00:00:00Z","tree":"${id(1)}","paths":[1]}`,
    `{"time":"2020-01-01T00:00:00Z","tree":"${id(1)}","parent":"short"}`,
  ];
  for (const json of hostile)
    await assert.rejects(load(json), { code: "repository.damaged" }, json);
});
