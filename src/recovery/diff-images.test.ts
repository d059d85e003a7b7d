import assert from "node:assert/strict";
import { test } from "node:test";
import { memoryImage, type MemoryNodes, type RawPath, rootPath } from "#image";
import { diffImages, type ImageDifference } from "./diff-images.ts";
import { imageOf, mail, maildir } from "./recovery.fixture.ts";

/** Memory images of equal content have equal fingerprints: another scope makes them be compared. */
const other = (nodes: MemoryNodes) => memoryImage(nodes, { fingerprintScope: "other" });
const shown = (difference: ImageDifference): string =>
  [
    difference.kind,
    "past" in difference ? difference.past : "",
    "now" in difference ? difference.now : "",
  ].join(" ");

test("two moments differ in messages by identity and in everything else by path", async () => {
  const past = imageOf(
    maildir({
      "cur/1.a:2,": mail("one"),
      "cur/2.b:2,": mail("two"),
      "cur/3.c:2,S": mail("three"),
      "cur/4.d:2,": mail("same"),
      "dovecot-keywords": "0 a\n",
      sieve: "keep;",
    }),
  );
  const now = other(
    maildir({
      "cur/1.a:2,S": mail("one"),
      ".Archive/cur/9.z:2,": mail("two"),
      ".Archive/new": { type: "directory" },
      "cur/4.d:2,": mail("same"),
      "cur/5.e:2,": mail("five"),
      "dovecot-keywords": "0 b\n",
      "dovecot-acl": "x",
    }),
  );
  const { counts, differences, messagesCreated, messagesRemoved, warnings } = await diffImages(
    past,
    now,
    { scope: rootPath },
  );
  assert.deepEqual(differences.map(shown).toSorted(), [
    "changed dovecot-keywords dovecot-keywords",
    "created  .Archive",
    "created  .Archive/cur",
    "created  .Archive/new",
    "created  cur/5.e:2,",
    "created  dovecot-acl",
    "flagged cur/1.a:2, cur/1.a:2,S",
    "moved cur/2.b:2, .Archive/cur/9.z:2,",
    "removed cur/3.c:2,S ",
    "removed sieve ",
  ]);
  assert.deepEqual([messagesCreated, messagesRemoved, counts.flagged, counts.moved], [1, 1, 1, 1]);
  assert.deepEqual(warnings, []);
});

test("a moment does not differ from itself, whether by fingerprint or by comparing", async () => {
  const nodes = maildir({
    "cur/1.a:2,": mail("one"),
    "new/2.b": mail("two"),
    sieve: { linkTarget: "x" },
  });
  for (const now of [imageOf(nodes), other(nodes)]) {
    const { differences } = await diffImages(imageOf(nodes), now, { scope: rootPath });
    assert.deepEqual(differences, []);
  }
});

test("a whole mailbox that is new or gone is told message by message", async () => {
  const anna = Object.fromEntries(
    Object.entries(maildir({ "cur/1.a:2,": mail("one") })).map(([path, node]) => [
      `anna/${path}`,
      node,
    ]),
  );
  const gone = await diffImages(imageOf(anna), other({}), { scope: rootPath });
  assert.deepEqual([gone.messagesRemoved, gone.counts.removed], [1, 5]);
  const came = await diffImages(imageOf({}), other(anna), { scope: rootPath });
  assert.deepEqual([came.messagesCreated, came.counts.created], [1, 5]);
  const within = await diffImages(imageOf(anna), other(anna), { scope: "anna" as RawPath });
  assert.deepEqual(within.differences, []);
});

test("a listing that fails is an error and never a difference", async () => {
  const failing = other({ folder: { type: "directory", failure: new Error("EIO: i/o error") } });
  await assert.rejects(diffImages(imageOf({ "folder/a": "a" }), failing, { scope: rootPath }), {
    code: "image.unlistable",
  });
});
