import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { MemoryNodes, RawPath } from "#image";
import { filesOf, ground, imageOf, lay, mail, maildir, plan, restore } from "./recovery.fixture.ts";

const past: MemoryNodes = maildir({
  "cur/100.a.host:2,S": mail("one"),
  "cur/101.b.host:2,": mail("two"),
  "new/102.c.host": mail("three"),
  ".Archive/cur/90.z.host:2,FS": mail("old"),
  ".Archive/new": { type: "directory" },
  ".Archive/tmp": { type: "directory" },
  "dovecot-uidlist": "3 V1 N4 G0123\n",
  subscriptions: "Archive\n",
});

const messagesOf = (folder: RawPath): string[] =>
  Object.keys(filesOf(folder)).filter((path) => /(?:^|\/)(?:cur|new)\//.test(path));

test("exact puts flags back, moves back, removes what is extra into the undo folder", async () => {
  using place = ground();
  await lay(
    place.target,
    maildir({
      "cur/100.a.host:2,RS": mail("one"),
      "cur/102.c.host:2,S": mail("three"),
      "cur/300.new.host:2,": mail("extra"),
      ".Trash/cur/101.b.host:2,T": mail("two"),
      ".Trash/cur/301.new.host:2,": mail("extra too"),
      ".Trash/new": { type: "directory" },
      "dovecot-uidlist": "3 V1 N9 G0123\n",
    }),
  );
  const image = imageOf(past);
  const result = await restore(image, place.target, { mode: "exact" });
  assert.deepEqual(messagesOf(place.target), [
    ".Archive/cur/90.z.host:2,FS",
    "cur/100.a.host:2,S",
    "cur/101.b.host:2,",
    "new/102.c.host",
  ]);
  assert.deepEqual(filesOf(place.target)["dovecot-uidlist"], "3 V1 N9 G0123\n");
  assert.deepEqual(Object.keys(filesOf(result.undoFolder as RawPath)), [
    ".Trash/cur/301.new.host:2,",
    "cur/300.new.host:2,",
  ]);
  assert.equal(result.counts.failed, 0);
  assert.equal(existsSync(join(place.target, ".Trash")), false);
  assert.deepEqual((await plan(image, place.target, { mode: "exact" })).steps, []);
});

test("exact with the server stopped puts the server's files back too", async () => {
  using place = ground();
  await lay(
    place.target,
    maildir({
      "cur/100.a.host:2,S": mail("one"),
      "dovecot-uidlist": "3 V1 N9 G0123\n",
      "dovecot.index.log": "newer",
    }),
  );
  const result = await restore(imageOf(past), place.target, {
    mode: "exact",
    allowServerFiles: true,
  });
  assert.equal(readFileSync(join(place.target, "dovecot-uidlist"), "utf8"), "3 V1 N4 G0123\n");
  assert.equal(existsSync(join(place.target, "dovecot.index.log")), false);
  assert.deepEqual(Object.keys(filesOf(result.undoFolder as RawPath)), [
    "dovecot-uidlist",
    "dovecot.index.log",
  ]);
});

test("exact replaces a message that was scrambled in place under its own name", async () => {
  using place = ground();
  await lay(place.target, maildir({ "cur/100.a.host:2,S": "\x00scrambled" }));
  const image = imageOf(maildir({ "cur/100.a.host:2,S": mail("one") }));
  const result = await restore(image, place.target, { mode: "exact" });
  assert.equal(filesOf(place.target)["cur/100.a.host:2,S"], mail("one"));
  assert.deepEqual(filesOf(result.undoFolder as RawPath), {
    "cur/100.a.host:2,S": "\x00scrambled",
  });
  assert.equal(result.counts.replaced, 1);
});

test("exact gives two messages that have each other's name their own back", async () => {
  using place = ground();
  const folders: MemoryNodes = {
    ".Archive/new": { type: "directory" },
    ".Archive/tmp": { type: "directory" },
  };
  await lay(
    place.target,
    maildir({ ...folders, "cur/1.a:2,": mail("archived"), ".Archive/cur/1.a:2,": mail("inbox") }),
  );
  const image = imageOf(
    maildir({ ...folders, "cur/1.a:2,": mail("inbox"), ".Archive/cur/1.a:2,": mail("archived") }),
  );
  const result = await restore(image, place.target, { mode: "exact" });
  assert.deepEqual(filesOf(place.target), {
    ".Archive/cur/1.a:2,": mail("archived"),
    "cur/1.a:2,": mail("inbox"),
  });
  assert.deepEqual(
    [result.counts.failed, result.counts.conflict, result.counts.deleted],
    [0, 0, 0],
  );
});
