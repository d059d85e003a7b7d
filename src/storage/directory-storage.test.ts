import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { mountSmallDisk, type SmallDisk, withoutSmallDisk } from "../files/small-disk.fixture.ts";
import { withoutRootRights } from "../files/unprivileged.fixture.ts";
import { directoryStorage } from "./directory-storage.ts";
import {
  bytesOf,
  handleOf,
  namesOf,
  rejects,
  storageContract,
  textOf,
  type StorageFixture,
} from "./storage.contract.ts";

type Place = StorageFixture & { readonly folder: string };

/** Every test makes 261 folders: a filesystem in memory does that ten times as fast. */
const scratch = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();

async function openPlace(options: { readonly now?: () => number } = {}): Promise<Place> {
  const parent = mkdtempSync(join(scratch, "restante-storage-"));
  const folder = join(parent, "new", "repository");
  const storage = directoryStorage(folder, { openFiles: 2, ...options });
  return {
    folder,
    storage,
    async [Symbol.asyncDispose]() {
      await storage[Symbol.asyncDispose]();
      rmSync(parent, { recursive: true });
    },
  };
}

storageContract("directory", openPlace);

const modeOf = (path: string): number => statSync(path).mode & 0o7777;
const hasRestic = spawnSync("restic", ["version"]).status === 0;

test("directory: create() makes restic's default layout, closed to others", async () => {
  await using place = await openPlace();
  await place.storage.create();
  assert.deepEqual(readdirSync(place.folder).toSorted(), [
    "data",
    "index",
    "keys",
    "locks",
    "snapshots",
  ]);
  const folders = readdirSync(join(place.folder, "data"));
  assert.equal(folders.length, 256);
  assert.ok(folders.includes("00") && folders.includes("ff"));
  assert.equal(modeOf(place.folder), 0o700);
  assert.equal(modeOf(join(place.folder, "data", "7f")), 0o700);
});

test("directory: files are read-only, and readable by the group where config is", async () => {
  await using place = await openPlace();
  const { storage, folder } = place;
  await storage.create();
  await storage.save(handleOf("before", "lock"), [bytesOf("x")]);
  await storage.save({ type: "config", name: "" }, [bytesOf("config")]);
  assert.equal(modeOf(join(folder, "locks", handleOf("before").name)), 0o400);
  assert.equal(modeOf(join(folder, "config")), 0o400);
  chmodSync(join(folder, "config"), 0o440);
  await using shared = directoryStorage(folder);
  await shared.save(handleOf("shared", "lock"), [bytesOf("x")]);
  assert.equal(modeOf(join(folder, "locks", handleOf("shared").name)), 0o440);
});

test("directory: a pack goes to the folder of its first two digits, made again when missing", async () => {
  await using place = await openPlace();
  await place.storage.create();
  const file = handleOf("pack");
  const folder = join(place.folder, "data", file.name.slice(0, 2));
  rmSync(folder, { recursive: true });
  await place.storage.save(file, [bytesOf("pack")]);
  assert.deepEqual(readdirSync(folder), [file.name]);
  assert.equal(textOf(await place.storage.load(file)), "pack");
});

test("directory: an unmounted place is an error and is never filled or taken for an empty one", async () => {
  await using place = await openPlace();
  mkdirSync(place.folder, { recursive: true });
  await rejects("storage.not-found", () => namesOf(place.storage, "data"));
  await rejects("storage.not-found", () => namesOf(place.storage, "snapshot"));
  await rejects("storage.not-found", () => place.storage.save(handleOf("a"), [bytesOf("a")]));
  assert.deepEqual(readdirSync(place.folder), []);
});

test("directory: a file where a folder should be is storage.failed", async () => {
  await using place = await openPlace();
  await place.storage.create();
  rmSync(join(place.folder, "snapshots"), { recursive: true });
  writeFileSync(join(place.folder, "snapshots"), "");
  await rejects("storage.failed", () => namesOf(place.storage, "snapshot"));
});

test("directory: list() passes over foreign names, folders and temporary files", async () => {
  await using place = await openPlace();
  const { storage, folder } = place;
  await storage.create();
  const file = handleOf("mine");
  await storage.save(file, [bytesOf("mine")]);
  const data = join(folder, "data", file.name.slice(0, 2));
  writeFileSync(join(data, `${file.name}-tmp-12345`), "");
  writeFileSync(join(data, "README"), "");
  writeFileSync(join(folder, "data", "stray"), "");
  rmSync(join(folder, "data", "aa"), { recursive: true });
  writeFileSync(join(folder, "data", "aa"), "");
  mkdirSync(join(data, handleOf("a folder").name));
  assert.deepEqual(await namesOf(storage, "data"), [file.name]);
});

test("directory: leftovers of a killed run are removed once they are a day old, younger ones never", async () => {
  const now = Date.now();
  await using place = await openPlace({ now: () => now });
  await place.storage.create();
  const folder = join(place.folder, "snapshots");
  const leave = (name: string, ageHours: number): void => {
    writeFileSync(join(folder, name), "part");
    const seconds = now / 1000 - ageHours * 3600;
    utimesSync(join(folder, name), seconds, seconds);
  };
  const some = handleOf("other").name;
  leave(`${some}-tmp-0011aabb`, 25);
  leave(`${some}-tmp-2233ccdd`, 23);
  leave("notes-tmp-1", 25);
  const file = handleOf("new", "snapshot");
  await place.storage.save(file, [bytesOf("new")]);
  assert.deepEqual(
    readdirSync(folder).toSorted(),
    [file.name, `${some}-tmp-2233ccdd`, "notes-tmp-1"].toSorted(),
  );
});

test("directory: a file that was cut short is storage.truncated", async () => {
  await using place = await openPlace();
  await place.storage.create();
  const file = handleOf("whole");
  await place.storage.save(file, [bytesOf("whole")]);
  const path = join(place.folder, "data", file.name.slice(0, 2), file.name);
  chmodSync(path, 0o600);
  assert.equal(textOf(await place.storage.load(file, { offset: 3, lengthBytes: 2 })), "le");
  writeFileSync(path, "who");
  await rejects("storage.truncated", () => place.storage.load(file, { offset: 3, lengthBytes: 2 }));
});

test("directory: dispose() closes every descriptor", async () => {
  const before = readdirSync("/proc/self/fd").length;
  const place = await openPlace();
  await place.storage.create();
  for (const text of ["a", "b", "c", "d"]) {
    await place.storage.save(handleOf(text), [bytesOf(text)]);
    await place.storage.load(handleOf(text));
  }
  await rejects("storage.not-found", () => place.storage.load(handleOf("none")));
  await place[Symbol.asyncDispose]();
  assert.equal(readdirSync("/proc/self/fd").length, before);
});

test("directory: a folder that may not be written is storage.denied", async () => {
  await using place = await openPlace();
  await place.storage.create();
  const locks = join(place.folder, "locks");
  chmodSync(locks, 0o500);
  await withoutRootRights([place.folder, locks], () =>
    rejects("storage.denied", () => place.storage.save(handleOf("a", "lock"), [bytesOf("a")])),
  );
});

const smallDisk = mountSmallDisk();

test(
  "directory: a full disk is storage.full and leaves no part behind",
  { skip: smallDisk === undefined ? withoutSmallDisk : false },
  async () => {
    using disk = smallDisk as SmallDisk;
    await using storage = directoryStorage(join(disk.folder, "repository"));
    await storage.create();
    await rejects("storage.full", () =>
      storage.save(handleOf("big", "index"), [new Uint8Array(4 << 20)]),
    );
    assert.deepEqual(readdirSync(join(disk.folder, "repository", "index")), []);
    await storage.save(handleOf("small", "index"), [bytesOf("small")]);
    assert.deepEqual(await namesOf(storage, "index"), [handleOf("small").name]);
  },
);

test(
  "directory: what we list and load is what restic wrote",
  { skip: hasRestic ? false : "restic is not installed" },
  async () => {
    await using place = await openPlace();
    const restic = (...words: string[]): string =>
      execFileSync("restic", ["-r", place.folder, "--no-cache", "-q", ...words], {
        env: { ...process.env, RESTIC_PASSWORD: "test" },
        encoding: "utf8",
      });
    mkdirSync(place.folder, { recursive: true });
    restic("init");
    await place.storage.create();
    restic("backup", import.meta.filename);
    const listed = restic("list", "packs", "--no-lock").split("\n").filter(Boolean);
    assert.deepEqual((await namesOf(place.storage, "data")).toSorted(), listed.toSorted());
    for (const type of ["key", "snapshot", "index"] as const) {
      assert.equal((await namesOf(place.storage, type)).length, 1);
    }
    for (const name of await namesOf(place.storage, "data")) {
      const bytes = await place.storage.load({ type: "data", name });
      assert.equal(bytes.length, (await place.storage.stat({ type: "data", name })).sizeBytes);
    }
    // A temporary file of ours does not disturb it.
    writeFileSync(join(place.folder, "snapshots", `${handleOf("x").name}-tmp-00ff`), "part");
    restic("check", "--read-data");
  },
);

test("directory: a filesystem of this machine lists at once what another has saved, and says so", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "restante-at-once-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  await using one = directoryStorage(folder);
  await using other = directoryStorage(folder);
  await one.create();
  if (one.promises.listsAtOnce !== true) {
    t.skip("the temporary folder lies on a filesystem that does not promise it");
    return;
  }
  for (let n = 0; n < 50; n++) {
    await one.save(handleOf(`lock ${n}`, "lock"), [bytesOf("x")]);
    assert.equal((await namesOf(other, "lock")).length, n + 1);
  }
});

test("directory: where there is no folder nothing is promised of listings", () => {
  assert.equal(directoryStorage("/nowhere/at/all").promises.listsAtOnce, false);
});
