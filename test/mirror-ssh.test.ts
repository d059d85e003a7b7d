/**
 * The mirror of a journal over a real sshd, with a key that is restricted as the documentation says, while
 * the journal is written and the connection is killed again and again.
 */
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { localHost, type LogFolder, sshHost } from "#hosts";
import { type RawPath, rawPathFromText } from "#image";
import { type FolderJournal, JournalMirror, openJournal, openJournalReader } from "#journal";
import { killNow, noSshd } from "../src/hosts/sshd.fixture.ts";
import { codesOf, eventOf, recordsOf } from "../src/journal/segments/journal-in-memory.fixture.ts";
import { startVault } from "./support/vault.ts";

const secret = { password: "journal" };
const cost = { N: 16, r: 1, p: 1 };
const victims = ["sshd", "command"] as const;
const instants = ["before", "while", "after"] as const;
/** Calls of the mirror between two kills: some hit a piece, some the position, some the first words. */
const callsBetween = [1, 2, 7, 3, 12, 5, 1] as const;

type Strike = (call: () => Promise<void>) => Promise<void>;

/** A folder over there, with something around each call that changes it. */
function struck(log: LogFolder, strike: Strike): LogFolder {
  return {
    location: log.location,
    list: async (options) => await log.list(options),
    read: async (name, range) => await log.read(name, range),
    write: async (name, piece) => await strike(async () => await log.write(name, piece)),
    setPosition: async (bytes, options) =>
      await strike(async () => await log.setPosition(bytes, options)),
  };
}

async function until(isSo: () => boolean, limitMs = 120_000): Promise<void> {
  for (const startedMs = performance.now(); !isSo();) {
    assert.ok(performance.now() - startedMs < limitMs, "it hangs");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

describe("a mirror over SSH", { skip: noSshd ?? false }, async () => {
  const folder = mkdtempSync(join(tmpdir(), "restante-mirror-ssh-"));
  const at = (name: string): string => join(folder, name);
  await using stack = new AsyncDisposableStack();
  const vault = noSshd === undefined ? stack.use(await startVault(folder)) : undefined;
  const held = stack.move();
  after(async () => {
    await held.disposeAsync();
    rmSync(folder, { recursive: true, force: true });
  });

  const open = async (name: string): Promise<FolderJournal> =>
    await openJournal({
      folder: at(name),
      group: "mail",
      secret,
      cost,
      clock: () => 1n,
      segmentBytes: 64 * 1024,
    });

  /** What opens over there is the beginning of the journal, up to what was said to be there or more. */
  async function assertBeginning(journal: FolderJournal, said: number): Promise<void> {
    await using theirs = await openJournalReader({ folder: at("vault/journals/mail"), secret });
    const there = await recordsOf(theirs);
    const here = await recordsOf(journal);
    assert.deepEqual(there, here.slice(0, there.length));
    const last = there.at(-1)?.sequence ?? 0;
    assert.ok(last >= said, `${said} was said to be there, and ${last} is`);
    const wrong = codesOf(theirs.problems).filter(
      (code) => code !== "torn-tail" && code !== "unclean-stop",
    );
    assert.deepEqual(wrong, []);
  }

  test("what was said to be there is there and in order, whenever its connection is killed", async (t) => {
    await using journal = await open("journal");
    const { destination = "", sshCommand = [] } = vault?.sshd ?? {};
    await using host = sshHost({ destination, sshCommand, name: "vault", backOffMs: 20 });
    let [calls, kills, killed] = [0, 0, 0];
    let nextAt: number = callsBetween[0];
    const failures: unknown[] = [];
    const strike: Strike = async (call) => {
      if (kills === callsBetween.length || (calls += 1) < nextAt) return await call();
      const kill = (): void => {
        for (const pid of vault?.sshd.sessions(victims[kills % victims.length]) ?? []) {
          killNow(pid);
          killed += 1;
        }
      };
      const said = mirror.status.sequence;
      const instant = instants[kills % instants.length];
      if (instant === "before") kill();
      const called = call();
      if (instant === "while") kill();
      await called;
      if (instant === "after") kill();
      // What is thrown here would be taken for a mirror that fails.
      if (said > 0) await assertBeginning(journal, said).catch((error) => failures.push(error));
      kills += 1;
      nextAt = calls + (callsBetween[kills] ?? 0);
    };
    const notes: string[] = [];
    const mirror = new JournalMirror({
      journal,
      source: localHost().openLog(at("journal") as RawPath),
      target: struck(host.openLog(rawPathFromText(at("vault/journals/mail"))), strike),
      clock: {
        now: () => process.hrtime.bigint(),
        sleep: async (milliseconds) => await new Promise((done) => setTimeout(done, milliseconds)),
      },
      backOffMs: () => 20,
      onNote: (text) => void notes.push(text),
    });
    const stop = new AbortController();
    const running = mirror.run(stop.signal);
    for (let number = 0; kills < callsBetween.length;) {
      // It is written on while the connection is made again, and not without end.
      await until(() => journal.lastSequence - mirror.status.sequence < 1000);
      for (const end = number + 40; number < end; number++)
        journal.append(eventOf(number), BigInt(number));
      await journal.flush();
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    await until(() => mirror.status.lagBytes === 0 && mirror.status.state === "following");
    assert.equal(mirror.status.lagSequences, 0);
    await assertBeginning(journal, journal.lastSequence);
    stop.abort();
    await running;
    await journal.close();
    await mirror.finish(new AbortController().signal);
    for (const name of readdirSync(at("journal")).filter((one) => one !== "keys"))
      assert.ok(
        readFileSync(join(at("journal"), name)).equals(
          readFileSync(join(at("vault/journals/mail"), name)),
        ),
        name,
      );
    t.diagnostic(`${killed} processes killed at ${calls} calls`);
    assert.deepEqual(failures, []);
    assert.ok(killed >= callsBetween.length - 1, `${killed} were killed`);
    assert.deepEqual(notes, [], "each lost connection was made again without a word");
  });
});
