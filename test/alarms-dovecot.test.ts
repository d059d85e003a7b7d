/**
 * A real Dovecot with mdbox, whose messages come and go inside files that stay: what its users do raises no
 * alarm, a mass expunge does, and rewinding to before it brings the mail back.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { mkdir, watch, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { type DaemonStatus, mailIn, readDaemonStatus } from "#daemon";
import { type RawPath, systemClockNs } from "#image";
import { memoryJournal } from "#journal";
import { openImapAccount } from "#recovery";
import { SignalWatch } from "#signals";
import { captureContinuously } from "#sources";
import { commandSite } from "../src/cli/command-site.fixture.ts";
import { DovecotImap, masterName, masterPassword, userPassword } from "./support/dovecot-imap.ts";
import { DovecotStores } from "./support/dovecot-stores.ts";
import { withoutLmtp } from "./support/lmtp-dovecot.ts";

const skip = withoutLmtp;
const users = { anna: "userdb_mail=mdbox:~/mdbox", ben: "userdb_mail=mdbox:~/mdbox" } as const;
/** Logs are begun anew early, as they are in years elsewhere. */
const settings = "mdbox_rotate_size = 20k\nmail_index_log_rotate_min_size = 2k\n";

async function fill(server: DovecotStores, user: string, count: number): Promise<void> {
  await using imap = await server.imap(user);
  for (let index = 0; index < count; index++) {
    const message = `Subject: ${user} ${index}\r\n\r\n${"text ".repeat(30)}\r\n`;
    await imap.command("APPEND INBOX () ", Buffer.from(message));
  }
}

async function expunge(server: DovecotStores, mailbox: string, uids: string): Promise<void> {
  await using imap = await server.imap("anna");
  await imap.command(`SELECT ${mailbox}`);
  await imap.command(`UID STORE ${uids} +FLAGS.SILENT (\\Deleted)`);
  await imap.command("EXPUNGE");
}

test("what people do in mdbox is no removal; emptying a mailbox is", { skip }, async () => {
  const folder = mkdtempSync("/tmp/restante-alarms-");
  await using server = await DovecotStores.start(join(folder, "server"), users, settings);
  await fill(server, "anna", 120);
  await fill(server, "ben", 20);
  const store = join(folder, "server", "home") as RawPath;
  const signals = new SignalWatch({ settleMs: 0, withinMs: 60_000 });
  for await (const there of mailIn(store, new AbortController().signal)) signals.learn(there);
  assert.equal(signals.messages, 140);
  signals.isCatchingUp = true;
  const journal = memoryJournal();
  journal.subscribe((record) => signals.observe(record));
  const stateFolder = join(folder, "state");
  const given = { group: "mail", folder: store, journal, stateFolder };
  const capture = await captureContinuously(given);
  await capture.ready;
  signals.isCatchingUp = false;
  const seen = async (work: () => Promise<unknown>): Promise<readonly string[]> => {
    await work();
    await capture.settle();
    return signals.check(systemClockNs()).map(({ path, count, of }) => `${path} ${count}/${of}`);
  };
  try {
    const quiet: readonly (readonly [messages: number, ...commands: readonly string[]])[] = [
      [200, "CREATE Archive", "SELECT INBOX", "COPY 1:60 Archive"],
      [140, "SELECT INBOX", "STORE 1:60 +FLAGS.SILENT (\\Deleted)", "EXPUNGE"],
      [140, "CREATE Trash", "SELECT INBOX", "MOVE 1:30 Trash"],
      [140, "RENAME Archive Old", "SELECT Old", "MOVE 1:10 INBOX"],
      [125, "SELECT Old", "STORE 1:15 +FLAGS.SILENT (\\Deleted)", "EXPUNGE"],
    ];
    for (const [messages, ...commands] of quiet) {
      const work = async (): Promise<void> => {
        await using imap = await server.imap("anna");
        for (const command of commands) await imap.command(command);
      };
      assert.deepEqual(await seen(work), [], commands.join("; "));
      assert.equal(signals.messages, messages, commands.join("; "));
    }
    const upkeep = async (): Promise<void> => {
      for (const verb of ["purge", "force-resync"])
        server.doveadm(verb, "-u", "anna", ...(verb === "purge" ? [] : ["*"]));
      await fill(server, "anna", 1);
    };
    assert.deepEqual(await seen(upkeep), []);
    assert.equal(signals.messages, 126);
    // What was thrown away just now, with the 15 above: 45 of 121.
    const emptied = await seen(async () => await expunge(server, "Trash", "1:*"));
    assert.deepEqual(emptied, ["anna/mdbox 45/121", " 45/141"]);
    assert.equal(signals.messages, 96);
  } finally {
    await capture.close();
    rmSync(folder, { recursive: true, force: true });
  }
});

const { folder, run } = await commandSite("alarms-dovecot");
const configured = ["--config", join(folder, "config.yaml")] as const;
const state = join(folder, "state", "restante");

/** Each time that the daemon writes its status, until it says what is waited for. */
async function until(isSo: (status: DaemonStatus) => boolean, signal: AbortSignal): Promise<void> {
  for await (const _change of watch(state, { signal })) {
    const status = await readDaemonStatus(state);
    if (status !== undefined && isSo(status)) return;
  }
}

test("200 messages expunged from mdbox are an alarm, and come back", { skip }, async () => {
  const anna = { name: "anna", layout: "mdbox" } as const;
  await using server = await DovecotImap.start({ users: [anna, { ...anna, name: "ben" }] });
  await append(server, "anna", 230);
  await append(server, "ben", 20);
  const subjects = (): readonly string[] =>
    server.doveadm("-f", "tab", "fetch", "-u", "anna", "hdr.subject", "all").split("\n").toSorted();
  const whole = subjects();
  await configure(server);
  assert.equal((await run(["init"])).exitCode, 0);
  const stop = new AbortController();
  const deadline = AbortSignal.any([stop.signal, AbortSignal.timeout(60_000)]);
  const following = until(({ groups }) => groups[0]?.phase === "following", deadline);
  const running = run(["daemon", ...configured], stop.signal);
  running.catch(() => undefined).finally(() => stop.abort());
  await following;
  const alarmed = until(({ groups }) => groups[0]?.alarms.length === 1, deadline);
  server.doveadm("expunge", "-u", "anna", "mailbox", "INBOX", "1:200");
  await alarmed;
  assert.notDeepEqual(subjects(), whole);
  const rewound = await run(["rewind", "mx1", "--before", "alarm-1", "--yes", ...configured]);
  assert.equal(rewound.exitCode, 0, `${rewound.messages}${rewound.output}`);
  assert.deepEqual(subjects(), whole);
  stop.abort();
  const { messages, exitCode } = await running;
  assert.equal(exitCode, 0, messages);
  assert.match(messages, /alarm-1: 200 of 2[35]0 messages of .* disappeared/);
  // The same again while nobody looks: the next daemon sees it by what the journal knows.
  server.doveadm("expunge", "-u", "anna", "mailbox", "INBOX", "1:*");
  const again = new AbortController();
  const limit = AbortSignal.any([again.signal, AbortSignal.timeout(60_000)]);
  const seen = until(({ groups }) => groups[0]?.alarms.includes("alarm-2") === true, limit);
  const later = run(["daemon", ...configured], again.signal);
  later.catch(() => undefined).finally(() => again.abort());
  await seen;
  again.abort();
  assert.match((await later).messages, /alarm-2: 230 of 2[35]0 messages of .* disappeared/);
  const back = await run(["rewind", "mx1", "--before", "alarm-2", "--yes", ...configured]);
  assert.equal(back.exitCode, 0, `${back.messages}${back.output}`);
  assert.deepEqual(subjects(), whole);
});

async function append(server: DovecotImap, user: string, count: number): Promise<void> {
  const place = { host: "127.0.0.1", port: server.port, security: "none" } as const;
  await using account = await openImapAccount({ server: place, user, password: userPassword });
  for (let index = 0; index < count; index++) {
    const bytes = Buffer.from(`Subject: ${user} ${index}\r\n\r\n${"text ".repeat(30)}\r\n`);
    const internalDateSeconds = 1_700_000_000 + index;
    await account.append("INBOX", { bytes, flags: [], keywords: [], internalDateSeconds });
  }
}

async function configure(server: DovecotImap): Promise<void> {
  await mkdir(state, { recursive: true });
  await writeFile(join(folder, "master"), masterPassword, { mode: 0o600 });
  await writeFile(
    join(folder, "config.yaml"),
    `version: 1
servers:
  mx1:
    type: dovecot
    path: ${server.folder}/home
    data_source: live application
    imap: {url: "imap://127.0.0.1:${server.port}", master: ${masterName}, password: "file:${folder}/master"}
copies:
  here: {layer: operational, path: ${join(folder, "copy")}, key: "env:RESTANTE_PASSWORD"}
tiers:
  all: {operational: {method: continuous data protection, copy: here, keep: [every change for 48 hours]}}
lines_of_business:
  everyone: {mailboxes: ["*"], tier: all}
`,
  );
}
