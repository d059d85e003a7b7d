/**
 * Messages put back into a running Dovecot, of a copy that was taken without it: 500 real messages in
 * each layout, 50 removed, the flags of 20 changed. What the server says by its own tool and what a mail
 * program that is not ours sees are as before, and after undo as they were in between.
 */
import assert from "node:assert/strict";
import { cpSync, mkdirSync, readFileSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { openImapAccount } from "#recovery";
import { runForTest, type TestRun } from "../src/cli/surroundings.fixture.ts";
import {
  DovecotImap,
  type ImapUser,
  masterName,
  masterPassword,
  userPassword,
  withoutImap,
} from "./support/dovecot-imap.ts";
import { seenByMbsync, withoutMbsync } from "./support/mbsync.ts";
import { realMail, withoutCorpora } from "./support/real-mail.ts";
import { password, Site } from "./support/recovery-site.ts";

const users: readonly ImapUser[] = (["maildir", "sdbox", "mdbox"] as const).map((layout) => ({
  name: `the-${layout}`,
  layout,
}));
const total = 500;
const skip = withoutImap || withoutMbsync || withoutCorpora;

describe("messages are put back into a running Dovecot", { skip }, () => {
  let server: DovecotImap;
  let mail: readonly Buffer[] = [];
  before(async () => {
    server = await DovecotImap.start({ users });
    mail = realMail(total);
    assert.equal(mail.length, total);
  });
  after(async () => await server?.[Symbol.asyncDispose]());

  for (const user of users) {
    for (const flags of user.layout === "maildir"
      ? (["past", "now"] as const)
      : (["past"] as const)) {
      test(`${user.layout}, flags as of ${flags}`, { timeout: 300_000 }, async () => {
        server.doveadm("expunge", "-u", user.name, "mailbox", "*", "all");
        await fill(server, { user, mail });
        using site = new Site();
        const restante = commandLine(site);
        // A copy as files, taken while the server runs.
        const store = join(realpathSync(site.folder), "srv", user.name, folderOf(user));
        mkdirSync(join(store, ".."), { recursive: true });
        cpSync(server.store(user), store, { recursive: true, preserveTimestamps: true });
        await site.init();
        assert.equal((await restante("capture", store)).exitCode, 0);

        const filled = seen(server, user);
        const states = statesOf(server, user);
        damage(server, user);
        const damaged = seen(server, user);
        assert.equal(damaged.messages.length, total - 50);

        const to = ["--to", `imap://127.0.0.1:${server.port}`, "--imap-master", masterName];
        const restore = [store, "--at", "latest", ...to, "--flags", flags];
        const preview = await restante("restore", ...restore, "--dry-run", "--json");
        assert.equal(preview.exitCode, 0, preview.messages + preview.output);
        const planned = summaryOf(preview)["counts"];
        assert.deepEqual(planned, {
          created: 50,
          merged: 20,
          moved: 0,
          skipped: total - 70,
          deleted: 0,
          failed: 0,
        });
        assert.deepEqual(messagesOf(server, user), damaged.messages);

        const done = await restante("restore", ...restore, "--yes", "--json");
        assert.equal(done.exitCode, 0, done.messages + done.output);
        assert.deepEqual(summaryOf(done)["counts"], planned);
        assert.equal(summaryOf(done)["verified"], 50);
        const restored = seen(server, user);
        if (flags === "past") {
          assert.deepEqual(
            restored.messages.map(withoutUid).sort(),
            filled.messages.map(withoutUid).sort(),
          );
          assert.deepEqual(restored.foreign, filled.foreign);
        } else {
          const damagedSet = new Set(damaged.messages);
          const kept = restored.messages.filter((line) => damagedSet.has(line));
          assert.equal(kept.length, total - 50);
          const back = restored.messages.filter((line) => !damagedSet.has(line)).map(withoutUid);
          const filledSet = new Set(filled.messages.map(withoutUid));
          assert.ok(back.length === 50 && back.every((line) => filledSet.has(line)));
        }
        assert.deepEqual(statesOf(server, user), states, "UIDVALIDITY and GUIDs stay");

        const again = await restante("restore", ...restore, "--yes", "--json");
        const counts = summaryOf(again)["counts"] as Record<string, number>;
        assert.equal(counts["created"], 0);
        assert.equal(counts["merged"], flags === "past" ? 0 : 20);
        assert.deepEqual(messagesOf(server, user), restored.messages);

        const [job] = summaryOf(done)["jobs"] as readonly string[];
        const undone = await restante("undo", job ?? "", "--yes", "--json");
        assert.equal(undone.exitCode, 0, undone.messages + undone.output);
        assert.deepEqual(seen(server, user), damaged);
        assert.match((await restante("undo", "--list")).output, /undone +removed 50/);
        const audit = readFileSync(join(site.folder, "state", "restante", "audit.jsonl"), "utf8");
        assert.match(audit, /"verb":"restore".*"created":50/);
        assert.doesNotMatch(audit, new RegExp(masterPassword));
      });
    }
  }
});

function folderOf({ layout }: ImapUser): string {
  return layout === "maildir" ? "Maildir" : layout;
}

type Filling = { readonly user: ImapUser; readonly mail: readonly Buffer[] };

/** Over IMAP, into three mailboxes, with flags, keywords and dates. */
async function fill(server: DovecotImap, { user, mail }: Filling): Promise<void> {
  await using account = await openImapAccount({
    server: { host: "127.0.0.1", port: server.port, security: "none" },
    user: user.name,
    password: userPassword,
  });
  const boxes = ["INBOX", "Archive/2024", "Entwürfe"];
  for (const box of boxes) await account.create(box, { subscribe: true });
  for (const [index, bytes] of mail.entries()) {
    await account.append(boxes[index % 5 === 0 ? 1 : index % 7 === 0 ? 2 : 0] ?? "INBOX", {
      bytes: Buffer.from(bytes.toString("latin1").replace(/(?<!\r)\n/g, "\r\n"), "latin1"),
      flags: ["\\Seen", "\\Answered", "\\Flagged", "\\Draft"].filter(
        (_, bit) => (index >> bit) & 1,
      ),
      keywords: index % 3 === 0 ? ["Wichtig"] : index % 11 === 0 ? ["$Forwarded", "$Junk"] : [],
      internalDateSeconds: 1_500_000_000 + index * 3607,
    });
  }
}

/** 50 messages go, the flags of 20 others change; by the server's own tool. */
function damage(server: DovecotImap, { name }: ImapUser): void {
  const uids = (box: string): string[] =>
    server
      .doveadm("-f", "flow", "fetch", "-u", name, "uid", "mailbox", box, "all")
      .split("\n")
      .flatMap((line) => /^uid=(\d+)/.exec(line)?.[1] ?? []);
  const inbox = uids("INBOX");
  const archive = uids("Archive/2024");
  const gone = inbox.filter((_, index) => index % 7 === 3).slice(0, 35);
  const goneToo = archive.slice(10, 25);
  server.doveadm("expunge", "-u", name, "mailbox", "INBOX", "uid", gone.join(","));
  server.doveadm("expunge", "-u", name, "mailbox", "Archive/2024", "uid", goneToo.join(","));
  const changed = inbox.filter((_, index) => index % 7 === 1).slice(0, 20);
  const [some, others] = [changed.slice(0, 10).join(","), changed.slice(10).join(",")];
  // Each has other flags then than it had, whichever these were.
  server.doveadm("flags", "add", "-u", name, "new-keyword", "mailbox", "INBOX", "uid", some);
  server.doveadm("flags", "replace", "-u", name, "\\Deleted", "mailbox", "INBOX", "uid", others);
}

type Seen = {
  /** By the server's own tool: mailbox, UID, flags and keywords, date, size, digest of the content. */
  readonly messages: readonly string[];
  /** By mbsync. */
  readonly foreign: readonly string[];
};

function seen(server: DovecotImap, user: ImapUser): Seen {
  const { port } = server;
  const foreign = seenByMbsync({ port, user: user.name, password: userPassword });
  return { messages: messagesOf(server, user), foreign };
}

function messagesOf(server: DovecotImap, user: ImapUser): readonly string[] {
  const fields = "mailbox uid flags date.received size.virtual";
  return server
    .doveadm("-f", "tab", "fetch", "-u", user.name, fields, "all")
    .split("\n")
    .slice(1)
    .filter((line) => line !== "")
    .map(sortedFlags)
    .sort();
}

function sortedFlags(line: string): string {
  const [mailbox, uid, flags = "", ...rest] = line.split("\t");
  const sorted = flags
    .split(" ")
    .filter((flag) => flag !== "\\Recent" && flag !== "")
    .sort();
  return [mailbox, uid, sorted.join(" "), ...rest].join("\t");
}

function withoutUid(line: string): string {
  const [mailbox, _uid, ...rest] = line.split("\t");
  return [mailbox, ...rest].join("\t");
}

function statesOf(server: DovecotImap, { name }: ImapUser): string {
  return server.doveadm("mailbox", "status", "-u", name, "uidvalidity guid", "*");
}

function commandLine(site: Site): (...argv: readonly string[]) => Promise<TestRun> {
  return async (verb, ...argv) => {
    const copy = verb === "undo" ? [] : ["--copy", site.repository, "--no-config"];
    return await runForTest([verb ?? "", ...argv, ...copy], {
      environment: {
        RESTANTE_PASSWORD: password,
        RESTANTE_IMAP_PASSWORD: masterPassword,
        XDG_CACHE_HOME: site.cache,
        XDG_STATE_HOME: join(site.folder, "state"),
      },
      workingFolder: site.folder,
    });
  };
}

function summaryOf({ output }: TestRun): Record<string, unknown> {
  const last = output.trim().split("\n").at(-1) ?? "{}";
  return JSON.parse(last) as Record<string, unknown>;
}
