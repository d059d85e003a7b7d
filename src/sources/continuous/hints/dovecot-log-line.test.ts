import assert from "node:assert/strict";
import { test } from "node:test";
import { parseMailLogLine } from "./dovecot-log-line.ts";

const tail = "uid=1, msgid=<x@y>, size=221";

const understood: readonly (readonly [
  line: string,
  user: string,
  mailboxes?: readonly string[],
])[] = [
  [
    `Nov 26 14:48:12 doveadm(md)<4096><GsEB+/xGCGs>: Info: flag_change: box=INBOX, ${tail}`,
    "md",
    ["INBOX"],
  ],
  [
    `Nov 26 14:47:36 lmtp(md@example.org)<22><U9i8C:T2>: Info: save: box=INBOX, ${tail}`,
    "md@example.org",
    ["INBOX"],
  ],
  [
    `2026-11-26T14:48:12+00:00 mx1 dovecot: imap(md)<4><G>: copy from INBOX: box=S\xc3\xa9nt, ${tail}`,
    "md",
    ["Sént"],
  ],
  [`Nov 26 14:47:36 mx1 dovecot: lmtp(2260, md): save: box=INBOX, ${tail}`, "md", ["INBOX"]],
  [`imap(md): Info: expunge: box=x, uid=7, ${tail}`, "md", ["x", "x, uid=7"]],
  ["Nov 26 14:48:12 imap(md)<1><s>: Info: Mailbox renamed: A/B -> A/C", "md"],
  ["Nov 26 14:48:12 imap(md)<1><s>: Info: delete: uid=3, msgid=<a, box=evil, uid=1>", "md"],
];

test("lines of mail_log are read, from Dovecot's own log and the system's", () => {
  for (const [line, user, mailboxes] of understood)
    assert.deepEqual(
      parseMailLogLine(line),
      mailboxes === undefined ? { user } : { user, mailboxes },
      line,
    );
});

test("what a sender writes is no mailbox, and no user", () => {
  const line = `lmtp(md)<1><s>: Info: save: box=INBOX, uid=1, msgid=<imap(joe)<1><s>: save: box=Evil, uid=1>, size=1`;
  const { user, mailboxes = [] } = parseMailLogLine(line) ?? {};
  assert.equal(user, "md");
  assert.equal(mailboxes[0], "INBOX");
});

test("any other line tells of nothing", () => {
  for (const line of [
    "",
    "Nov 26 14:47:36 lmtp(2260): Info: Connect from local",
    "Nov 26 14:47:36 lmtp(md)<2><s>: Info: msgid=unspecified: saved mail to INBOX",
    "Nov 26 14:47:36 imap(md)<2><s>: Error: save: box=INBOX",
    "Nov 26 14:47:36 master: Warning: Killed with signal 15 (by pid=3038 uid=0 code=kill)",
    "imap(): save: box=INBOX, uid=1",
    `imap(${"x".repeat(1000)}): save: box=INBOX, uid=1`,
    `${"x(".repeat(100_000)}`,
    `imap(md)${"<x>".repeat(100_000)}: save: box=INBOX`,
  ])
    assert.equal(parseMailLogLine(line), undefined, line.slice(0, 100));
});
