import assert from "node:assert/strict";
import { test } from "node:test";
import type { RawPath } from "#image";
import type { JournalEvent } from "#journal";
import { SettledAccounts, withMoves } from "./settled-accounts.ts";
import { StoreAccounts } from "./store-accounts.ts";
import { underWay } from "./under-way.ts";

const path = (text: string): RawPath => text as RawPath;
const setOf = (...names: readonly string[]): ReadonlySet<RawPath> => new Set(names.map(path));
const plain = new StoreAccounts();
const accountOf = (one: RawPath): RawPath => plain.of(one);
const told = (events: readonly JournalEvent[]): readonly string[] =>
  events.map((event) => (event.type === "mark" ? `${event.name} ${event.path}` : event.type));

test("what belongs to one account is told by the layout of its store", () => {
  const accounts = [
    ["anna/Maildir/cur/1.host:2,S", "anna/Maildir"],
    ["anna/Maildir/.Sent.2026/new/1.host", "anna/Maildir"],
    ["anna/Maildir/dovecot-uidlist", "anna/Maildir"],
    ["anna/Maildir/.Sent", "anna/Maildir"],
    ["anna/Maildir", "anna/Maildir"],
    ["ben/mdbox/storage/m.1", "ben/mdbox"],
    ["ben/mdbox/mailboxes/INBOX/dbox-Mails/dovecot.index.log", "ben/mdbox"],
    ["cyrus/user/carol/Sent/17.", "cyrus/user/carol/Sent"],
    ["cyrus/user/carol/Sent/cyrus.index", "cyrus/user/carol/Sent"],
    ["spool/dave", "spool/dave"],
    ["cur/1.host", ""],
  ];
  assert.deepEqual(
    accounts.map(([one = ""]) => accountOf(path(one))),
    accounts.map(([, account]) => account),
  );
});

test("marks stand around what was seen of an account in the middle of a change", () => {
  let nowMs = 0;
  const accounts = new SettledAccounts({ steadyMs: () => nowMs, accounts: plain });
  assert.deepEqual(told(accounts.begin(setOf("a", "b"))), ["unsettled a", "unsettled b"]);
  assert.deepEqual(told(accounts.end(setOf("a", "b"))), []);
  nowMs = 100;
  assert.deepEqual(told(accounts.begin(setOf("b", "c"))), ["unsettled c"]);
  assert.deepEqual(told(accounts.end(setOf("b"))), ["settled a", "settled c"]);
});

test("an account that is never still is shown in the middle of changes, until it stands still", () => {
  let nowMs = 0;
  const accounts = new SettledAccounts({ steadyMs: () => nowMs, accounts: plain });
  const round = (...restless: readonly string[]): readonly string[] => [
    ...told(accounts.begin(setOf(...restless))),
    ...told(accounts.end(setOf(...restless))),
  ];
  assert.deepEqual(round("a"), ["unsettled a"]);
  nowMs = 2000;
  assert.deepEqual(round("a"), ["settled a"]);
  assert.deepEqual(round("a"), []);
  assert.deepEqual(round(), []);
  assert.deepEqual(round("a"), ["unsettled a"]);
});

test("accounts that something moved between are settled together", () => {
  const moved: JournalEvent = {
    type: "rename",
    path: path("anna/Maildir/cur/1"),
    to: path("ben/Maildir/cur/1"),
    file: { inode: 1n, sizeBytes: 1, mtimeNs: 1n },
  };
  assert.deepEqual(
    [...withMoves(setOf("ben/Maildir", "carol/Maildir"), [moved], accountOf)].toSorted(),
    ["anna/Maildir", "ben/Maildir", "carol/Maildir"],
  );
  assert.deepEqual([...withMoves(setOf("carol/Maildir"), [moved], accountOf)], ["carol/Maildir"]);
});

test("the lock of a Maildir stands for all that its server keeps in it, that of an mbox for the file", () => {
  const locks = ["a/Maildir/cur/1", "a/Maildir/.F/dovecot-keywords", "spool/dave"].map(path);
  assert.deepEqual(
    locks.map((one) => plain.lockOf(one)),
    ["a/Maildir/dovecot-uidlist.lock", "a/Maildir/.F/dovecot-uidlist.lock", "spool/dave.lock"],
  );
  const there = setOf("spool/dave.lock");
  const look = (one: RawPath): never => (there.has(one) ? ({} as never) : (undefined as never));
  const found = underWay(new Map(locks.map((one) => [plain.lockOf(one), accountOf(one)])), {
    look,
  });
  assert.deepEqual([...found], ["spool/dave"]);
});

const apart = new StoreAccounts({
  server: "dovecot",
  root: "/",
  places: [
    { mail: "/mail/%d/%n", index: "/idx/%u", control: "/ctl/%u", alt: "/alt/%d/%n" },
    { mail: "/hashed/%2.26Hu/%u", index: "/fast/%n" },
  ],
});

test("what is one account's is so wherever it lies, as its server says", () => {
  const ann = "mail/example.org/ann";
  for (const one of ["cur/1", "dovecot-keywords", "sieve/x"])
    assert.equal(apart.of(path(`${ann}/${one}`)), ann);
  assert.equal(apart.of(path("idx/ann@example.org/.INBOX/dovecot.index.log")), ann);
  assert.equal(apart.of(path("alt/example.org/ann/storage/m.1")), ann);
  assert.deepEqual(apart.partsOf(path(ann)), [
    ann,
    "idx/ann@example.org",
    "ctl/ann@example.org",
    "alt/example.org/ann",
  ]);
  assert.equal(apart.of(path("elsewhere/ben/mdbox/storage/m.1")), "elsewhere/ben/mdbox");
  assert.deepEqual(apart.partsOf(path("elsewhere/ben/mdbox")), ["elsewhere/ben/mdbox"]);
  assert.equal(apart.of(path("idx")), "idx");
});

test("a part that does not tell its account is known by it once the account was seen", () => {
  const log = path("fast/ben/mailboxes/INBOX/dbox-Mails/dovecot.index.log");
  assert.equal(apart.of(log), "fast/ben");
  assert.equal(apart.of(path("hashed/1f/ben/storage/m.1")), "hashed/1f/ben");
  assert.equal(apart.of(log), "hashed/1f/ben");
});

test("marks of an account stand for all its parts", () => {
  const accounts = new SettledAccounts({ steadyMs: () => 0, accounts: apart });
  const of = setOf("hashed/1f/ben", "spool/dave");
  const all = ["hashed/1f/ben", "fast/ben", "spool/dave"];
  assert.deepEqual(
    told(accounts.begin(of)),
    all.map((one) => `unsettled ${one}`),
  );
  assert.deepEqual(
    told(accounts.end(new Set())),
    all.map((one) => `settled ${one}`),
  );
});

test("the lock of a Maildir lies with its lists", () => {
  for (const [one = "", lock] of [
    ["mail/x/ann/cur/1", ".INBOX"],
    ["mail/x/ann/.Sent/new/1", ".Sent"],
    ["idx/ann@x/.Sent/dovecot.index.log", ".Sent"],
    ["idx/ann@x/.INBOX/dovecot.index.log", ".INBOX"],
    ["ctl/ann@x/.Sent/dovecot-keywords", ".Sent"],
  ])
    assert.equal(apart.lockOf(path(one)), `ctl/ann@x/${lock}/dovecot-uidlist.lock`);
});

test("accounts that have a place each are found among thousands", () => {
  const places = Array.from({ length: 5000 }, (_, number) => ({
    mail: `/home/u${number}/mdbox`,
    index: `/idx/u${number}`,
  }));
  const many = new StoreAccounts({ server: "dovecot", root: "/", places });
  assert.equal(many.of(path("idx/u4999/mailboxes/INBOX/dovecot.index.log")), "home/u4999/mdbox");
  assert.deepEqual(many.partsOf(path("home/u7/mdbox")), ["home/u7/mdbox", "idx/u7"]);
  assert.equal(many.of(path("idx/u5000/dovecot.index.log")), "idx/u5000");
});
