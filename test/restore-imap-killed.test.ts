/**
 * A restore into a running Dovecot, and an undo, that end by SIGKILL at one change of the server after
 * another: before it, within it, and between the server's answer and the record of it. Run again nothing
 * is there twice and nothing is missing; undone everything is as before.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { Records } from "#records";
import { openImapAccount } from "#recovery";
import { builtProgram } from "./support/built-program.ts";
import { DovecotImap, type ImapUser, userPassword, withoutImap } from "./support/dovecot-imap.ts";
import type { ChildRequest } from "./support/restore-imap-child.ts";

const moments = ["before", "within", "after"] as const;
/**
 * The restore below makes a folder (1), appends (2 to 13), changes flags (14 to 16), removes (17). Every
 * point is tried in memory (src/recovery/messages); here some, with a real server and a real kill.
 */
const points = { before: [8, 17], within: [3, 15], after: [13, 17] } as const;
const users: readonly ImapUser[] = moments.map((when) => ({ name: when, layout: "maildir" }));

describe("a restore into Dovecot that is killed", { skip: withoutImap }, () => {
  let server: DovecotImap;
  let folder = "";
  before(async () => {
    server = await DovecotImap.start({ users });
    folder = mkdtempSync(join(tmpdir(), "restante-killed-"));
  });
  after(async () => {
    await server?.[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  for (const [number, when] of moments.entries()) {
    test(`${when} a change is finished by running it again, and undone`, async () => {
      const user = users[number] as ImapUser;
      const [store, state] = [join(folder, when, "store"), join(folder, when, "state")];
      const records = new Records(state);
      await fill(server, user);
      cpSync(server.store(user), store, { recursive: true, preserveTimestamps: true });
      const whole = seen(server, user);
      await damage(server, user);
      const damaged = seen(server, user);
      let unique = number * 256;
      const run = async (more: Partial<ChildRequest>): Promise<boolean> => {
        const request = { port: server.port, user: user.name, store, state, when };
        return await runChild({
          ...request,
          unique: (++unique).toString(16).padStart(4, "0"),
          ...more,
        });
      };
      const newest = async (): Promise<string> => (await records.list()).at(-1)?.id ?? "";
      let kills = 0;
      for (const killAt of points[when]) {
        // Killed, undone by a process that is killed too, undone.
        if (await run({ killAt })) kills++;
        const undo = await newest();
        if (await run({ undo, killAt: 2 })) await run({ undo });
        assert.deepEqual(seen(server, user), damaged, `undone after kill ${when} change ${killAt}`);
        await records.forget(undo);
        // Killed, run again, and once more.
        await run({ killAt });
        const first = await newest();
        assert.equal(await run({}), false);
        assert.deepEqual(seen(server, user), whole, `again after kill ${when} change ${killAt}`);
        // Each of the two is undone by itself: together they are everything.
        const second = await newest();
        await run({ undo: second });
        await run({ undo: first });
        assert.deepEqual(seen(server, user), damaged, `both undone after change ${killAt}`);
        for (const id of [first, second]) await records.forget(id);
      }
      assert.equal(kills, points[when].length);
    });
  }
});

/** Whether it was killed. */
async function runChild(request: ChildRequest): Promise<boolean> {
  const program = await builtProgram("test/support/restore-imap-child.ts");
  const child = spawn(process.execPath, [program.path, JSON.stringify(request)], {
    stdio: ["ignore", "ignore", "pipe"],
    env: { ...process.env, ...program.environment },
  });
  let messages = "";
  child.stderr.on("data", (chunk: Buffer) => (messages += chunk.toString()));
  const [code, signal] = (await once(child, "close")) as [number | null, string | null];
  if (signal === "SIGKILL") return true;
  assert.equal(code, 0, messages);
  return false;
}

const count = 24;

async function withAccount(
  server: DovecotImap,
  user: ImapUser,
  work: (account: Awaited<ReturnType<typeof openImapAccount>>) => Promise<void>,
): Promise<void> {
  await using account = await openImapAccount({
    server: { host: "127.0.0.1", port: server.port, security: "none" },
    user: user.name,
    password: userPassword,
  });
  await work(account);
}

async function fill(server: DovecotImap, user: ImapUser): Promise<void> {
  await withAccount(server, user, async (account) => {
    await account.create("Old/Deep", { subscribe: true });
    for (let index = 0; index < count; index++) {
      // Three of them are the same.
      const text = index < 3 ? "same" : `message ${index}`;
      await account.append(index % 4 === 3 ? "Old/Deep" : "INBOX", {
        bytes: Buffer.from(`Message-ID: <${text}@x>\r\nSubject: ${text}\r\n\r\nBody\r\n`),
        flags: index % 2 === 0 ? ["\\Seen"] : [],
        keywords: index % 5 === 0 ? ["Wichtig"] : [],
        internalDateSeconds: 1_600_000_000 + index,
      });
    }
  });
}

/** A folder goes, six others of the inbox, flags of three change, and two come. */
async function damage(server: DovecotImap, user: ImapUser): Promise<void> {
  server.doveadm("mailbox", "delete", "-u", user.name, "Old/Deep");
  server.doveadm("expunge", "-u", user.name, "mailbox", "INBOX", "uid", "2:5,9,12");
  server.doveadm(
    "flags",
    "replace",
    "-u",
    user.name,
    "\\Flagged",
    "mailbox",
    "INBOX",
    "uid",
    "13:15",
  );
  await withAccount(server, user, async (account) => {
    for (const text of ["later one", "later two"]) {
      const bytes = Buffer.from(`Subject: ${text}\r\n\r\nBody\r\n`);
      await account.append("INBOX", { bytes, flags: ["\\Draft"], keywords: ["Neu"] });
    }
  });
}

/** Everything but UIDs, and the folders. */
function seen(server: DovecotImap, { name }: ImapUser): readonly string[] {
  const fields = "mailbox flags date.received size.virtual hdr.subject";
  const messages = server
    .doveadm("-f", "tab", "fetch", "-u", name, fields, "all")
    .split("\n")
    .slice(1)
    .map((line) => line.replace(/\\Recent ?/g, ""))
    .map((line) => {
      const [mailbox, flags = "", ...rest] = line.split("\t");
      return [mailbox, flags.trim().split(" ").sort().join(" "), ...rest].join("\t");
    });
  return [...messages, ...server.doveadm("mailbox", "list", "-u", name).split("\n")].sort();
}
