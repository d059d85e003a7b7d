import assert from "node:assert/strict";
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import {
  extendedAttributeSupport,
  type MemoryNodes,
  type RawPath,
  readExtendedAttributes,
  memoryImage,
} from "#image";
import { applyRestore } from "./apply-restore.ts";
import {
  clock,
  contentOf,
  filesOf,
  ground,
  imageOf,
  lay,
  plan,
  restore,
  uniqueNumbers,
} from "./recovery.fixture.ts";

const isRoot = process.geteuid?.() === 0;
const own = { uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0 };
const dated = { mtimeNs: 1_700_000_000_123_456_789n, ...own };
const tree: MemoryNodes = {
  etc: { type: "directory", mode: 0o750, ...dated },
  "etc/dovecot.conf": { bytes: "mail_location = maildir:~/Maildir\n", mode: 0o640, ...dated },
  "etc/secret": { bytes: "secret", mode: 0o600, ...dated },
  "etc/empty": { bytes: "", mode: 0o644, ...dated },
  "etc/link": { linkTarget: "../elsewhere/nothing", ...dated },
  empty: { type: "directory", mode: 0o500, ...dated },
};

test("a folder that is not there is restored whole, with modes and times to the nanosecond", async () => {
  using place = ground();
  const result = await restore(imageOf(tree), place.target);
  assert.deepEqual(contentOf(place.target), {
    etc: "/",
    empty: "/",
    "etc/dovecot.conf": "mail_location = maildir:~/Maildir\n",
    "etc/secret": "secret",
    "etc/empty": "",
    "etc/link": "→../elsewhere/nothing",
  });
  assert.deepEqual(result.counts, {
    created: 6,
    merged: 0,
    moved: 0,
    skipped: 0,
    conflict: 0,
    replaced: 0,
    deleted: 0,
    failed: 0,
  });
  assert.equal(result.filesVerified, 3);
  assert.deepEqual(result.incomplete, []);
  for (const [path, mode] of [
    ["etc", 0o750],
    ["etc/secret", 0o600],
    ["etc/empty", 0o644],
    ["empty", 0o500],
  ] as const) {
    const stats = lstatSync(join(place.target, path), { bigint: true });
    assert.equal(Number(stats.mode) & 0o7777, mode, path);
    assert.equal(stats.mtimeNs, dated.mtimeNs, path);
  }
  assert.equal(lstatSync(join(place.target, "etc/link"), { bigint: true }).mtimeNs, dated.mtimeNs);
});

test("the preview writes nothing and says what the restore then does", async () => {
  using place = ground();
  const image = imageOf(tree);
  const preview = await plan(image, place.target);
  assert.equal(existsSync(place.target), false);
  assert.equal(preview.bytes, "mail_location = maildir:~/Maildir\n".length + "secret".length);
  const result = await applyRestore(image, preview, { ...clock, unique: uniqueNumbers() });
  assert.deepEqual(result.counts, preview.counts);
  assert.equal(result.bytes, preview.bytes);
});

test("restored again, everything is skipped", async () => {
  using place = ground();
  await restore(imageOf(tree), place.target);
  const again = await plan(imageOf(tree), place.target);
  assert.deepEqual(again.steps, []);
  assert.equal(again.counts.skipped, 6);
});

test("additive leaves what differs and what is new, and says so", async () => {
  using place = ground();
  await restore(imageOf(tree), place.target);
  const at = (name: string): string => join(place.target, name);
  writeFileSync(at("etc/secret"), "SECRET");
  chmodSync(at("etc/dovecot.conf"), 0o644);
  unlinkSync(at("etc/link"));
  symlinkSync("/etc/passwd", at("etc/link"));
  writeFileSync(at("etc/new"), "new");
  unlinkSync(at("etc/empty"));
  const before = contentOf(place.target);
  const result = await restore(imageOf(tree), place.target);
  assert.deepEqual(contentOf(place.target), { ...before, "etc/empty": "" });
  assert.deepEqual(
    [result.counts.created, result.counts.merged, result.counts.conflict],
    [1, 1, 2],
  );
  assert.equal(statSync(at("etc/dovecot.conf")).mode & 0o777, 0o644);
});

test("additive does not go through a file that stands where a folder was", async () => {
  using place = ground();
  await lay(place.target, { etc: "a file now" });
  const result = await restore(imageOf(tree), place.target);
  assert.equal(readFileSync(join(place.target, "etc"), "utf8"), "a file now");
  assert.equal(result.counts.conflict, 1);
});

test("exact makes the target what it was and keeps what it removes in the undo folder", async () => {
  using place = ground();
  await restore(imageOf(tree), place.target);
  const at = (name: string): string => join(place.target, name);
  writeFileSync(at("etc/secret"), "SECRET");
  chmodSync(at("etc/dovecot.conf"), 0o644);
  unlinkSync(at("etc/link"));
  mkdirSync(at("etc/link"));
  writeFileSync(at("etc/link/inside"), "inside");
  mkdirSync(at("etc/extra"));
  writeFileSync(at("etc/extra/a"), "a");
  const preview = await plan(imageOf(tree), place.target, { mode: "exact" });
  assert.deepEqual(preview.counts, {
    created: 1,
    merged: 1,
    moved: 0,
    skipped: 3,
    conflict: 0,
    replaced: 1,
    deleted: 4,
    failed: 0,
  });
  const result = await applyRestore(imageOf(tree), preview, { ...clock, unique: uniqueNumbers() });
  assert.deepEqual(result.counts, preview.counts);
  assert.equal(statSync(at("etc/dovecot.conf")).mode & 0o777, 0o640);
  assert.equal(statSync(at("etc")).mode & 0o777, 0o750);
  assert.deepEqual((await plan(imageOf(tree), place.target, { mode: "exact" })).steps, []);
  assert.match(String(result.undoFolder), /\/\.restante-undo-20261123T140307Z$/);
  assert.deepEqual(filesOf(result.undoFolder as RawPath), {
    "etc/extra/a": "a",
    "etc/link/inside": "inside",
    "etc/secret": "SECRET",
  });
});

test("exact is refused where the image is empty, has holes or cannot be listed", async () => {
  using place = ground();
  await lay(place.target, { a: "a" });
  await assert.rejects(plan(imageOf({}), place.target, { mode: "exact" }), {
    code: "restore.image-empty",
  });
  const hole = memoryImage(
    { b: "b" },
    { problems: [{ path: "c" as RawPath, code: "unreadable", message: "It cannot be read." }] },
  );
  await assert.rejects(plan(hole, place.target, { mode: "exact" }), {
    code: "restore.image-incomplete",
  });
  const failing = imageOf({
    b: "b",
    folder: { type: "directory", failure: new Error("EIO: i/o error") },
  });
  await assert.rejects(plan(failing, place.target, { mode: "exact" }), {
    code: "image.unlistable",
  });
  const allowed = await restore(imageOf({}), place.target, { mode: "exact", allowEmpty: true });
  assert.equal(allowed.counts.deleted, 1);
  assert.deepEqual(readdirSync(place.target), []);
});

test("additive reports a folder and a file of the image that cannot be had, and goes on", async () => {
  using place = ground();
  const image = imageOf({
    a: { type: "directory", failure: new Error("EIO: i/o error"), ...own },
    b: { bytes: "lost", failure: new Error("EIO: i/o error"), ...own },
    c: { bytes: "kept", ...own },
  });
  const result = await restore(image, place.target);
  assert.equal(readFileSync(join(place.target, "c"), "utf8"), "kept");
  assert.equal(existsSync(join(place.target, "b")), false);
  assert.equal(result.counts.failed, 2);
  assert.deepEqual(
    result.failures.map(({ path }) => path),
    ["a", "b"],
  );
});

test("a scope is a folder or one file of the image, and it must be there", async () => {
  using place = ground();
  await restore(imageOf(tree), place.target, { scope: "etc" as RawPath });
  assert.deepEqual(readdirSync(place.target).toSorted(), [
    "dovecot.conf",
    "empty",
    "link",
    "secret",
  ]);
  assert.equal(statSync(place.target).mode & 0o777, 0o750);
  rmSync(place.target, { recursive: true });
  await restore(imageOf(tree), place.target, { scope: "etc/secret" as RawPath });
  assert.deepEqual(readdirSync(place.target), ["secret"]);
  await assert.rejects(plan(imageOf(tree), place.target, { scope: "etc/none" as RawPath }), {
    code: "restore.scope-not-found",
  });
  await assert.rejects(plan(imageOf(tree), place.target, { scope: "none/none" as RawPath }), {
    code: "restore.scope-not-found",
  });
});

test("a target that is not an absolute path or not a folder is refused", async () => {
  using place = ground();
  for (const target of ["relative", "/tmp/../etc", "/tmp/./x", "/tmp/a\0b"]) {
    await assert.rejects(plan(imageOf(tree), target as RawPath), {
      code: "restore.target-invalid",
    });
  }
  writeFileSync(place.target, "a file");
  await assert.rejects(plan(imageOf(tree), place.target), { code: "restore.target-invalid" });
});

test("hard links are links again, also when one of them is there already", async () => {
  using place = ground();
  const linked = { bytes: "shared", inode: 7n, deviceId: 1n, links: 3, ...own };
  const image = imageOf({ a: linked, "b/c": linked, d: linked, e: { ...linked, inode: 8n } });
  await restore(image, place.target);
  const inode = (name: string): number => statSync(join(place.target, name)).ino;
  assert.equal(inode("a"), inode("b/c"));
  assert.equal(inode("a"), inode("d"));
  assert.notEqual(inode("a"), inode("e"));
  unlinkSync(join(place.target, "d"));
  await restore(image, place.target);
  assert.equal(inode("a"), inode("d"));
});

test("a link to a file that could not be put back is no link to somebody else's", async () => {
  using place = ground();
  const linked = { bytes: "shared", inode: 7n, deviceId: 1n, links: 2, ...own };
  const image = imageOf({ a: linked, b: linked });
  const preview = await plan(image, place.target);
  await lay(place.target, { a: "somebody else's" });
  const result = await applyRestore(image, preview, { ...clock, unique: uniqueNumbers() });
  assert.deepEqual(filesOf(place.target), { a: "somebody else's", b: "shared" });
  assert.deepEqual([result.counts.created, result.counts.conflict], [1, 1]);
});

test(
  "owners and setuid come back for root",
  { skip: isRoot ? false : "only root gives files away" },
  async () => {
    using place = ground();
    const theirs = { uid: 1234, gid: 2345, mtimeNs: 5n };
    await restore(
      imageOf({
        folder: { type: "directory", mode: 0o2770, ...theirs },
        "folder/tool": { bytes: "x", mode: 0o4755, ...theirs },
        "folder/link": { linkTarget: "tool", ...theirs },
      }),
      place.target,
    );
    for (const [path, mode] of [
      ["folder", 0o2770],
      ["folder/tool", 0o4755],
      ["folder/link", 0o777],
    ] as const) {
      const stats = lstatSync(join(place.target, path));
      assert.deepEqual([stats.uid, stats.gid, stats.mode & 0o7777], [1234, 2345, mode], path);
    }
  },
);

test(
  "extended attributes come back",
  { skip: extendedAttributeSupport() === "none" ? "no support here" : false },
  async (context) => {
    using place = ground(tmpdir());
    const result = await restore(
      imageOf({ a: { bytes: "a", extendedAttributes: { "user.restante": "kept" }, ...own } }),
      place.target,
    );
    if (result.incomplete.length > 0)
      return context.skip("this filesystem has no extended attributes");
    const [attribute] = readExtendedAttributes(`${place.target}/a` as RawPath);
    assert.equal(attribute?.name, "user.restante");
    assert.equal(Buffer.from(attribute.value).toString(), "kept");
  },
);

test("the image's own fast way is used, and what it could not verify is a failure", async () => {
  using place = ground();
  const image = imageOf({ a: "a", b: "b" });
  image.extract = async function* (requests) {
    for (const { path, to } of [...requests].toReversed()) {
      if (path === "b")
        yield {
          path,
          to,
          sizeBytes: 0,
          error: Object.assign(new Error("EIO: it did not read back"), { code: "EIO" }),
        };
      else {
        writeFileSync(to, "by extract", { flag: "wx" });
        yield { path, to, sizeBytes: 10 };
      }
    }
  };
  const result = await restore(image, place.target);
  assert.deepEqual(filesOf(place.target), { a: "by extract" });
  assert.deepEqual([result.counts.created, result.counts.failed, result.filesVerified], [1, 1, 1]);
});

test("two files of the target that are one stay one when exact replaces neither", async () => {
  using place = ground();
  await lay(place.target, { a: "same" });
  linkSync(join(place.target, "a"), join(place.target, "b"));
  const both = { bytes: "same", inode: 3n, links: 2, ...own };
  const preview = await plan(imageOf({ a: both, b: both }), place.target);
  assert.equal(preview.counts.created, 0);
});
