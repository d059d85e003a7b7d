import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { listSnapshots } from "./list-snapshots.ts";
import { openLocalCache } from "./local-cache.ts";
import { fixedKey, memoryContext } from "./repository.fixture.ts";
import type { RepositoryCore } from "./repository-core.ts";
import type { Snapshot } from "./repository.ts";
import { decodeSnapshots, encodeSnapshots } from "./kept-snapshots.ts";
import { saveSnapshot } from "./snapshot-file.ts";

const summary = {
  backupStartNs: 1_700_000_000_123_456_789n,
  backupEndNs: 1_700_000_001_000_000_000n,
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
};

function snapshotAt(minute: number): Omit<Snapshot, "id"> {
  return {
    timeNs: 1_700_000_000_000_000_001n + BigInt(minute) * 60_000_000_000n,
    tree: "ab".repeat(32),
    paths: ["/srv/Grüße"],
    hostname: "mx1",
    username: "",
    uid: 0,
    gid: 0,
    tags: ["restante", `sequence:${minute}`],
    excludes: [],
    ...(minute % 2 === 0 ? { summary } : {}),
  };
}

type Bench = {
  readonly core: RepositoryCore;
  readonly file: string;
  /** Names of snapshot files that were loaded from storage since the last call. */
  readonly loaded: () => number;
};

async function bench(context: TestContext, count: number): Promise<Bench> {
  const folder = mkdtempSync(join(tmpdir(), "restante-snapshots-"));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  const own = await memoryContext();
  let loads = 0;
  const load = own.storage.load.bind(own.storage);
  own.storage.load = (file, options) => {
    if (file.type === "snapshot") loads++;
    return load(file, options);
  };
  for (let minute = 0; minute < count; minute++) await saveSnapshot(own, snapshotAt(minute));
  return {
    core: {
      id: "bench",
      context: own,
      masterKey: fixedKey(),
      polynomial: 0x3da3358b4dc173n,
      cache: openLocalCache(folder),
    },
    file: join(folder, "snapshots", "columns"),
    loaded() {
      const since = loads;
      loads = 0;
      return since;
    },
  };
}

test("snapshots are read from storage once, and are the same when they are kept", async (context) => {
  const { core, loaded } = await bench(context, 40);
  const fresh = await listSnapshots(core);
  assert.equal(loaded(), 40);
  const kept = await listSnapshots(core);
  assert.equal(loaded(), 0);
  assert.deepEqual(kept, fresh);
});

test("one that is new is read, and one that was removed is not listed any more", async (context) => {
  const { core, loaded } = await bench(context, 40);
  const [first] = await listSnapshots(core);
  loaded();
  await core.context.storage.remove({ type: "snapshot", name: first?.id ?? "" });
  const added = await saveSnapshot(core.context, snapshotAt(100));
  const now = await listSnapshots(core);
  assert.equal(loaded(), 1);
  assert.equal(now.length, 40);
  assert.equal(now.at(-1)?.id, added.id);
  assert.ok(!now.some(({ id }) => id === first?.id));
});

test("the file is written anew once it lacks many", async (context) => {
  const { core, file, loaded } = await bench(context, 40);
  await listSnapshots(core);
  const before = readFileSync(file);
  for (let minute = 100; minute < 115; minute++)
    await saveSnapshot(core.context, snapshotAt(minute));
  await listSnapshots(core);
  assert.deepEqual(readFileSync(file), before);
  await saveSnapshot(core.context, snapshotAt(115));
  await listSnapshots(core);
  loaded();
  assert.equal((await listSnapshots(core)).length, 56);
  assert.equal(loaded(), 0);
});

test("a damaged or foreign file is not believed, and made again", async (context) => {
  const { core, file, loaded } = await bench(context, 20);
  const fresh = await listSnapshots(core);
  const good = readFileSync(file);
  for (const bad of [
    good.subarray(0, 100),
    Buffer.alloc(0),
    flipped(good, 200),
    Buffer.from("x"),
  ]) {
    writeFileSync(file, bad);
    loaded();
    assert.deepEqual(await listSnapshots(core), fresh);
    assert.equal(loaded(), 20);
    assert.deepEqual(decodeSnapshots(readFileSync(file))?.length, 20);
  }
});

test("a small repository keeps none", async (context) => {
  const { core, file } = await bench(context, 15);
  assert.equal((await listSnapshots(core)).length, 15);
  assert.deepEqual(readdirSync(join(file, "..", "..")), []);
});

test("what is encoded is decoded", () => {
  const snapshots = [0, 1].map((minute) => ({ ...snapshotAt(minute), id: "cd".repeat(32) }));
  assert.deepEqual(decodeSnapshots(encodeSnapshots(snapshots)), snapshots);
});

function flipped(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[at] = (copy[at] as number) ^ 1;
  return copy;
}

test("a kept file of which only zeros are left is made again", () => {
  for (const length of [0, 3, 4, 5, 4096])
    assert.equal(decodeSnapshots(Buffer.alloc(length)), undefined, String(length));
});
