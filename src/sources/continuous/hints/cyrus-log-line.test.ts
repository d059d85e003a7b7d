import assert from "node:assert/strict";
import { test } from "node:test";
import { parseSyncLogLine } from "./cyrus-log-line.ts";

test("lines of a sync_log are read, names in quotes as well", () => {
  const lines: readonly (readonly [line: string, read: object])[] = [
    ["MAILBOX user.cass", { mailboxes: ["user.cass"], isOfList: false }],
    ['APPEND "user.cass.A b"', { mailboxes: ["user.cass.A b"], isOfList: false }],
    ['MAILBOX "a\\"b\\\\c\\{"', { mailboxes: ['a"b\\c{'], isOfList: false }],
    [
      "RENAME user.a.x DELETED.user.a.x.6B08",
      { mailboxes: ["user.a.x", "DELETED.user.a.x.6B08"], isOfList: true },
    ],
    ["SEEN cass user.cass", { mailboxes: [], user: "cass", isOfList: false }],
    [
      "META cass@example.org",
      { mailboxes: [], user: "cass@example.org", isWhole: false, isOfList: false },
    ],
    ["USER cass", { mailboxes: [], user: "cass", isWhole: true, isOfList: true }],
    ["QUOTA user.cass", { mailboxes: [], isOfList: false }],
  ];
  for (const [line, read] of lines) assert.deepEqual(parseSyncLogLine(line), read, line);
});

test("any other line is not understood", () => {
  for (const line of [
    "",
    "MAILBOX",
    "mailbox user.cass",
    'MAILBOX "user.cass',
    'MAILBOX "user.cass"x',
    `MAILBOX ${"x".repeat(10_000)}`,
    `MAILBOX ${"x ".repeat(100)}`,
  ])
    assert.equal(parseSyncLogLine(line), undefined, line.slice(0, 100));
});
