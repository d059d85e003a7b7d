import assert from "node:assert/strict";
import { test } from "node:test";
import { messageIdentityOf } from "#mail";
import { messageFactsOf } from "./message-facts.ts";
import { searchable } from "./words.ts";

const own = [
  "From: =?utf-8?q?J=C3=BCrgen?= <juergen@example.org>",
  "To: Ada <ada@example.org>, bob@example.org",
  "Cc: carol@example.org",
  "Subject: =?utf-8?b?TWFow6h6ZWl0?=",
  "Date: Fri, 20 Nov 2026 10:00:00 +0100",
  "Message-ID: <one@example.org>",
  'Content-Type: multipart/mixed; boundary="x"',
  "",
  "--x",
  "Content-Type: text/html",
  "",
  "<p>Gr&uuml;&szlig;e</p>",
  "--x",
  "Content-Type: application/pdf",
  'Content-Disposition: attachment; filename="Rechnung.pdf"',
  "",
  "JVBERi0=",
  "--x--",
  "",
].join("\n");
const traces = [
  "",
  "Return-Path: <x@example.net>\nDelivered-To: ada@example.org\nReceived: from a by b with LMTP;\n\tFri, 20 Nov 2026 10:00:01 +0100\n",
];

test("the facts of a message are those of its identity, in whoever's mailbox it lies", () => {
  const all = traces.flatMap((trace) => [trace + own, (trace + own).replaceAll("\n", "\r\n")]);
  const facts = all.map((text) => messageFactsOf(Buffer.from(text)));
  for (const { text: _, ...one } of facts) {
    const { text: __, ...first } = facts[0] as (typeof facts)[0];
    assert.deepEqual(one, first);
  }
  const [first] = facts;
  assert.equal(first?.identity, messageIdentityOf(Buffer.from(own)));
  assert.equal(first.dateS, Date.UTC(2026, 10, 20, 9) / 1000);
  assert.equal(first.sizeBytes, Buffer.byteLength(own));
  assert.equal(first.from, "Jürgen <juergen@example.org>");
  assert.equal(first.to, "Ada <ada@example.org>, bob@example.org");
  assert.equal(first.cc, "carol@example.org");
  assert.equal(first.subject, "Mahèzeit");
  assert.equal(first.messageId, "one@example.org");
  assert.deepEqual(first.attachmentNames, ["Rechnung.pdf"]);
  assert.ok(first.hasAttachment);
  assert.match(first.text, /Grüße/);
});

test("a message whose date cannot be right has the one of the last server that took it, or none", () => {
  const received = "Received: from a by b; Fri, 20 Nov 2026 10:00:01 +0000";
  const dateOf = (...header: readonly string[]): number | undefined =>
    messageFactsOf(Buffer.from(`${header.join("\n")}\n\nx\n`)).dateS;
  const expected = Date.UTC(2026, 10, 20, 10, 0, 1) / 1000;
  assert.equal(dateOf(received, "Date: soon"), expected);
  assert.equal(dateOf(received), expected);
  assert.equal(dateOf(received, "Date: 1 Jan 2999 00:00:00 +0000"), expected);
  assert.equal(dateOf("Subject: none"), undefined);
});

test("whatever the bytes are, there are facts, and they are bounded", () => {
  const long = `Subject: ${"x".repeat(100_000)}\nTo: ${"a@b.c, ".repeat(20_000)}\n\n`;
  for (const bytes of [
    Buffer.alloc(0),
    Buffer.alloc(1000, 0xff),
    Buffer.from(long),
    Buffer.from("\0\n\n\ud800"),
  ]) {
    const facts = messageFactsOf(bytes);
    assert.match(facts.identity, /^[0-9a-f]{64}$/);
    assert.ok(facts.subject.length <= 8192 && facts.to.length <= 8192);
    assert.ok(facts.subject.isWellFormed() && facts.text.isWellFormed());
  }
  assert.equal(messageFactsOf(Buffer.from(own), { textLimit: 0 }).text, "");
});

test("writing without spaces between words is searched by any part of it", () => {
  assert.equal(searchable("plain text"), "plain text");
  assert.equal(searchable("会議の資料").trim().split(/\s+/).join("|"), "会|議|の|資|料");
  assert.equal(searchable("a\0b"), "a b");
});
