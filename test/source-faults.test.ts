/** What is wrong with a file or folder of the store is reported with its path; everything else is captured. */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import {
  type Image,
  openDirectoryImage,
  openLiveImage,
  type RawPath,
  rawPathFromText,
  readAll,
} from "#image";
import type { CaptureResult } from "#repository";
import { systemClock } from "#time";
import { contentsOfFolder, contentsOfImage, makeMaildir } from "./support/mail-store.ts";
import { group, hostname, Site } from "./support/recovery-site.ts";
import { runChild } from "./support/start-child.ts";

const nobody = 65_534;
const isRoot = process.getuid?.() === 0;
const message = join("cur", "1700000004.M4P1.mx1:2,S");

async function newSite(): Promise<Site> {
  const site = new Site();
  makeMaildir(site.store);
  await site.init();
  return site;
}

async function captureImage(site: Site, image: Image): Promise<CaptureResult> {
  await using repository = await site.open();
  const path = rawPathFromText(site.store);
  return await repository.capture(image, { path, group, hostname, now: systemClock(), workers: 0 });
}

/** Listed, then changed, then captured. */
async function captureAround(site: Site, change: () => void): Promise<CaptureResult> {
  await using image = await openLiveImage(rawPathFromText(site.store));
  change();
  return await captureImage(site, image);
}

async function contentsOf(site: Site, { snapshot }: CaptureResult): Promise<Map<string, string>> {
  await using repository = await site.open();
  return await contentsOfImage(await repository.image(snapshot));
}

function without(
  contents: ReadonlyMap<string, string>,
  ...paths: readonly string[]
): Map<string, string> {
  return new Map(
    [...contents].filter(
      ([path]) => !paths.some((gone) => path === gone || path.startsWith(`${gone}/`)),
    ),
  );
}

/** An Image some of whose methods are others. The class has private fields: methods keep their own `this`. */
function altered(image: Image, changes: Partial<Image>): Image {
  return new Proxy(image, {
    get(target, key) {
      if (key in changes) return Reflect.get(changes, key) as unknown;
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === "function" ? (value.bind(target) as unknown) : value;
    },
  });
}

const kinds = {
  "a FIFO": (path: string) => spawnSync("mkfifo", [path]),
  "a symbolic link": (path: string) => symlinkSync("/etc/passwd", path),
  "a folder": (path: string) => mkdirSync(path),
} as const;

for (const [kind, make] of Object.entries(kinds)) {
  test(`a file that turns into ${kind} between listing and reading is reported, and the rest is captured`, async () => {
    using site = await newSite();
    const before = contentsOfFolder(site.store);
    const result = await captureAround(site, () => {
      unlinkSync(join(site.store, message));
      make(join(site.store, message));
    });
    assert.deepEqual(
      result.problems.map(({ path, code }) => [path, code]),
      [[message, "changed"]],
    );
    assert.equal(result.partial, true);
    assert.deepEqual(await contentsOf(site, result), without(before, message));
    // What it is now is taken next time.
    const next = await site.capture();
    assert.deepEqual([next.problems, next.partial], [[], false]);
    assert.deepEqual(await contentsOf(site, next), contentsOfFolder(site.store));
  });
}

test("a message that is expunged between listing and reading is reported, and on a store in use no lack", async () => {
  using site = await newSite();
  const result = await captureAround(site, () => unlinkSync(join(site.store, message)));
  assert.deepEqual(
    result.problems.map(({ path, code }) => [path, code]),
    [[message, "vanished"]],
  );
  assert.equal(result.partial, false);
  assert.deepEqual(await contentsOf(site, result), contentsOfFolder(site.store));
});

test("a message that is flagged or moved between listing and reading is captured all the same", async () => {
  using site = await newSite();
  const before = contentsOfFolder(site.store);
  const result = await captureAround(site, () => {
    renameSync(join(site.store, message), join(site.store, `${message}T`));
    const moved = "1700000007.M7P1.mx1:2,S";
    renameSync(
      join(site.store, ".&BB0EMA-", "cur", moved),
      join(site.store, ".Sent", "cur", moved),
    );
  });
  assert.deepEqual([result.problems, result.partial], [[], false]);
  assert.deepEqual(await contentsOf(site, result), before);
});

test("a folder that turns into a file between its parent's listing and its own is reported", async () => {
  using site = await newSite();
  const before = contentsOfFolder(site.store);
  const folder = ".Sent/cur" as RawPath;
  await using still = await openDirectoryImage(rawPathFromText(site.store));
  const image = altered(still, {
    async list(path) {
      const listing = await still.list(path);
      if (path === ".Sent") {
        rmSync(join(site.store, folder), { recursive: true });
        writeFileSync(join(site.store, folder), "not a folder");
      }
      return listing;
    },
  });
  const result = await captureImage(site, image);
  assert.deepEqual(
    result.problems.map(({ path, code }) => [path, code]),
    [[folder, "vanished"]],
  );
  assert.equal(result.partial, true);
  assert.deepEqual(await contentsOf(site, result), without(before, folder));
});

test("the files of a folder that goes away between listing and reading are reported one by one", async () => {
  using site = await newSite();
  const before = contentsOfFolder(site.store);
  const folder = ".Sent/cur";
  const result = await captureAround(site, () => {
    rmSync(join(site.store, folder), { recursive: true });
    writeFileSync(join(site.store, folder), "not a folder");
  });
  const lost = [...before.keys()].filter((path) => path.startsWith(`${folder}/`));
  assert.ok(lost.length > 1);
  assert.deepEqual(
    result.problems.map(({ path, code }) => `${code} ${path}`).toSorted(),
    lost.map((path) => `vanished ${path}`).toSorted(),
  );
  assert.deepEqual(await contentsOf(site, result), without(before, ...lost));
});

test("a file that is cut short in the middle of a read is left out as changed", async () => {
  using site = await newSite();
  const large = join(site.store, "mdbox-log");
  writeFileSync(large, Buffer.alloc(5 * 1024 * 1024, "x"));
  await using still = await openDirectoryImage(rawPathFromText(site.store));
  const image = altered(still, {
    // Not readable by another thread: the bytes come through read().
    local: undefined as never,
    async *read(path, options) {
      for await (const piece of still.read(path, options)) {
        yield piece;
        if (path === "mdbox-log") truncateSync(large, 100);
      }
    },
  });
  const result = await captureImage(site, image);
  assert.deepEqual(
    result.problems.map(({ path, code }) => [path, code]),
    [["mdbox-log", "changed"]],
  );
  assert.equal(result.partial, true);
  assert.deepEqual(
    await contentsOf(site, result),
    without(contentsOfFolder(site.store), "mdbox-log"),
  );
});

test("a file that grows while it is read is stored as it was at some moment, or reported as torn", async () => {
  using site = await newSite();
  const growing = join(site.store, "dovecot.index.log");
  writeFileSync(growing, Buffer.alloc(8 * 1024 * 1024, "0123456789abcdef\n"));
  const script = `const { openSync, writeSync } = require("node:fs"); const file = openSync(process.argv[1], "a");
    process.stdout.write("ready"); for (let line = 0; line < 2e6; line++) writeSync(file, "grown by a line\\n");`;
  const writer = spawn(process.execPath, ["-e", script, growing], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  await once(writer.stdout, "data");
  let result: CaptureResult;
  try {
    result = await site.capture({ atRest: true });
  } finally {
    writer.kill("SIGKILL");
    await once(writer, "exit");
  }
  await using repository = await site.open();
  const image = await repository.image(result.snapshot);
  const stored = await readAll(image, "dovecot.index.log" as RawPath);
  assert.ok(stored.length >= 8 * 1024 * 1024);
  assert.ok(
    readFileSync(growing).subarray(0, stored.length).equals(stored),
    "what is stored was never in the file",
  );
  const listing = await image.list("" as RawPath);
  assert.equal(listing.sizes[listing.indexOf("dovecot.index.log" as never)], stored.length);
  const torn = result.problems.map(({ path, code }) => `${code} ${path}`);
  assert.deepEqual(torn, result.partial ? ["changed dovecot.index.log"] : []);
  // The next capture does not take its word for it.
  const next = await site.capture();
  assert.equal(next.partial, false);
  assert.deepEqual(await contentsOf(site, next), contentsOfFolder(site.store));
});

test("a store whose folder is gone or is no folder is refused, and adds no empty moment", async () => {
  using site = await newSite();
  await site.capture();
  renameSync(site.store, `${site.store}-away`);
  await assert.rejects(site.capture(), { code: "image.not-found" });
  writeFileSync(site.store, "a file");
  await assert.rejects(site.capture(), { code: "image.not-a-folder" });
  await using repository = await site.open();
  assert.equal((await repository.snapshots()).length, 1);
});

test(
  "what may not be read is reported, makes the moment partial, and is taken when it may",
  { skip: ordinaryUserMissing() },
  async () => {
    using site = await newSite();
    const user = isRoot ? { user: nobody } : {};
    const [file, folder, attributes] = [
      join(site.store, message),
      join(site.store, ".Archive.2026", "cur"),
      join(site.store, ".Sent", "cur"),
    ];
    if (isRoot) spawnSync("chown", ["-R", `${nobody}:${nobody}`, site.folder]);
    const before = contentsOfFolder(site.store);
    try {
      chmodSync(file, 0);
      chmodSync(folder, 0);
      // Names may be read there and nothing else.
      chmodSync(attributes, 0o400);
      const { outcome, messages } = await runChild(site, { action: "capture", ...user });
      const result = outcome.result as CaptureResult;
      assert.ok(outcome.result !== undefined, `${JSON.stringify(outcome)} ${messages}`);
      assert.equal(result.partial, true);
      const unread = [...before.keys()].filter((path) => path.startsWith(".Sent/cur/"));
      assert.deepEqual(
        result.problems.map(({ path, code }) => `${path} ${code}`).toSorted(),
        [
          `${message} unreadable`,
          ".Archive.2026/cur unlistable",
          ...unread.map((path) => `${path} unreadable`),
        ].toSorted(),
      );
      await using repository = await site.open();
      const [snapshot] = await repository.snapshots();
      assert.ok(snapshot !== undefined);
      const captured = await contentsOfImage(await repository.image(snapshot));
      assert.deepEqual(captured, without(before, message, ".Archive.2026/cur", ...unread));
    } finally {
      for (const [path, mode] of [
        [file, 0o644],
        [folder, 0o755],
        [attributes, 0o755],
      ] as const)
        chmodSync(path, mode);
    }
    const { outcome } = await runChild(site, { action: "capture", ...user });
    assert.deepEqual([outcome.result?.partial, outcome.result?.problems], [false, []]);
    await using repository = await site.open();
    assert.deepEqual(
      await contentsOfImage(await repository.image((await repository.snapshots()).at(-1) as never)),
      before,
    );
  },
);

test(
  "a store whose top folder may not be listed is refused",
  { skip: ordinaryUserMissing() },
  async () => {
    using site = await newSite();
    if (isRoot) spawnSync("chown", ["-R", `${nobody}:${nobody}`, site.folder]);
    try {
      chmodSync(site.store, 0);
      const { outcome } = await runChild(site, {
        action: "capture",
        ...(isRoot ? { user: nobody } : {}),
      });
      assert.equal(outcome.error?.code, "image.unlistable", JSON.stringify(outcome));
    } finally {
      chmodSync(site.store, 0o755);
    }
  },
);

/** Root may read everything: the capture then runs as nobody, if that one can run the program at all. */
function ordinaryUserMissing(): string | false {
  if (!isRoot) return false;
  const script = join(import.meta.dirname, "support", "repository-child.ts");
  const { status } = spawnSync(
    process.execPath,
    ["-e", "require('node:fs').readFileSync(process.argv[1])", script],
    { uid: nobody, gid: nobody },
  );
  return status === 0 ? false : "the user nobody cannot read this project";
}
