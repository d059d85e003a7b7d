import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  linkSync,
  lutimesSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { processMark } from "#files";
import {
  type Image,
  memoryImage,
  type MemoryNodes,
  openDirectoryImage,
  rawPathFromText,
  type RawPath,
  readAll,
  rootPath,
} from "#image";
import { damagedTag } from "#copies";
import { loopFilesystem, loopSkip } from "../../snapshots/loop-filesystem.fixture.ts";
import { clones, initClones } from "../clones/clones.ts";
import { deltas } from "../deltas/deltas.ts";
import { groupFolderName, momentName, sequenceOf } from "./moment-name.ts";
import { damage, replicaGround, scratchFolder, stage } from "./replicas.fixture.ts";
import type { ReplicaMethod, ReplicaMethodOptions } from "./rotate-replicas.ts";

const hourNs = 3_600_000_000_000n;
const startNs = 1_700_000_000_000_000_000n;

function imageAt(hour: number, nodes: MemoryNodes = mail(hour)): Image {
  const toNs = startNs + BigInt(hour) * hourNs;
  return memoryImage(nodes, { at: { fromNs: toNs, toNs }, consistency: "crash" });
}

function mail(number: number): MemoryNodes {
  return { [`cur/${number}`]: `From: a\n\n${number}\n`, new: {} };
}

async function fresh(
  options: Partial<ReplicaMethodOptions> = {},
): Promise<Disposable & { readonly folder: string; readonly method: ReplicaMethod }> {
  const place = scratchFolder();
  const folder = join(place.folder, "clones");
  await initClones(rawPathFromText(folder));
  const method = methodIn(folder, options);
  return { folder, method, [Symbol.dispose]: () => place[Symbol.dispose]() };
}

function methodIn(folder: string, options: Partial<ReplicaMethodOptions> = {}): ReplicaMethod {
  return clones({
    folder: rawPathFromText(folder),
    name: "here",
    path: "/var/mail",
    hostname: "mx1",
    ...options,
  });
}

const momentsOf = (folder: string): string[] =>
  readdirSync(join(folder, "g")).filter((name) => sequenceOf(name as never) !== undefined);

test("a rotation on disk keeps two clones over weeks, drops the oldest after the new one is whole, and accounts for space", async () => {
  using ground = await fresh();
  for (let hour = 0; hour < 14 * 24; hour += 12) {
    await using image = imageAt(hour);
    const { point, dropped, space } = await ground.method.take(image, { group: "g" });
    assert.equal(point.sequence, hour / 12 + 1);
    assert.equal(point.atNs, startNs + BigInt(hour) * hourNs);
    assert.deepEqual(dropped.length, hour < 24 ? 0 : 1);
    assert.ok(space.ownBytes > 0 && space.before.totalBytes === space.after.totalBytes);
    assert.equal(momentsOf(ground.folder).length, Math.min(2, hour / 12 + 1));
  }
  const points = await ground.method.copy.moments("g");
  assert.deepEqual(
    points.map(({ sequence }) => sequence),
    [27, 28],
  );
  const generations = new Set(points.map(({ generation }) => generation));
  assert.equal(generations.size, 1);
});

test("while the store has shrunk nothing is dropped, and it says why", async () => {
  using ground = await fresh();
  const many = Object.fromEntries(
    Array.from({ length: 60 }, (_, n) => [`cur/${n}`, "From: a\n\n"]),
  );
  for (const hour of [0, 12])
    await ground.method.take(imageAt(hour, { ...many, new: {} }), { group: "g" });
  const { dropped, notes } = await ground.method.take(imageAt(24, mail(1)), { group: "g" });
  assert.deepEqual(dropped, []);
  assert.match(notes.join(), /Nothing is dropped: .*fewer files/);
  assert.equal(momentsOf(ground.folder).length, 3);
});

test("what somebody has open is not dropped; it goes when it was closed", async () => {
  using ground = await fresh();
  const first = (await ground.method.take(imageAt(0), { group: "g" })).point;
  {
    await using open = await ground.method.copy.open(first);
    await ground.method.take(imageAt(12), { group: "g" });
    const { dropped, notes } = await ground.method.take(imageAt(24), { group: "g" });
    assert.deepEqual(dropped, []);
    assert.match(notes.join(), new RegExp(`process ${process.pid} has it open`));
    assert.equal(Buffer.from(await readAll(open, "cur/0" as RawPath)).toString(), "From: a\n\n0\n");
  }
  const { dropped } = await ground.method.take(imageAt(36), { group: "g" });
  assert.equal(dropped.length, 2);
  assert.equal(dropped[0], first.id);
});

test("a lease of a process that was killed keeps nothing", async () => {
  using ground = await fresh({ rotation: { count: 1, windowMs: 1 } });
  const { point } = await ground.method.take(imageAt(0), { group: "g" });
  const mark = processMark().split(".").with(-1, "1").join(".");
  writeFileSync(join(ground.folder, point.id, `.open.${mark}.0123456789ab`), "");
  const { dropped } = await ground.method.take(imageAt(12), { group: "g" });
  assert.deepEqual(dropped, [point.id]);
});

test("a verification finds changed bytes that nothing else tells, remembers it, and the damaged one is not the last good one", async () => {
  using ground = await fresh();
  const { method, folder } = ground;
  const first = (await method.take(imageAt(0), { group: "g" })).point;
  const second = (await method.take(imageAt(12), { group: "g" })).point;
  const whole = await method.copy.verify(second);
  assert.deepEqual([whole.damage, whole.files, whole.bytesHashed], [[], 1, 12]);
  const file = join(folder, second.id, "store", "cur", "12");
  await using held = await openDirectoryImage(rawPathFromText(join(folder, second.id, "store")));
  const { mtimeNs } = (await held.list("cur" as RawPath)).entry(0);
  damage(join(folder, second.id), () => {
    writeFileSync(file, "From: b\n\n12\n");
    lutimesSync(file, Number(mtimeNs) / 1e9, Number(mtimeNs) / 1e9);
  });
  {
    await using image = await method.copy.open(second);
    await image.list("cur" as RawPath);
    await assert.rejects(readAll(image, "cur/12" as RawPath), {
      code: "image.unreadable",
      message:
        'Cannot read "cur/12": its bytes are not those that were kept: this replica is damaged',
    });
  }
  const { damage: found } = await method.copy.verify(second);
  assert.deepEqual(found, [{ path: "cur/12", message: "Its bytes are others." }]);
  const listed = await method.copy.moments("g");
  assert.deepEqual(
    listed.map(({ tags }) => tags),
    [[], [damagedTag]],
  );
  await using bad = imageAt(24, {
    ...mail(24),
    "cur/0": { bytes: "x", failure: new Error("EIO: i/o error, read") },
  });
  const third = await method.take(bad, { group: "g" });
  assert.equal(third.partial, true);
  assert.ok(!third.dropped.includes(first.id), "the only good one");
  assert.deepEqual(third.dropped, [second.id]);
});

test("what could not be read is a problem of the moment, and a folder that could not be listed is no empty one", async () => {
  using ground = await fresh();
  await using image = imageAt(0, {
    ...mail(1),
    "cur/2": { bytes: "x", failure: new Error("EIO: i/o error, read") },
    ".Sent": { type: "directory", failure: new Error("EIO: i/o error, scandir") },
    pipe: { type: "fifo" },
  });
  const result = await ground.method.take(image, { group: "g" });
  assert.equal(result.partial, true);
  await using opened = await ground.method.copy.open(result.point);
  assert.deepEqual(opened.problems.map(({ code, path }) => `${code} ${path}`).toSorted(), [
    "unlistable .Sent",
    "unreadable cur/2",
    "unsupported pipe",
  ]);
  await assert.rejects(opened.list(".Sent" as RawPath), { code: "image.unlistable" });
  assert.equal((await opened.list(rootPath)).length, 3);
});

test("a folder that was never set up, or whose disk is not mounted, is not written to", async () => {
  using place = scratchFolder();
  const method = methodIn(join(place.folder, "none"));
  await assert.rejects(method.take(imageAt(0), { group: "g" }), { code: "methods.replica-folder" });
  mkdirSync(join(place.folder, "none"));
  await assert.rejects(method.take(imageAt(0), { group: "g" }), { code: "methods.replica-folder" });
  await assert.rejects(method.copy.moments(), { code: "methods.replica-folder" });
  assert.deepEqual(readdirSync(join(place.folder, "none")), []);
  await initClones(rawPathFromText(join(place.folder, "none")));
  const other = deltas({
    folder: rawPathFromText(join(place.folder, "none")),
    name: "x",
    path: "/",
    hostname: "h",
  });
  await assert.rejects(other.copy.moments(), /for rotation of clones, not for rotation of delta/);
});

test("a group whose own record is gone is not passed over", async () => {
  using ground = await fresh();
  await ground.method.take(imageAt(0), { group: "g" });
  rmSync(join(ground.folder, "g", "group.json"));
  await assert.rejects(ground.method.copy.moments(), { code: "methods.replica-damaged" });
  await assert.rejects(ground.method.take(imageAt(1), { group: "g" }), {
    code: "methods.replica-damaged",
  });
});

test("an ID that leads out of the folder opens nothing", async () => {
  using ground = await fresh();
  const { point } = await ground.method.take(imageAt(0), { group: "g" });
  for (const id of [
    "../g",
    `../clones/${point.id}`,
    "g/..",
    "",
    "/etc/passwd",
    `${point.id}/store`,
  ])
    await assert.rejects(ground.method.copy.open({ ...point, id }), {
      code: "methods.moment-gone",
    });
});

test("two runs at once: the second says who is at it, and both groups go on by themselves", async () => {
  using ground = await fresh();
  const slow = slowImage();
  const first = ground.method.take(slow.image, { group: "g" });
  await slow.isRead;
  await assert.rejects(ground.method.take(imageAt(1), { group: "g" }), (error: Error) => {
    assert.equal((error as { code?: string }).code, "methods.replica-busy");
    assert.match(error.message, new RegExp(`process ${process.pid}`));
    return true;
  });
  await ground.method.take(imageAt(1), { group: "other" });
  slow.goOn();
  assert.equal((await first).point.sequence, 1);
});

/** An Image whose first file waits until it is told to go on. */
function slowImage(): {
  readonly image: Image;
  readonly isRead: Promise<void>;
  readonly goOn: () => void;
} {
  const read = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  const image = imageAt(0);
  const slow: Image = new Proxy(image, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key, target);
      if (key !== "read")
        return typeof value === "function" ? (value.bind(target) as unknown) : value;
      return async function* (path: RawPath) {
        read.resolve();
        await gate.promise;
        yield* target.read(path);
      };
    },
  });
  return { image: slow, isRead: read.promise, goOn: gate.resolve };
}

test("a take that is interrupted leaves nothing, and the ones from before are there", async () => {
  using ground = await fresh();
  await ground.method.take(imageAt(0), { group: "g" });
  const slow = slowImage();
  const control = new AbortController();
  const taking = ground.method.take(slow.image, { group: "g", signal: control.signal });
  await slow.isRead;
  control.abort();
  slow.goOn();
  await assert.rejects(taking, { name: "AbortError" });
  assert.equal(momentsOf(ground.folder).length, 1);
  assert.equal((await ground.method.copy.moments()).length, 1);
});

test("killed at any moment of a take: what is listed is whole, and the next run removes the rest", async () => {
  using ground = await fresh({ rotation: { count: 3, windowMs: 1 } });
  const store = join(ground.folder, "..", "store");
  await stage(imageAt(0, many()), store);
  const program = join(import.meta.dirname, "killed-take.fixture.ts");
  for (const step of [1, 41, 200, 500]) {
    const child = spawn(process.execPath, [program, ground.folder, store, String(step)], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [, signal] = (await once(child, "exit")) as [number | null, string | null];
    assert.equal(signal, "SIGKILL", `step ${step}`);
    for (const point of await ground.method.copy.moments())
      assert.deepEqual((await ground.method.copy.verify(point)).damage, []);
  }
  await using image = imageAt(1);
  const { notes, point } = await ground.method.take(image, { group: "g" });
  assert.match(notes.join(" "), /interrupted run left was removed/);
  const hidden = readdirSync(join(ground.folder, "g")).filter((name) => name.startsWith("."));
  assert.deepEqual(hidden, []);
  const listed = await ground.method.copy.moments("g");
  assert.equal(listed.at(-1)?.id, point.id);
  assert.equal(listed.length, momentsOf(ground.folder).length);
});

function many(): MemoryNodes {
  const messages = Array.from(
    { length: 200 },
    (_, n) => [`cur/${n}`, `From: a\n\n${n}\n`] as const,
  );
  return { ...Object.fromEntries(messages), new: {} };
}

test(
  "a full disk: a clear error, the old ones stay, and nothing half is left",
  { skip: loopSkip("ext4") },
  async () => {
    using filesystem = loopFilesystem("ext4", 24);
    const folder = join(filesystem.folder, "clones");
    await initClones(rawPathFromText(folder));
    const method = methodIn(folder);
    const large = (megabytes: number): MemoryNodes => ({
      ...mail(0),
      "cur/large": Buffer.alloc(megabytes * 1024 * 1024, "mail"),
    });
    const first = (await method.take(imageAt(0, large(8)), { group: "g" })).point;
    await assert.rejects(method.take(imageAt(12, large(64)), { group: "g" }), (error: Error) => {
      assert.equal((error as { code?: string }).code, "methods.replica-full");
      assert.match(error.message, /67108\d+ bytes are to be copied/);
      return true;
    });
    // Nobody knows before that this one does not fit: a second name hides its size.
    await using linked = await linkedStore(join(filesystem.folder, "..", "linked"), large(40));
    await assert.rejects(method.take(linked, { group: "g" }), { code: "methods.replica-full" });
    assert.deepEqual(momentsOf(folder), [first.id.slice(2)]);
    assert.deepEqual((await method.copy.verify(first)).damage, []);
    const { point } = await method.take(imageAt(24, large(1)), { group: "g" });
    assert.equal(point.sequence, 4);
  },
);

async function linkedStore(folder: string, nodes: MemoryNodes): Promise<Image> {
  await stage(imageAt(0, nodes), folder);
  linkSync(join(folder, "cur/large"), join(folder, "new/large"));
  return await openDirectoryImage(rawPathFromText(folder));
}

test("hard links stay links, and files keep mode and time", async () => {
  using ground = await fresh();
  const folder = join(ground.folder, "..", "store");
  await using image = await linkedStore(folder, { ...mail(0), "cur/large": "x".repeat(100) });
  const { point } = await ground.method.take(image, { group: "g" });
  await using opened = await ground.method.copy.open(point);
  const [one, other] = [
    (await opened.list("cur" as RawPath)).entry(1),
    (await opened.list("new" as RawPath)).entry(0),
  ];
  assert.equal(one.inode, other.inode);
  assert.equal(one.links, 2);
});

test("a folder that was moved opens where it is now", async () => {
  using ground = await fresh();
  const { point } = await ground.method.take(imageAt(0), { group: "g" });
  const moved = join(ground.folder, "..", "moved\n");
  renameSync(ground.folder, moved);
  await using image = await methodIn(moved).copy.open(point);
  assert.equal((await image.list(rootPath)).length, 2);
  await assert.rejects(ground.method.copy.open(point), { code: "methods.replica-folder" });
});

test("names of groups are safe, of one group each, and never too long", () => {
  assert.equal(groupFolderName("mx1/all"), "mx1%2fall");
  assert.equal(groupFolderName(".."), "%2e%2e");
  assert.equal(groupFolderName("a%2fb"), "a%252fb");
  assert.ok(groupFolderName("x".repeat(5000)).length < 255);
  assert.notEqual(groupFolderName("x".repeat(5000)), groupFolderName("x".repeat(5001)));
  assert.notEqual(groupFolderName(""), groupFolderName("~"));
  assert.equal(momentName(12, 1_784_815_387_000_000_000n), "00000012-20260723T140307Z");
  assert.equal(sequenceOf(momentName(7, 10n ** 30n)), 7);
  assert.equal(sequenceOf("x" as never), undefined);
});

test("the record of a moment is plain to read, and says what was found", async () => {
  await using ground = await replicaGround(clones, { init: initClones });
  const { point } = await ground.method.take(imageAt(3), { group: "mx1/all", tags: ["t"] });
  const record = JSON.parse(
    readFileSync(join(ground.folder, point.id, "moment.json"), "utf8"),
  ) as Record<string, unknown>;
  assert.equal(record["group"], "mx1/all");
  assert.equal(record["atNs"], String(startNs + 3n * hourNs));
  assert.deepEqual(record["survives"], ["user-error", "corruption", "hardware"]);
  assert.deepEqual(record["tags"], ["t"]);
  assert.ok(existsSync(join(ground.folder, point.id, "listing.gz")));
});
