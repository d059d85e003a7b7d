import assert from "node:assert/strict";
import { test } from "node:test";
import { rawPathFromText } from "#image";
import { type ContentKind, contentKindOf } from "#mail";

const golden: readonly (readonly [string, string, ContentKind])[] = [
  ["u/Maildir/cur/1.M1P2.host,S=3:2,S", "Subject: x\n", "message"],
  ["u/Maildir/.Sent/new/1.M1P2.host", "Subject: x\n", "message"],
  ["cur/1.host", "", "message"],
  ["u/notcur/1.host", "Subject: x\n", "other"],
  ["u/tmp/1.host", "Subject: x\n", "other"],
  ["spool/a/user/x/12.", "Return-Path: <>\r\n", "message"],
  ["spool/12x.", "Return-Path: <>\r\n", "other"],
  ["mail/Saved.EML", "Subject: x\n", "message"],
  ["u/Maildir/cur/1.host,S=3:2,S", "\x1f\x8b\x08", "other"],
  ["u/Maildir/cur/1.host,S=3:2,S", "\x28\xb5\x2f\xfd", "other"],
  ["u/Maildir/cur/1.host,S=3:2,S", "CRYPTED\x03\x07", "other"],
  ["mdbox/storage/m.1", "2 M1e C6b0396a9\n\x01\x02N", "dbox"],
  ["sdbox/u.1", "2 M1e Cxyz\n", "other"],
  ["var/mail/alice", "From bob@example.test Mon Jan  1", "mbox"],
  ["var/mail/alice", "From: bob@example.test", "other"],
  ["Maildir/dovecot-uidlist", "3 V1 N2 Gabc\n", "other"],
];

for (const [path, head, kind] of golden) {
  test(`${path} that begins ${JSON.stringify(head)} is of kind ${kind}`, () => {
    assert.equal(contentKindOf(rawPathFromText(path), Buffer.from(head, "latin1")), kind);
  });
}
