import assert from "node:assert/strict";
import { mkdirSync, statSync, symlinkSync, writeFileSync, rmdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { type Image, type MemoryNodes, type RawPath, rawPathToBytes } from "#image";
import { withoutRootRights } from "../files/unprivileged.fixture.ts";
import { applyRestore } from "./apply-restore.ts";
import {
  clock,
  filesOf,
  ground,
  imageOf,
  plan,
  restore,
  uniqueNumbers,
} from "./recovery.fixture.ts";

const isRoot = process.geteuid?.() === 0;
const dated = { mtimeNs: 1_700_000_000_123_456_789n };
const own = { uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0 };

/** Restores while something happens to the target after the preview, just before the first file is read. */
async function restoreWhile(image: Image, target: RawPath, happens: () => void) {
  const made = await plan(image, target);
  const read = image.read.bind(image);
  let isFirst = true;
  image.read = (path, options) => {
    if (isFirst) happens();
    isFirst = false;
    return read(path, options);
  };
  return await applyRestore(image, made, { ...clock, unique: uniqueNumbers() });
}

const store: MemoryNodes = {
  cur: { type: "directory", mode: 0o710, ...dated, ...own },
  "cur/a": { bytes: "a", mode: 0o640, ...dated, ...own },
  "cur/b": { bytes: "b", mode: 0o600, ...dated, ...own },
  "new/c": { bytes: "c", mode: 0o600, ...dated, ...own },
};

test("a folder in which somebody puts a file meanwhile keeps it, and gets ours beside it", async () => {
  using place = ground();
  const result = await restoreWhile(imageOf(store), place.target, () => {
    writeFileSync(join(place.target, "cur", "a"), "theirs");
    writeFileSync(join(place.target, "cur", "d"), "theirs too");
  });
  assert.deepEqual(filesOf(place.target), {
    "cur/a": "theirs",
    "cur/b": "b",
    "cur/d": "theirs too",
    "new/c": "c",
  });
  assert.equal(result.counts.conflict, 1);
  assert.equal(result.counts.failed, 0);
  const { mode, mtimeNs } = statSync(join(place.target, "cur"), { bigint: true });
  assert.deepEqual([Number(mode) & 0o7777, mtimeNs], [0o710, dated.mtimeNs]);
});

test("a folder that is replaced by a symbolic link meanwhile is not written through", async () => {
  using place = ground();
  const elsewhere = join(place.folder, "elsewhere");
  mkdirSync(elsewhere);
  const result = await restoreWhile(imageOf(store), place.target, () => {
    rmdirSync(join(place.target, "cur"));
    symlinkSync(elsewhere, join(place.target, "cur"));
  });
  assert.deepEqual(filesOf(elsewhere as RawPath), {});
  assert.equal(filesOf(place.target)["new/c"], "c");
  assert.ok(result.counts.failed > 0);
});

test("a folder that is moved away meanwhile leaves nothing unsaid", async () => {
  using place = ground();
  const result = await restoreWhile(imageOf(store), place.target, () => {
    renameSync(join(place.target, "cur"), join(place.target, "other"));
  });
  // The name is free again: the folder comes into place as it was.
  assert.deepEqual(filesOf(place.target), { "cur/a": "a", "cur/b": "b", "new/c": "c" });
  assert.equal(result.counts.failed + result.counts.conflict, 0);
});

test("names of any bytes come into place with their folder", async () => {
  using place = ground();
  const nodes: MemoryNodes = {
    "\xff\xfe folder/\xe9\x01": { bytes: "x", ...own },
    "\xff\xfe folder/:2,S": { bytes: "y", ...own },
    "\xff\xfe folder/sub/\xc3\xa4": { bytes: "z", ...own },
  };
  const result = await restore(imageOf(nodes), place.target);
  assert.deepEqual(filesOf(place.target), {
    "\xff\xfe folder/:2,S": "y",
    "\xff\xfe folder/sub/\xc3\xa4": "z",
    "\xff\xfe folder/\xe9\x01": "x",
  });
  assert.equal(result.filesVerified, 3);
});

test("hard links between folders that come into place as a whole are links again", async () => {
  using place = ground();
  const both = { bytes: "same", inode: 7n, links: 2, ...own };
  await restore(imageOf({ "one/a": both, "two/b": both, "two/c": "c" }), place.target);
  const of = (path: string): bigint => statSync(join(place.target, path), { bigint: true }).ino;
  assert.equal(of("one/a"), of("two/b"));
  assert.notEqual(of("two/c"), of("two/b"));
});

const attributesOf = (path: RawPath) => {
  const { mode, uid, gid, mtimeNs } = statSync(rawPathToBytes(path), { bigint: true });
  return { mode: Number(mode) & 0o7777, uid: Number(uid), gid: Number(gid), mtimeNs };
};

test(
  "root gives folders and files of a whole folder to their owners",
  { skip: isRoot ? false : "only root gives files away" },
  async () => {
    using place = ground();
    const theirs = { uid: 4711, gid: 4712, ...dated };
    await restore(
      imageOf({
        box: { type: "directory", mode: 0o2750, ...theirs },
        "box/a": { bytes: "a", mode: 0o4640, ...theirs },
      }),
      place.target,
    );
    assert.deepEqual(attributesOf(`${place.target}/box` as RawPath), { mode: 0o2750, ...theirs });
    assert.deepEqual(attributesOf(`${place.target}/box/a` as RawPath), { mode: 0o4640, ...theirs });
  },
);

test("a plain user restores to folders of its own, and is told once that owners stay behind", async () => {
  using place = ground();
  await withoutRootRights([place.folder], async () => {
    const strangers = { uid: 4711, gid: 4712, ...dated };
    const result = await restore(
      imageOf({
        box: { type: "directory", mode: 0o550, ...strangers },
        "box/a": { bytes: "a", mode: 0o6440, ...strangers },
        "box/b": { bytes: "b", mode: 0o400, ...strangers },
      }),
      place.target,
    );
    assert.deepEqual(filesOf(place.target), { "box/a": "a", "box/b": "b" });
    const { mode, uid, mtimeNs } = attributesOf(`${place.target}/box/a` as RawPath);
    // setuid must not outlive the change of owner.
    assert.deepEqual([mode, uid, mtimeNs], [0o440, process.geteuid?.(), dated.mtimeNs]);
    assert.equal(attributesOf(`${place.target}/box` as RawPath).mode, 0o550);
    assert.equal(result.incomplete.filter(({ message }) => message.includes("root")).length, 1);
  });
});
