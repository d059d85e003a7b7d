import assert from "node:assert/strict";
import { test } from "node:test";
import { memoryImage, type RawPath } from "#image";
import type { CaptureOptions, CaptureResult, Repository, Snapshot } from "#repository";
import { backUpToDisk, backupToDisk } from "./backup-to-disk.ts";
import { diskCopy } from "./disk-copy.ts";
import { snapshotForTest } from "../../copies/snapshot.fixture.ts";

const first = snapshotForTest({
  id: "a1".repeat(32),
  timeNs: 10n,
  tags: ["group:g1", "sequence:1", "generation:x"],
});
const second = snapshotForTest({
  id: "b2".repeat(32),
  timeNs: 20n,
  tags: ["group:g2", "sequence:1", "generation:y"],
});

function repositoryForTest(snapshots: Snapshot[]): {
  readonly repository: Repository;
  readonly captured: CaptureOptions[];
  readonly opened: string[];
} {
  const captured: CaptureOptions[] = [];
  const opened: string[] = [];
  const unused = async (): Promise<never> => assert.fail("not used here");
  return {
    captured,
    opened,
    repository: {
      id: "r",
      version: 2,
      location: "memory",
      snapshots: async () => snapshots,
      image: async (snapshot) => {
        opened.push(snapshot.id);
        return memoryImage({});
      },
      capture: async (image, options): Promise<CaptureResult> => {
        captured.push(options);
        const zero = {
          filesChanged: 0,
          filesUnmodified: 0,
          filesRenamed: 0,
          bytesRead: 0,
          bytesAdded: 0,
          bytesStored: 0,
        };
        return {
          ...zero,
          snapshot: first,
          sequence: 1,
          consistency: image.consistency,
          filesNew: 2,
          filesTotal: 2,
          bytesTotal: 9,
          problems: [],
          partial: false,
        };
      },
      roll: unused,
      removeSnapshots: unused,
      replaceTags: unused,
      verify: unused,
      repair: unused,
      prune: unused,
      duplicateTo: unused,
      keys: unused,
      addKey: unused,
      removeKey: unused,
      changePassword: unused,
      locks: unused,
      removeLocks: unused,
      awaitTurn: unused,
      [Symbol.asyncDispose]: async () => undefined,
    },
  };
}

test("diskCopy() lists moments of one group or of all, oldest first", async () => {
  const copy = diskCopy(repositoryForTest([second, first]).repository, {
    name: "here",
    reach: "at-hand",
  });
  assert.deepEqual(
    (await copy.moments()).map(({ id }) => id),
    [first.id, second.id],
  );
  assert.deepEqual(
    (await copy.moments("g2")).map(({ id }) => id),
    [second.id],
  );
  assert.deepEqual(await copy.moments("none"), []);
});

test("diskCopy() opens a moment, and says so when it was removed meanwhile", async () => {
  const snapshots = [first, second];
  const { repository, opened } = repositoryForTest(snapshots);
  const copy = diskCopy(repository, { name: "here", reach: "at-hand" });
  const [point] = await copy.moments();
  assert.ok(point !== undefined);
  await using _image = await copy.open(point);
  assert.deepEqual(opened, [first.id]);
  snapshots.shift();
  await assert.rejects(copy.open(point), { code: "methods.moment-gone" });
});

test("backUpToDisk() captures and returns the moment with its counts", async () => {
  const { repository, captured } = repositoryForTest([first]);
  await using image = memoryImage({});
  const path = "/mail" as RawPath;
  const result = await backUpToDisk(image, {
    repository,
    path,
    group: "g1",
    hostname: "mx1",
    now: () => 5n,
    tags: ["t"],
    full: true,
  });
  assert.equal(result.point.id, first.id);
  assert.equal(result.point.group, "g1");
  assert.equal(result.filesNew, 2);
  assert.deepEqual(
    captured.map(({ group, hostname, tags, full }) => ({ group, hostname, tags, full })),
    [{ group: "g1", hostname: "mx1", tags: ["t"], full: true }],
  );
});

test("backupToDisk() is the same behind the port of methods", async () => {
  const { repository, captured } = repositoryForTest([first]);
  const method = backupToDisk(repository, {
    name: "here",
    reach: "at-hand",
    path: "/mail" as RawPath,
    hostname: "mx1",
    now: () => 5n,
  });
  assert.deepEqual(
    [method.name, method.section, method.copy.method],
    ["backup to disk", "3.2", "backup to disk"],
  );
  await using image = memoryImage({});
  await method.take(image, { group: "g1" });
  assert.deepEqual(
    captured.map(({ group, path }) => ({ group, path })),
    [{ group: "g1", path: "/mail" }],
  );
});
