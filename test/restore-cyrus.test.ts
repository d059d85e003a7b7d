/**
 * Messages put back into a running Cyrus over IMAP, of a copy of its spool and databases that was taken
 * without it: messages, a tenth removed, the flags of others changed. What it says is as before; a
 * second run creates nothing, and undo leaves what was there in between.
 */
import assert from "node:assert/strict";
import { cpSync, existsSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { type LivingAccount, openImapAccount } from "#recovery";
import { runForTest, type TestRun } from "../src/cli/surroundings.fixture.ts";
import { Cyrus, withoutCyrus } from "./support/cyrus.ts";
import { CyrusSession } from "./support/cyrus-session.ts";
import { freePort } from "./support/dovecot-imap.ts";
import { Site } from "./support/recovery-site.ts";

const total = 100;
/** Of INBOX and of another folder. */
const gone = [Math.floor(total * 0.07), Math.ceil(total * 0.03)] as const;
const removed = gone[0] + gone[1];
/** Twice as many get other flags. */
const changed = total * 0.02;
const owner = "cass";
const boxes = ["INBOX", "Archive/2024", "Entwürfe"] as const;
const rawBoxes = ["INBOX", "Archive/2024", "Entw&APw-rfe"] as const;

describe("messages are put back into a running Cyrus", { skip: withoutCyrus }, () => {
  let folder = "";
  let server: Cyrus;
  let site: Site;
  let port = 0;
  before(async () => {
    // Cyrus makes every message durable, one by one: in memory that costs nothing.
    const base = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();
    folder = realpathSync(mkdtempSync(join(base, "restante-cyrus-")));
    port = await freePort();
    server = await Cyrus.start(join(folder, "server"), { port });
    const admin = await CyrusSession.logIn(server, "admin");
    await admin.command(`CREATE user/${owner}`);
    await admin.logOut();
    await fill();
    // Copied as its files lie: partition and databases are two volumes of one moment.
    for (const [from, to] of [
      ["spool", "mail"],
      ["config", "cyrus"],
    ] as const)
      cpSync(join(server.store, from), join(folder, "srv", to), {
        recursive: true,
        preserveTimestamps: true,
      });
    site = new Site(join(folder, "site"));
    await site.init();
    writeFileSync(join(folder, "key"), "correct horse");
    writeFileSync(join(folder, "password"), "pw");
    writeFileSync(join(folder, "config.yaml"), configuration());
    assert.equal((await restante("capture", "--quiet")).exitCode, 0);
  });
  after(async () => {
    await server?.[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  function configuration(): string {
    const at = (...names: readonly string[]): string => join(folder, ...names);
    return `version: 1
time_zone: UTC
servers:
  mx1:
    type: cyrus
    path: ${at("srv", "mail")}
    volumes: [{ path: ${at("srv", "cyrus")}, role: mixed }]
    imap: { url: "imap://127.0.0.1:${port}", password: "file:${at("password")}" }
copies:
  here: { layer: operational, path: ${site.repository}, key: "file:${at("key")}" }
tiers:
  standard: { operational: { method: backup to disk, copy: here, keep: [last 3] } }
lines_of_business:
  all: { mailboxes: ["*"], tier: standard }
`;
  }

  async function restante(verb: string, ...argv: readonly string[]): Promise<TestRun> {
    const config = verb === "undo" ? [] : ["--config", join(folder, "config.yaml")];
    return await runForTest([verb, ...argv, ...config], {
      environment: {
        XDG_CACHE_HOME: site.cache,
        XDG_STATE_HOME: join(folder, "state"),
        HOME: folder,
        RESTANTE_IMAP_PASSWORD: "pw",
      },
      workingFolder: folder,
    });
  }

  async function fill(): Promise<void> {
    await using account = await openImapAccount({
      server: { host: "127.0.0.1", port, security: "none" },
      user: owner,
      password: "pw",
    });
    for (const box of boxes) await account.create(box, { subscribe: true });
    for (let index = 0; index < total; index++) await append(account, index, message(index));
  }

  async function append(account: LivingAccount, index: number, bytes: Buffer): Promise<void> {
    await account.append(boxes[index % 5 === 0 ? 1 : index % 7 === 0 ? 2 : 0] ?? "INBOX", {
      bytes,
      flags: ["\\Seen", "\\Answered", "\\Flagged", "\\Draft"].filter(
        (_, bit) => (index >> bit) & 1,
      ),
      keywords: index % 3 === 0 ? ["Wichtig"] : index % 11 === 0 ? ["$Forwarded", "$Junk"] : [],
      internalDateSeconds: 1_500_000_000 + index * 3607,
    });
  }

  type Seen = { readonly withUids: readonly string[]; readonly states: readonly string[] };

  async function seen(): Promise<Seen> {
    const session = await CyrusSession.logIn(server, owner);
    const withUids: string[] = [];
    const states: string[] = [];
    for (const box of rawBoxes) {
      const { messages, uidValidity, id } = await session.read(box);
      states.push(`${box} ${uidValidity} ${id}`);
      for (const { uid, flags, keywords, internalDate, sizeBytes, sha256 } of messages)
        withUids.push([uid, box, ...flags, ...keywords, internalDate, sizeBytes, sha256].join(" "));
    }
    await session.logOut();
    return { withUids: withUids.sort(), states };
  }

  async function damage(): Promise<void> {
    const session = await CyrusSession.logIn(server, owner);
    const every = (from: number, step: number, count: number): string =>
      Array.from({ length: count }, (_, index) => from + index * step).join(",");
    await session.command("SELECT INBOX");
    await session.command(`STORE ${every(2, 7, changed)} +FLAGS.SILENT (new-keyword)`);
    await session.command(
      `STORE ${every(2 + 7 * changed, 7, changed)} FLAGS.SILENT (\\Flagged changed)`,
    );
    await session.command(`STORE ${every(4, 7, gone[0])} +FLAGS.SILENT (\\Deleted)`);
    await session.command("EXPUNGE");
    await session.command("SELECT Archive/2024");
    await session.command(`STORE 11:${10 + gone[1]} +FLAGS.SILENT (\\Deleted)`);
    await session.command("EXPUNGE");
    await session.logOut();
  }

  test("what is missing comes back as it was, the second run creates none, undo removes them", async () => {
    const filled = await seen();
    await damage();
    const damaged = await seen();
    assert.equal(damaged.withUids.length, total - removed);
    const restore = [
      owner,
      "--to",
      "imap",
      "--imap-user",
      owner,
      "--flags",
      "past",
      "--yes",
      "--json",
    ];
    const done = await restante("restore", ...restore);
    assert.equal(done.exitCode, 0, done.messages + done.output);
    assert.deepEqual(summaryOf(done)["counts"], {
      created: removed,
      merged: 2 * changed,
      moved: 0,
      skipped: total - removed - 2 * changed,
      deleted: 0,
      failed: 0,
    });
    assert.equal(summaryOf(done)["verified"], removed);
    const restored = await seen();
    assert.deepEqual(
      restored.withUids.map(withoutUid).sort(),
      filled.withUids.map(withoutUid).sort(),
    );
    assert.deepEqual(restored.states, filled.states, "UIDVALIDITY and mailbox IDs stay");

    const again = await restante("restore", ...restore);
    const counts = summaryOf(again)["counts"] as Record<string, number>;
    assert.deepEqual([counts["created"], counts["merged"]], [0, 0]);
    assert.deepEqual(await seen(), restored);

    const [job] = summaryOf(done)["jobs"] as readonly string[];
    const undone = await restante("undo", job ?? "", "--yes", "--json");
    assert.equal(undone.exitCode, 0, undone.messages + undone.output);
    assert.deepEqual(await seen(), damaged);
  });
});

/** Of the bytes that mail has, no two alike but for every tenth, which is there twice. */
function message(index: number): Buffer {
  const number = index % 10 === 9 ? index - 1 : index;
  const head = `Message-ID: <${number}@example.test>\r\nSubject: =?utf-8?q?number_${number}_=E2=9C=89?=\r\n`;
  const type = "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n";
  return Buffer.from(`From: a@example.test\r\n${head}${type}\r\nzwölf ${number}\r\n.\r\n\tend\r\n`);
}

function withoutUid(line: string): string {
  return line.slice(line.indexOf(" ") + 1);
}

function summaryOf({ output }: TestRun): Record<string, unknown> {
  return JSON.parse(output.trim().split("\n").at(-1) ?? "{}") as Record<string, unknown>;
}
