import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { rawPathFromText } from "#image";
import { mailIn } from "./mail-in-folder.ts";

const mtimeNs = 1_000_000_000_000n;

test("mail is found by its names, an mbox by its first bytes, and nothing else is", async () => {
  const folder = mkdtempSync(join(tmpdir(), "restante-mail-in-"));
  try {
    const files: Readonly<Record<string, string>> = {
      "anna/cur/1.M1:2,S": "Subject: x",
      "anna/new/2.M1": "",
      "anna/tmp/M1": "From no mbox",
      "anna/cur/dovecot-uidlist": "From no mbox",
      "anna/dovecot.index.log": "From no mbox",
      "carl/storage/m.1": "2 M1e",
      "carl/mailboxes/INBOX/dbox-Mails/u.1": "2 M1e",
      "carl/mailboxes/INBOX/dbox-Mails/dovecot.index.log": "no log",
      "dora/mailboxes/INBOX/dbox-Mails/dovecot.index.log": "of sdbox",
      "uuid/a/b/ab1/cyrus.header": "header",
      "uuid/a/b/ab1/1.": "Subject: x",
      "spool/b\u00e4rbel": "From x\n\n",
      "spool/empty": "",
      "spool/note": "Fro",
    };
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(join(folder, path, ".."), { recursive: true });
      writeFileSync(join(folder, path), text);
      utimesSync(join(folder, path), 1000, 1000);
    }
    const found = await Array.fromAsync(
      mailIn(rawPathFromText(folder), new AbortController().signal),
    );
    assert.deepEqual(
      found.toSorted((a, b) => (a.path < b.path ? -1 : 1)),
      [
        { path: "anna/cur/1.M1:2,S" },
        { path: "anna/new/2.M1" },
        {
          path: "carl/mailboxes/INBOX/dbox-Mails/dovecot.index.log",
          index: { messages: 0 },
          sizeBytes: 6,
          mtimeNs,
        },
        { path: "carl/mailboxes/INBOX/dbox-Mails/u.1" },
        { path: "carl/storage/m.1" },
        { path: rawPathFromText("spool/b\u00e4rbel"), sizeBytes: 8, mtimeNs, isMbox: true },
        { path: "uuid/a/b/ab1/1." },
        { path: "uuid/a/b/ab1/cyrus.header", head: Buffer.from("header"), sizeBytes: 6, mtimeNs },
      ],
    );
    const nowhere = rawPathFromText(join(folder, "nowhere"));
    assert.deepEqual(await Array.fromAsync(mailIn(nowhere, new AbortController().signal)), []);
    await assert.rejects(Array.fromAsync(mailIn(nowhere, AbortSignal.abort())));
  } finally {
    rmSync(folder, { recursive: true });
  }
});
