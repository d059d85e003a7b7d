/**
 * A real Cyrus, whose expunged messages keep their files: what its users and its nightly upkeep do raises no
 * alarm, and an alarm names the person whose mail it was.
 */
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { mailIn } from "#daemon";
import { type RawPath, systemClockNs } from "#image";
import { memoryJournal } from "#journal";
import { SignalWatch } from "#signals";
import { captureContinuously } from "#sources";
import { Cyrus, withoutCyrus } from "./support/cyrus.ts";
import { CyrusSession } from "./support/cyrus-session.ts";

const skip = withoutCyrus;
const deleted = "STORE 1:* +FLAGS.SILENT (\\Deleted)";

test(
  "what people and upkeep do in Cyrus is no removal; a mass expunge names its owner",
  { skip },
  async () => {
    // It makes every change durable: in memory that costs nothing.
    const folder = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "restante-"));
    await using server = await Cyrus.start(join(folder, "server"));
    const as = async (user: string, ...commands: readonly string[]): Promise<void> => {
      const session = await CyrusSession.logIn(server, user);
      for (const command of commands) await session.command(command);
      await session.logOut();
    };
    const mailboxes = ["cass", "cass/Archive", "cass/Trash", "dora"];
    await as("admin", ...mailboxes.map((name) => `CREATE user/${name}`));
    await fill(server, "cass", 100);
    await fill(server, "dora", 60);
    const store = server.store as RawPath;
    const signals = new SignalWatch({ settleMs: 0, withinMs: 60_000 });
    for await (const there of mailIn(store, new AbortController().signal)) signals.learn(there);
    assert.equal(signals.messages, 160);
    signals.isCatchingUp = true;
    const journal = memoryJournal();
    journal.subscribe((record) => signals.observe(record));
    const stateFolder = join(folder, "state");
    const capture = await captureContinuously({
      group: "mail",
      folder: store,
      journal,
      stateFolder,
    });
    await capture.ready;
    signals.isCatchingUp = false;
    const seen = async (work: () => unknown): Promise<readonly string[]> => {
      await work();
      await capture.settle();
      return signals.check(systemClockNs()).map(({ path, count, of }) => `${path} ${count}/${of}`);
    };
    try {
      const quiet: readonly (readonly [messages: number, ...commands: readonly string[]])[] = [
        [200, "SELECT INBOX", "COPY 1:40 Archive"],
        [160, "SELECT INBOX", "STORE 1:40 +FLAGS.SILENT (\\Deleted)", "EXPUNGE"],
        [160, "SELECT INBOX", "MOVE 1:30 Trash"],
        [160, "RENAME Archive Old", "SELECT Old", "MOVE 1:10 INBOX"],
        [145, "SELECT INBOX", "STORE 1:15 +FLAGS.SILENT (\\Deleted)", "EXPUNGE"],
      ];
      for (const [messages, ...commands] of quiet) {
        assert.deepEqual(await seen(() => as("cass", ...commands)), [], commands.join("; "));
        assert.equal(signals.messages, messages, commands.join("; "));
      }
      const expire = (): string => server.run("cyr_expire", "-X", "0", "-D", "0", "-E", "1");
      assert.deepEqual(await seen(expire), []);
      assert.equal(signals.messages, 145);
      // What was thrown away just now, with the 15 above: 45 of 100; the store has 160.
      const emptied = await seen(() => as("cass", "SELECT Trash", deleted, "EXPUNGE"));
      assert.deepEqual(emptied, ["cass 45/100", " 45/160"]);
      const gone = await seen(() => as("dora", "SELECT INBOX", deleted, "EXPUNGE"));
      assert.ok(gone.includes("dora 60/60"), gone.join());
      assert.deepEqual(await seen(expire), []);
      assert.deepEqual(await seen(() => as("cass", "DELETE Old")), []);
      assert.equal(signals.messages, 25);
      assert.deepEqual(await seen(expire), []);
      assert.equal(signals.messages, 25);
    } finally {
      await capture.close();
      await server[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true, force: true });
    }
  },
);

async function fill(server: Cyrus, user: string, count: number): Promise<void> {
  const session = await CyrusSession.logIn(server, user);
  for (let index = 0; index < count; index++)
    await session.command("APPEND INBOX", Buffer.from(`Subject: ${index}\r\n\r\n${user}\r\n`));
  await session.logOut();
}
