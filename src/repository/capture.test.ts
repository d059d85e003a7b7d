/** Captures of a real folder: what is read again, what is taken over, and that what comes out is what was there. */
import assert from "node:assert/strict";
import {
  globSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { openDirectoryImage, readAll, type RawPath, rawPathFromText, walkImage } from "#image";
import type { Storage } from "#storage";
import { openRepository } from "./open-repository.ts";
import type { CaptureOptions, CaptureResult, Repository } from "./repository.ts";
import { quickRepository } from "./repository.fixture.ts";

const password = "geheim";

type Scene = {
  readonly storage: Storage;
  readonly repository: Repository;
  readonly write: (path: string, text: string) => void;
  readonly at: (path: string) => string;
  readonly capture: (options?: Partial<CaptureOptions>) => Promise<CaptureResult>;
  /** Path → text of the latest snapshot. */
  readonly content: () => Promise<Record<string, string>>;
};

async function openScene(context: TestContext): Promise<Scene> {
  const folder = mkdtempSync(join(tmpdir(), "restante-capture-"));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  const store = join(folder, "store");
  mkdirSync(store);
  const storage = await quickRepository(password);
  const repository = await openRepository(storage, {
    password,
    cacheFolder: join(folder, "cache"),
  });
  const at = (path: string): string => join(store, path);
  // An hour later than it is: nothing that the test writes is too recent to be trusted.
  const now = (): bigint => BigInt(Date.now() + 3_600_000) * 1_000_000n;
  return {
    storage,
    repository,
    at,
    write(path, text) {
      mkdirSync(dirname(at(path)), { recursive: true });
      writeFileSync(at(path), text);
    },
    async capture(options = {}) {
      await using image = await openDirectoryImage(rawPathFromText(store), { clock: now });
      const fixed = { path: rawPathFromText(store), group: "g", hostname: "mx1", workers: 0, now };
      return await repository.capture(image, { ...fixed, ...options });
    },
    async content() {
      await using image = await repository.image((await repository.snapshots()).at(-1)!);
      const found: Record<string, string> = {};
      for await (const { path, entry } of walkImage(image, "" as RawPath)) {
        if (entry.type === "file") found[path] = Buffer.from(await readAll(image, path)).toString();
      }
      return found;
    },
  };
}

const counts = ({
  filesNew,
  filesChanged,
  filesUnmodified,
  filesRenamed,
}: CaptureResult): number[] => [filesNew, filesChanged, filesUnmodified, filesRenamed];

const first = "From: a\r\n\r\nfirst";
const second = "From: b\r\n\r\nother";

test("an unchanged store is not read again, and its trees are the same", async (context) => {
  const { write, capture } = await openScene(context);
  write("cur/1.A:2,", first);
  write("cur/2.B:2,", second);
  const before = await capture();
  assert.deepEqual([counts(before), before.bytesRead], [[2, 0, 0, 0], 32]);
  const after = await capture();
  assert.deepEqual([counts(after), after.bytesRead, after.partial], [[0, 0, 2, 0], 0, false]);
});

test("where nothing changed the scan cache stays as it is, and serves again after a change", async (context) => {
  const { write, capture, at } = await openScene(context);
  write("cur/1.A:2,", first);
  write("sub/cur/2.B:2,", second);
  await capture();
  const cache = join(dirname(at(".")), "cache");
  const scanFile = (): string => {
    const [path] = globSync("*/scan/*", { cwd: cache }).filter((one) => !one.endsWith(".later"));
    return `${path} ${lstatSync(join(cache, path!), { bigint: true }).ino}`;
  };
  const before = scanFile();
  for (let time = 0; time < 3; time++) assert.deepEqual(counts(await capture()), [0, 0, 2, 0]);
  assert.equal(scanFile(), before);
  write("cur/3.C:2,", "third");
  assert.deepEqual(counts(await capture()), [1, 0, 2, 0]);
  assert.notEqual(scanFile(), before);
  rmSync(at("sub"), { recursive: true });
  assert.deepEqual(counts(await capture()), [0, 0, 2, 0]);
  const again = await capture();
  assert.deepEqual([counts(again), again.bytesRead], [[0, 0, 2, 0], 0]);
});

test("flags, deliveries into cur and moves between mailboxes read nothing", async (context) => {
  const { write, capture, content, at } = await openScene(context);
  write("cur/1.A:2,", first);
  write("new/2.B", second);
  write(".Archive/cur/3.C:2,S", "third");
  await capture();
  renameSync(at("cur/1.A:2,"), at("cur/1.A:2,S"));
  renameSync(at("new/2.B"), at("cur/2.B:2,"));
  renameSync(at(".Archive"), at(".Archive.2026"));
  const result = await capture();
  assert.deepEqual([counts(result), result.bytesRead], [[0, 0, 0, 3], 0]);
  assert.deepEqual(await content(), {
    ".Archive.2026/cur/3.C:2,S": "third",
    "cur/1.A:2,S": first,
    "cur/2.B:2,": second,
  });
});

test("a message that reuses inode, size and mtime of one expunged is read", async (context) => {
  const { write, capture, content, at } = await openScene(context);
  write("cur/1.A:2,", first);
  utimesSync(at("cur/1.A:2,"), 1_700_000_000, 1_700_000_000);
  await capture();
  const { ino } = statSync(at("cur/1.A:2,"));
  // Renamed and rewritten: what an inode's reuse looks like, without depending on the filesystem to do it.
  renameSync(at("cur/1.A:2,"), at("cur/2.B:2,"));
  writeFileSync(at("cur/2.B:2,"), second);
  utimesSync(at("cur/2.B:2,"), 1_700_000_000, 1_700_000_000);
  assert.equal(statSync(at("cur/2.B:2,")).ino, ino);
  const result = await capture();
  assert.equal(result.bytesRead, second.length);
  assert.deepEqual(await content(), { "cur/2.B:2,": second });
});

test("a file rewritten in place with its mtime set back is read", async (context) => {
  const { write, capture, content, at } = await openScene(context);
  write("mbox", first);
  write("cur/1.A:2,", first);
  for (const path of ["mbox", "cur/1.A:2,"]) utimesSync(at(path), 1_700_000_000, 1_700_000_000);
  await capture();
  for (const path of ["mbox", "cur/1.A:2,"]) {
    writeFileSync(at(path), second);
    utimesSync(at(path), 1_700_000_000, 1_700_000_000);
  }
  const result = await capture();
  assert.deepEqual(counts(result), [0, 2, 0, 0]);
  assert.deepEqual(await content(), { "cur/1.A:2,": second, mbox: second });
});

test("a file that changed just before it was captured is read again next time", async (context) => {
  const { write, capture, at } = await openScene(context);
  write("index.log", first);
  const { ctimeMs } = statSync(at("index.log"));
  const now = (): bigint => BigInt(Math.floor(ctimeMs)) * 1_000_000n;
  await capture({ now });
  const result = await capture({ now });
  assert.deepEqual(counts(result), [0, 1, 0, 0]);
});

test("full reads everything again, and stores nothing twice", async (context) => {
  const { write, capture } = await openScene(context);
  write("cur/1.A:2,", first);
  await capture();
  const result = await capture({ full: true });
  assert.equal(result.bytesRead, first.length);
  assert.ok(result.bytesAdded < 3000);
});

test("removed files and folders are gone from the next moment and stay in the earlier one", async (context) => {
  const { write, capture, content, at, repository } = await openScene(context);
  write("cur/1.A:2,", first);
  write("old/cur/2.B:2,", second);
  const before = await capture();
  unlinkSync(at("cur/1.A:2,"));
  rmSync(at("old"), { recursive: true });
  await capture();
  assert.deepEqual(await content(), {});
  await using image = await repository.image(before.snapshot);
  assert.equal(Buffer.from(await readAll(image, "old/cur/2.B:2," as RawPath)).toString(), second);
});

test("what a prune took is stored again although the scan knows it", async (context) => {
  const { write, capture, content, storage, repository } = await openScene(context);
  write("cur/1.A:2,", first);
  await capture();
  // As after `restic forget --prune` of everything.
  await repository.removeSnapshots((await repository.snapshots()).map(({ id }) => id));
  for (const type of ["index", "data"] as const) {
    for await (const { name } of storage.list(type)) await storage.remove({ type, name });
  }
  await capture();
  assert.deepEqual(await content(), { "cur/1.A:2,": first });
  assert.deepEqual((await repository.verify({ readData: true })).findings, []);
});

test("many files through threads come out as they went in", async (context) => {
  const { write, capture, content, repository, at } = await openScene(context);
  const expected: Record<string, string> = {};
  // Many folders at once: their trees are stored while others are still walked.
  for (let n = 0; n < 1500; n++) {
    const path = `.box${n % 500}/cur/${n}.M:2,`;
    expected[path] = `Subject: ${n}\r\n\r\n${"text ".repeat(n % 300)}`;
    write(path, expected[path]);
  }
  const result = await capture({ workers: 2 });
  assert.deepEqual([result.filesNew, result.partial], [1500, false]);
  assert.deepEqual(await content(), expected);
  assert.deepEqual((await repository.verify({ readData: true })).findings, []);
  assert.equal(readFileSync(at(".box1/cur/1.M:2,"), "utf8"), expected[".box1/cur/1.M:2,"]);
});

for (const workers of [0, 2]) {
  test(`what the repository has is not stored again, nor a blob twice, with ${workers} threads`, async (context) => {
    const { write, capture, content, at, repository } = await openScene(context);
    const expected: Record<string, string> = { ".a/cur/1.A:2,S": first };
    write(".a/cur/1.A:2,", first);
    for (let n = 0; n < 600; n++) {
      const path = `.z/cur/${n}.M:2,`;
      expected[path] = `Subject: ${n}\r\n\r\n`;
      write(path, expected[path]);
    }
    await capture();
    // A tree for this thread alone, before there is work for others; then files that must be read.
    renameSync(at(".a/cur/1.A:2,"), at(".a/cur/1.A:2,S"));
    for (let n = 0; n < 600; n++) utimesSync(at(`.z/cur/${n}.M:2,`), n, n);
    // The same bytes twice, in two batches, and not in the repository before.
    for (const path of [".b/cur/1.B:2,", ".zz/cur/1.B:2,"]) write(path, (expected[path] = second));
    const result = await capture({ workers });
    assert.deepEqual(counts(result), [2, 600, 0, 1]);
    // The manifest, and the one message that is new.
    assert.equal(result.snapshot.summary?.dataBlobs, 2);
    assert.deepEqual(await content(), expected);
    assert.deepEqual((await repository.verify({ readData: true })).findings, []);
  });
}

test("an aborted capture leaves no snapshot and no lock, and the next one works", async (context) => {
  const { write, capture, content, repository, storage } = await openScene(context);
  write("cur/1.A:2,", first);
  const stop = new AbortController();
  const stopping = capture({
    signal: stop.signal,
    onProgress: () => stop.abort(new RangeError("stop")),
  });
  await assert.rejects(stopping, { message: "stop" });
  assert.deepEqual(await repository.snapshots(), []);
  for await (const { name } of storage.list("lock")) assert.fail(name);
  await capture();
  assert.deepEqual(await content(), { "cur/1.A:2,": first });
});
