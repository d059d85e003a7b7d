import assert from "node:assert/strict";
import { test } from "node:test";
import {
  memoryImage,
  parseServerFacts,
  type RawPath,
  type ServerFacts,
  serverFactsJson,
} from "#image";
import { openAccountsAround, openMailStore } from "../open-mail-store.ts";
import { placesByFacts } from "./account-places.ts";

const path = (text: string): RawPath => text as RawPath;

const facts: ServerFacts = {
  server: "dovecot",
  root: "/srv",
  places: [
    { mail: "/srv/mail/%d/%n/mdbox", index: "/srv/index/%u", alt: "/archive/%u" },
    { mail: "/srv/mail/%d/%n", control: "/srv/control/%d/%1n/%n", attachments: "/srv/attach" },
  ],
};

test("an account's places are those of the first template that its folder fits", () => {
  const placesOf = placesByFacts(facts);
  assert.deepEqual(placesOf(path("mail/example.org/ann/mdbox")), {
    index: "index/ann@example.org",
  });
  assert.deepEqual(placesOf(path("mail/example.org/ann")), {
    control: "control/example.org/a/ann",
    attachments: "attach",
  });
  assert.equal(placesOf(path("mail/example.org")), undefined);
  assert.equal(placesOf(path("index/ann@example.org")), undefined);
});

test("names that are not ASCII, and folders that lead astray, are held apart", () => {
  const text = (raw: string): RawPath => Buffer.from(raw).toString("latin1") as RawPath;
  const placesOf = placesByFacts({
    ...facts,
    root: "/",
    places: [{ mail: "/müll/%n", index: "/i/%n/../x", control: "/c/%n" }],
  });
  assert.deepEqual(placesOf(text("müll/jürgen")), { control: text("c/jürgen") });
  assert.deepEqual(placesOf(text("müll/..")), {});
});

test("an Image of one account alone is told by where it lay", () => {
  const placesOf = placesByFacts({ ...facts, root: "/srv/mail/example.org/ann" });
  assert.deepEqual(placesOf(path("")), {});
  const whole = placesByFacts({ ...facts, root: "/" });
  assert.deepEqual(whole(path("srv/mail/example.org/ann/mdbox")), {
    index: "srv/index/ann@example.org",
    alt: "archive/ann@example.org",
  });
});

test("what was written with a moment is read again, and nothing else is taken for it", () => {
  const written = JSON.parse(JSON.stringify(serverFactsJson(facts))) as Record<string, unknown>;
  assert.deepEqual(parseServerFacts(written), facts);
  for (const damage of [
    undefined,
    [],
    { ...written, root: 1 },
    { ...written, places: [{ index: "/x" }] },
    { ...written, places: "/x" },
    { ...written, places: Array.from({ length: 10_001 }, () => ({ mail: "/x" })) },
  ])
    assert.equal(parseServerFacts(damage), undefined);
});

test("a Maildir's UIDs, keywords and subscriptions come from where its server keeps them", async () => {
  const image = Object.assign(
    memoryImage({
      "mail/x.org/ann/cur/1:2,Sa": "Subject: one\n\nx\n",
      "mail/x.org/ann/new": { type: "directory" },
      "mail/x.org/ann/.Sent/cur/2:2,": "Subject: two\n\nx\n",
      "mail/x.org/ann/.Sent/new": { type: "directory" },
      "control/x.org/a/ann/.INBOX/dovecot-uidlist":
        "3 V5 N9 G0123456789abcdef0123456789abcdef\n7 :1\n",
      "control/x.org/a/ann/.INBOX/dovecot-keywords": "0 Wichtig\n",
      "control/x.org/a/ann/subscriptions": "V\t2\n\nSent\n",
      "control/x.org/a/ann/.Sent/dovecot-uidlist": "3 V6 N3\n2 :2\n",
    }),
    { serverFacts: async () => facts },
  );
  const [account, ...others] = (await openMailStore(image)).accounts;
  assert.deepEqual(others, []);
  assert.ok(account);
  assert.deepEqual(account.alsoIn, ["control/x.org/a/ann"]);
  const shown = [];
  for (const mailbox of await account.mailboxes())
    for (const { uid, keywords } of (await account.messages(mailbox)).messages)
      shown.push([mailbox.name, mailbox.uidValidity, uid, ...keywords]);
  assert.deepEqual(shown, [
    ["INBOX", 5, 7, "Wichtig"],
    ["Sent", 6, 2],
  ]);
  assert.deepEqual((await account.subscriptions()).names, ["Sent"]);
  const [around] = await openAccountsAround(image, path("mail/x.org/ann/.Sent/cur"));
  assert.ok(around);
  assert.equal((await around.mailboxes())[0]?.uidValidity, 5);
});
