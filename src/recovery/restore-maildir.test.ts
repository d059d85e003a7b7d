import assert from "node:assert/strict";
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { MemoryNodes, RawPath } from "#image";
import { applyRestore } from "./apply-restore.ts";
import {
  clock,
  filesOf,
  ground,
  imageOf,
  lay,
  mail,
  maildir,
  plan,
  restore,
  uniqueNumbers,
} from "./recovery.fixture.ts";

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

test("messages that are there under another name or in another folder are moved, not missing", async () => {
  using place = ground();
  await lay(
    place.target,
    maildir({
      "cur/100.a.host:2,RS": mail("one"),
      "cur/102.c.host:2,S": mail("three"),
      ".Archive/cur/200.q.host:2,S": mail("two"),
      ".Archive/cur/90.z.host:2,FS": mail("old"),
      ".Archive/new": { type: "directory" },
      "dovecot-uidlist": "3 V1 N9 G0123\n",
    }),
  );
  const before = messagesOf(place.target);
  const preview = await plan(imageOf(past), place.target);
  assert.deepEqual(preview.mailboxes, [""]);
  assert.deepEqual(
    preview.steps
      .flatMap((step) => (step.kind === "moved" ? [`${step.to} → ${step.at}`] : []))
      .toSorted(),
    [
      "cur/100.a.host:2,S → cur/100.a.host:2,RS",
      "cur/101.b.host:2, → .Archive/cur/200.q.host:2,S",
      "new/102.c.host → cur/102.c.host:2,S",
    ],
  );
  const result = await applyRestore(imageOf(past), preview, { ...clock, unique: uniqueNumbers() });
  assert.equal(result.counts.moved, 3);
  assert.deepEqual(messagesOf(place.target), before);
  assert.equal(readFileSync(join(place.target, "subscriptions"), "utf8"), "Archive\n");
});

test("a missing message comes back under its own name, into its own folder, with its flags", async () => {
  using place = ground();
  await lay(
    place.target,
    maildir({ "cur/101.b.host:2,": mail("two"), "dovecot-uidlist": "3 V1 N9 G0123\n" }),
  );
  const result = await restore(imageOf(past), place.target);
  assert.deepEqual(messagesOf(place.target), [
    ".Archive/cur/90.z.host:2,FS",
    "cur/100.a.host:2,S",
    "cur/101.b.host:2,",
    "new/102.c.host",
  ]);
  assert.equal(result.filesVerified, 4);
  assert.equal(readFileSync(join(place.target, "dovecot-uidlist"), "utf8"), "3 V1 N9 G0123\n");
  const again = await plan(imageOf(past), place.target);
  assert.deepEqual([again.counts.created, again.counts.moved], [0, 0]);
});

test("the same message with another delivery trace and other line ends is the same message", async () => {
  using place = ground();
  const traced = `Return-Path: <x@example.org>\r\nDelivered-To: b@example.org\r\n${mail("one").replaceAll("\n", "\r\n")}`;
  await lay(place.target, maildir({ "cur/777.other.host:2,": traced }));
  const preview = await plan(imageOf(maildir({ "cur/100.a.host:2,S": mail("one") })), place.target);
  assert.deepEqual([preview.counts.created, preview.counts.moved], [0, 1]);
});

test("of two equal messages one is missing when there is one now", async () => {
  using place = ground();
  await lay(place.target, maildir({ "cur/5.x.host:2,F": mail("twin") }));
  const image = imageOf(
    maildir({ "cur/1.a.host:2,": mail("twin"), "cur/2.b.host:2,S": mail("twin") }),
  );
  const result = await restore(image, place.target);
  assert.deepEqual([result.counts.created, result.counts.moved], [1, 1]);
  assert.equal(messagesOf(place.target).length, 2);
  assert.equal((await plan(image, place.target)).counts.created, 0);
});

test("a message listed twice by a walk of a living store is one message", async () => {
  using place = ground();
  await lay(place.target, maildir({}));
  const image = imageOf(
    maildir({
      "cur/1.a.host:2,": mail("one"),
      "cur/1.a.host:2,S": mail("one"),
      "new/1.a.host": mail("one"),
    }),
  );
  const result = await restore(image, place.target);
  assert.equal(result.counts.created, 1);
});

test("a name that is taken by another message is not used again; sizes in the name stay", async () => {
  using place = ground();
  await lay(place.target, maildir({ "cur/100.a.host,S=12:2,": mail("scrambled") }));
  const result = await restore(
    imageOf(maildir({ "cur/100.a.host,S=12:2,FS": mail("one") })),
    place.target,
  );
  assert.equal(result.counts.created, 1);
  const [kept, put] = messagesOf(place.target).toSorted();
  assert.equal(kept, "cur/100.a.host,S=12:2,");
  assert.match(String(put), /^cur\/[0-9]+\.M1\.restante,S=12:2,FS$/);
  assert.equal(filesOf(place.target)[String(put)], mail("one"));
});

test("keyword letters are those of the folder now; an unknown keyword is left out and said", async () => {
  using place = ground();
  await lay(place.target, maildir({ "dovecot-keywords": "0 Junk\n1 $Label1\n" }));
  const image = imageOf(
    maildir({ "dovecot-keywords": "0 $Label1\n1 Todo\n", "cur/1.a.host:2,Sab": mail("one") }),
  );
  const preview = await plan(image, place.target);
  const [step] = preview.steps.filter(({ kind }) => kind === "create");
  assert.equal(step?.to, "cur/1.a.host:2,Sb");
  assert.match(String(step?.kind === "create" && step.note), /Todo/);
});

test("the server's own files are never written where the server lives, and come along where nothing is", async () => {
  using place = ground();
  const image = imageOf({
    ...past,
    "dovecot.index.log": "log",
    ".Archive/dovecot-uidlist": "3 V2 N9 G0456\n",
    ".Archive/dovecot.index.cache": "cache",
  });
  await lay(place.target, maildir({}));
  await restore(image, place.target);
  assert.equal(existsSync(join(place.target, "dovecot-uidlist")), false);
  assert.equal(existsSync(join(place.target, "dovecot.index.log")), false);
  assert.equal(existsSync(join(place.target, ".Archive/dovecot-uidlist")), true);
  assert.equal(existsSync(join(place.target, ".Archive/dovecot.index.cache")), false);
  using empty = ground();
  await restore(image, empty.target);
  assert.equal(existsSync(join(empty.target, "dovecot-uidlist")), true);
  assert.equal(existsSync(join(empty.target, "dovecot.index.log")), true);
});

test("a folder of a mailbox is restored with the whole mailbox in view", async () => {
  using place = ground();
  await lay(
    place.target,
    maildir({
      "cur/90.z.host:2,S": mail("old"),
      ".Archive": { type: "directory" },
      ".Archive/cur": { type: "directory" },
      ".Archive/new": { type: "directory" },
      ".Archive/tmp": { type: "directory" },
    }),
  );
  const image = imageOf(past);
  const target = `${place.target}/.Archive` as RawPath;
  const preview = await plan(image, target, { scope: ".Archive" as RawPath });
  assert.deepEqual([preview.counts.created, preview.counts.moved], [0, 1]);
  assert.equal(
    preview.steps.find(({ kind }) => kind === "moved")?.to,
    ".Archive/cur/90.z.host:2,FS",
  );
});

test("a folder that is gone is found to be gone from a mailbox that lives", async () => {
  using place = ground();
  await lay(place.target, maildir({ "cur/90.z.host:2,S": mail("old") }));
  const image = imageOf({ ...past, ".Archive/cur/91.y.host:2,": mail("older") });
  const result = await restore(image, `${place.target}/.Archive` as RawPath, {
    scope: ".Archive" as RawPath,
  });
  assert.deepEqual(messagesOf(place.target), [".Archive/cur/91.y.host:2,", "cur/90.z.host:2,S"]);
  assert.deepEqual([result.counts.moved, result.counts.failed], [1, 0]);
  assert.deepEqual(readdirSync(join(place.target, ".Archive")).toSorted(), ["cur", "new", "tmp"]);
});

test("of two equal messages in two folders the one that is there belongs to its own folder", async () => {
  using place = ground();
  const image = imageOf(
    maildir({
      "cur/1.a.host:2,": mail("twin"),
      ".Archive/cur/2.b.host:2,": mail("twin"),
      ".Archive/new": { type: "directory" },
    }),
  );
  await lay(
    place.target,
    maildir({
      "cur/1.a.host:2,S": mail("twin"),
      ".Archive/cur": { type: "directory" },
      ".Archive/new": { type: "directory" },
    }),
  );
  const result = await restore(image, `${place.target}/.Archive` as RawPath, {
    scope: ".Archive" as RawPath,
  });
  assert.equal(result.counts.created, 1);
  assert.deepEqual(messagesOf(place.target), [".Archive/cur/2.b.host:2,", "cur/1.a.host:2,S"]);
});

test("one message is restored to the folder that it came from, once", async () => {
  using place = ground();
  await lay(place.target, maildir({}));
  const image = imageOf(past);
  const options = { scope: "cur/100.a.host:2,S" as RawPath };
  const target = `${place.target}/cur` as RawPath;
  assert.equal((await restore(image, target, options)).counts.created, 1);
  assert.deepEqual(messagesOf(place.target), ["cur/100.a.host:2,S"]);
  const again = await restore(image, target, options);
  assert.deepEqual([again.counts.created, again.counts.skipped], [0, 1]);
});

test("a server with many mailboxes matches each by itself", async () => {
  using place = ground();
  const both = (name: string, nodes: MemoryNodes): MemoryNodes =>
    Object.fromEntries(
      Object.entries(maildir(nodes)).map(([path, node]) => [`${name}/${path}`, node]),
    );
  const image = imageOf({
    ...both("anna", { "cur/1.a.host:2,": mail("both") }),
    ...both("ben", { "cur/2.b.host:2,": mail("both") }),
  });
  await lay(place.target, {
    ...both("anna", { "cur/1.a.host:2,S": mail("both") }),
    ...both("ben", {}),
  });
  const result = await restore(image, place.target);
  assert.deepEqual(messagesOf(place.target), ["anna/cur/1.a.host:2,S", "ben/cur/2.b.host:2,"]);
  assert.deepEqual([result.counts.created, result.counts.moved], [1, 1]);
});

test("a message that comes back between preview and restore is not put back twice", async () => {
  using place = ground();
  await lay(place.target, maildir({}));
  const image = imageOf(maildir({ "cur/1.a.host:2,": mail("one") }));
  const preview = await plan(image, place.target);
  writeFileSync(join(place.target, "cur/1.a.host:2,S"), mail("one"));
  const result = await applyRestore(image, preview, { ...clock, unique: uniqueNumbers() });
  assert.deepEqual([result.counts.created, result.counts.moved], [0, 1]);
  assert.deepEqual(messagesOf(place.target), ["cur/1.a.host:2,S"]);
});

test("a message that is renamed while the mailbox is compared is found again", async () => {
  using place = ground();
  await lay(
    place.target,
    maildir({ "cur/1.a.host:2,": mail("one"), "cur/2.b.host:2,": mail("two") }),
  );
  const image = imageOf(
    maildir({ "cur/1.a.host:2,": mail("one"), "cur/2.b.host:2,": mail("two") }),
  );
  const read = image.read.bind(image);
  image.read = (path, options) => {
    // The first look at the copy comes after the living mailbox was listed.
    if (existsSync(join(place.target, "cur/2.b.host:2,"))) {
      renameSync(join(place.target, "cur/2.b.host:2,"), join(place.target, "cur/2.b.host:2,S"));
    }
    return read(path, options);
  };
  const preview = await plan(image, place.target);
  assert.deepEqual(
    [preview.counts.created, preview.counts.moved, preview.counts.skipped > 0],
    [0, 1, true],
  );
});

test("hostile links in a mailbox lead nowhere", async () => {
  using place = ground();
  const outside = join(place.folder, "outside");
  mkdirSync(outside);
  writeFileSync(join(outside, "1.x.host:2,"), mail("not theirs"));
  await lay(place.target, maildir({}));
  symlinkSync(outside, join(place.target, ".Archive"));
  const result = await restore(imageOf(past), place.target);
  assert.deepEqual(readdirSync(outside), ["1.x.host:2,"]);
  assert.equal(result.counts.conflict, 1);
  assert.equal(result.counts.failed, 1);
  assert.equal(statSync(join(place.target, "cur/100.a.host:2,S")).isFile(), true);
});

test("what cannot be read from the copy is a failure and never a silent gap", async () => {
  using place = ground();
  await lay(place.target, maildir({}));
  const image = imageOf(
    maildir({
      "cur/1.a.host:2,": { bytes: mail("one"), failure: new Error("EIO: i/o error") },
      "cur/2.b.host:2,": mail("two"),
    }),
  );
  const result = await restore(image, place.target);
  assert.deepEqual([result.counts.created, result.counts.failed], [1, 1]);
});
