import assert from "node:assert/strict";
import { mkdirSync, readFileSync, readdirSync, rmSync, symlinkSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { MemoryNodes } from "#image";
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

const own = { uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0 };
const tree: MemoryNodes = {
  etc: { type: "directory", mode: 0o750, ...own },
  "etc/dovecot.conf": { bytes: "mail_location = maildir:~/Maildir\n", ...own },
  "etc/secret": { bytes: "secret", ...own },
  "etc/empty": { bytes: "", ...own },
  "etc/link": { linkTarget: "../elsewhere/nothing", ...own },
};

test("names of any bytes come back as they were", async () => {
  using place = ground();
  const names = ["\xff\xfe", "a\nb", "caf\xc3\xa9", " lead", "-rf", "$(x)"];
  await restore(
    imageOf(Object.fromEntries(names.map((name) => [name, { bytes: name, ...own }]))),
    place.target,
  );
  assert.deepEqual(Object.keys(filesOf(place.target)), names.toSorted());
});

test("pipes and devices are reported and not made", async () => {
  using place = ground();
  const result = await restore(
    imageOf({ pipe: { type: "fifo" }, disk: { type: "block-device", device: 2048n } }),
    place.target,
  );
  assert.equal(result.counts.failed, 2);
  assert.deepEqual(contentOf(place.target), {});
});

test("a symbolic link in the target never leads a write out of it", async () => {
  using place = ground();
  const outside = join(place.folder, "outside");
  mkdirSync(outside);
  mkdirSync(place.target);
  symlinkSync(outside, join(place.target, "etc"));
  for (const mode of ["additive", "exact"] as const) {
    const result = await restore(imageOf(tree), place.target, { mode });
    assert.deepEqual(readdirSync(outside), [], mode);
    assert.equal(result.counts.failed, 0);
  }
  assert.equal(readFileSync(join(place.target, "etc/secret"), "utf8"), "secret");
});

test("a symbolic link that comes after the preview leads no write out either", async () => {
  using place = ground();
  const outside = join(place.folder, "outside");
  mkdirSync(outside);
  await lay(place.target, { etc: { type: "directory" } });
  const image = imageOf(tree);
  const preview = await plan(image, place.target);
  rmSync(join(place.target, "etc"), { recursive: true });
  symlinkSync(outside, join(place.target, "etc"));
  const result = await applyRestore(image, preview, { ...clock, unique: uniqueNumbers() });
  assert.deepEqual(readdirSync(outside), []);
  assert.equal(result.counts.failed, 4);
});

test("a symbolic link of the image is restored as a link and nothing is written through it", async () => {
  using place = ground();
  const outside = join(place.folder, "outside");
  mkdirSync(outside);
  const image = imageOf({ cur: { linkTarget: outside }, "new/a": "a" });
  await restore(image, place.target);
  assert.deepEqual(readdirSync(outside), []);
  assert.equal(contentOf(place.target)["cur"], `→${outside}`);
});

test("a target that is reached through a symbolic link is the folder behind it", async () => {
  using place = ground();
  mkdirSync(join(place.folder, "real"));
  symlinkSync("real", place.target);
  const result = await restore(imageOf({ a: "a" }), place.target);
  assert.equal(result.counts.created, 1);
  assert.equal(readFileSync(join(place.folder, "real", "a"), "utf8"), "a");
});

test("leftovers of a killed run are removed, those of a running one and strangers stay", async () => {
  using place = ground();
  await lay(place.target, { ".restante-partial-00000000-1-00000000/x": "of another machine" });
  const alive = `.restante-partial-${"00000000"}-${process.pid}-11111111`;
  await lay(place.target, { [`${alive}/x`]: "young", ".restante-partial-notes": "not ours" });
  const old = join(place.target, ".restante-partial-00000000-1-00000000");
  utimesSync(old, 1000, 1000);
  utimesSync(join(place.target, alive), clock.now() / 1000, clock.now() / 1000);
  await restore(imageOf({ a: "a" }), place.target);
  assert.deepEqual(
    readdirSync(place.target).toSorted(),
    [".restante-partial-notes", alive, "a"].toSorted(),
  );
});

test("an aborted restore ends with the reason and leaves no part behind", async () => {
  using place = ground();
  const controller = new AbortController();
  const nodes = Object.fromEntries(
    Array.from({ length: 2000 }, (_, index) => [`f${index}`, `text ${index}`]),
  );
  const image = imageOf(nodes);
  const preview = await plan(image, place.target);
  const work = applyRestore(image, preview, {
    ...clock,
    unique: uniqueNumbers(),
    signal: controller.signal,
    onProgress: () => controller.abort(new Error("enough")),
  });
  await assert.rejects(work, /enough/);
  assert.deepEqual(
    readdirSync(place.target).filter((name) => name.startsWith(".restante")),
    [],
  );
  for (const [name, text] of Object.entries(filesOf(place.target))) assert.equal(nodes[name], text);
});
