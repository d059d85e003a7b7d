/** Nothing watches; what a real Dovecot logs of its changes is enough to have them in the journal. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { RawPath } from "#image";
import { type JournalEvent, memoryJournal } from "#journal";
import { captureContinuously } from "#sources";
import { DovecotStores } from "./support/dovecot-stores.ts";
import { withoutLmtp } from "./support/lmtp-dovecot.ts";

const users = {
  maildir: "userdb_mail=maildir:~/Maildir",
  sdbox: "userdb_mail=sdbox:~/sdbox",
  mdbox: "userdb_mail=mdbox:~/mdbox",
} as const;

const logged = `mail_plugins = notify mail_log
plugin {
  mail_log_events = delete undelete expunge save copy mailbox_create mailbox_delete mailbox_rename flag_change
}
`;

/** For a capture that hears of changes by the server's log alone. */
const byItsLog = (folder: string, home: string) =>
  ({
    stateFolder: join(folder, "state"),
    hints: "server-log",
    hintSources: { dovecotLog: join(home, "dovecot.log") },
    reconcileEveryMs: 3_600_000,
  }) as const;

test(
  "what Dovecot logs is looked at, with no watch and no scan",
  { skip: withoutLmtp },
  async (t) => {
    const folder = mkdtempSync("/tmp/restante-logged-");
    try {
      const home = join(folder, "server");
      await using server = await DovecotStores.start(home, users, logged);
      const journal = memoryJournal();
      await using capture = await captureContinuously({
        group: "mail",
        folder: join(home, "home") as RawPath,
        journal,
        ...byItsLog(folder, home),
      });
      await capture.ready;
      assert.equal(capture.status.hints.way, "server-log");
      const doveadm = (user: string, ...words: readonly string[]): string => {
        // By its own service: what doveadm does by itself it logs to its standard error.
        const socket = join(home, "run", "doveadm-server");
        const at = words[0] === "mailbox" || words[0] === "flags" ? 2 : 1;
        return server.doveadm(...words.slice(0, at), "-S", socket, "-u", user, ...words.slice(at));
      };
      const recorded = async (
        what: string,
        is: (event: JournalEvent) => boolean,
      ): Promise<void> => {
        const since = journal.records.length;
        const has = (): boolean => journal.records.slice(since).some(({ event }) => is(event));
        while (!has() && !t.signal.aborted) await capture.settle();
        assert.ok(has(), what);
      };
      using lmtp = await server.lmtp();
      for (const user of ["maildir", "sdbox", "mdbox"]) {
        const isOf = (event: JournalEvent, part: string): boolean =>
          "path" in event &&
          event.path !== undefined &&
          event.path.startsWith(`${user}/`) &&
          event.path.includes(part);
        const isPut = (part: string) => (event: JournalEvent) =>
          event.type === "put" && isOf(event, part);
        const inbox = {
          maildir: "Maildir/new/",
          sdbox: "INBOX/dbox-Mails/u.",
          mdbox: "storage/m.",
        };
        const sent = {
          maildir: ".A.S&AOk-nt/cur/",
          sdbox: "A/S&AOk-nt/dbox-Mails/u.",
          mdbox: "A/S&AOk-nt/",
        };
        const name = "A/Sént";
        await lmtp.deliver("Subject: one\r\n\r\ntext\r\n", user);
        await recorded(`${user}: a delivery`, isPut(inbox[user as keyof typeof inbox]));
        doveadm(user, "mailbox", "create", name);
        await recorded(
          `${user}: a mailbox`,
          (event) => event.type === "mkdir" && isOf(event, "S&AOk-nt"),
        );
        doveadm(user, "copy", name, "mailbox", "INBOX", "all");
        await recorded(
          `${user}: a copy`,
          (event) =>
            (event.type === "put" || event.type === "link" || event.type === "write") &&
            (isOf(event, sent[user as keyof typeof sent]) ||
              ("to" in event && String(event.to).includes("S&AOk-nt"))),
        );
        doveadm(user, "flags", "add", "\\Seen", "mailbox", "INBOX", "all");
        await recorded(`${user}: a flag`, (event) =>
          user === "maildir"
            ? event.type === "rename" && event.to.endsWith(":2,S")
            : event.type === "write" && isOf(event, "INBOX/dbox-Mails/dovecot.index.log"),
        );
        doveadm(user, "mailbox", "delete", name);
        await recorded(
          `${user}: a mailbox that is gone`,
          (event) => (event.type === "rmdir" || event.type === "rename") && isOf(event, "S&AOk-nt"),
        );
      }
      assert.equal(capture.status.gaps, 0);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
);

test(
  "what is logged of an account whose parts lie apart is looked at in all of them",
  { skip: withoutLmtp },
  async () => {
    const folder = mkdtempSync("/tmp/restante-logged-");
    try {
      const home = join(folder, "server");
      const at = (part: string): string => join(home, "home", part);
      const apart = {
        mail: `userdb_mail=maildir:${at("mail/%u")}:INDEX=${at("index/%u")}:CONTROL=${at("control/%u")}`,
      };
      await using server = await DovecotStores.start(home, apart, logged);
      using lmtp = await server.lmtp();
      await lmtp.deliver("Subject: first\r\n\r\ntext\r\n", "mail");
      const journal = memoryJournal();
      const place = {
        mail: at("mail/%u"),
        index: at("index/%u"),
        control: at("control/%u"),
      };
      await using capture = await captureContinuously({
        group: "mail",
        folder: at("mail") as RawPath,
        beside: [at("index") as RawPath, at("control") as RawPath],
        facts: { server: "dovecot", root: "/", places: [place] },
        journal,
        ...byItsLog(folder, home),
      });
      await capture.ready;
      const since = journal.records.length;
      await lmtp.deliver("Subject: second\r\n\r\ntext\r\n", "mail");
      const changed = (part: string): boolean =>
        journal.records
          .slice(since)
          .some(({ event }) => "path" in event && event.path?.includes(part) === true);
      const parts = ["/mail/mail/new/", "/index/mail/.INBOX/", "/control/mail/.INBOX/"];
      const untilMs = performance.now() + 20_000;
      while (!parts.every(changed) && performance.now() < untilMs) await capture.settle();
      assert.deepEqual(parts.map(changed), [true, true, true]);
      assert.equal(capture.status.gaps, 0);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
);
