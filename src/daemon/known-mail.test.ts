import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { RecoveryError } from "#errors";
import { type Image, memoryImage, type RawPath } from "#image";
import { type FileState, type Journal, memoryJournal } from "#journal";
import { countDovecotIndex } from "#mail";
import { alarmsIn } from "#records";
import type { MailThere } from "#signals";
import { indexHead } from "../signals/cyrus-index.fixture.ts";
import { appends, expunges, logHeader } from "../signals/dovecot-log.fixture.ts";
import { FakeClock, fakeGroup, type FakeGroupOptions } from "./daemon.fixture.ts";
import { runDaemon } from "./run-daemon.ts";
import { serviceManager } from "./service-manager.ts";

const second = 1_000_000_000n;
const log = "xd/mailboxes/INBOX/dbox-Mails/dovecot.index.log" as RawPath;
const map = "xd/storage/dovecot.map.index.log" as RawPath;
const spool = "spool/user/cass" as RawPath;
const fileState = { type: "file", mode: 0o600, uid: 0, gid: 0, inode: 9n, links: 1 } as const;

function stateAt(mtimeNs: bigint): FileState {
  return { ...fileState, mtimeNs, ctimeNs: mtimeNs };
}

/** A daemon that was away for an hour, and what its first scan finds. */
class Away {
  readonly clock = new FakeClock();
  readonly endNs: bigint = this.clock.now() - 3600n * second;
  readonly notes: string[] = [];
  readonly #earlier = memoryJournal({ group: "mx1" });

  constructor() {
    this.#earlier.append({ type: "mark", name: "start" }, this.endNs - 100n * second);
    this.#earlier.append({ type: "mark", name: "base", id: "here 1" }, this.endNs - 30n * second);
  }

  /** While following went on. */
  grew(path: RawPath, offset: number, bytes: Buffer): void {
    const content = this.#earlier.store(bytes, this.endNs);
    const sizeBytes = offset + bytes.length;
    const event = { path, offset, content, sizeBytes, state: stateAt(this.endNs) };
    this.#earlier.append({ type: "write", ...event }, this.endNs);
  }

  /** What the alarms say after a scan that found this. */
  async alarms(
    there: readonly MailThere[],
    scan: (journal: Journal, atNs: bigint) => void,
    { base, ...more }: Partial<FakeGroupOptions> & { readonly base: () => Image },
  ): ReturnType<ReturnType<typeof alarmsIn>["list"]> {
    const { clock, endNs, notes } = this;
    const stateFolder = mkdtempSync(join(tmpdir(), "restante-away-"));
    const stop = new AbortController();
    const at = { fromNs: endNs - 50n * second, atNs: endNs - 40n * second };
    const group = fakeGroup("mx1", {
      clock,
      bases: [{ id: "here 1", ...at }],
      openJournal: async () => {
        const journal = memoryJournal({ group: "mx1", records: this.#earlier.records });
        journal.append({ type: "mark", name: "start" }, clock.now());
        group.journals.push(journal);
        return journal;
      },
      openBase: async () => ({ image: base(), fromNs: at.fromNs }),
      mailThere: async function* () {
        yield* there;
      },
      ...more,
    });
    let isReady = false;
    const running = runDaemon({
      groups: [group],
      stateFolder,
      clock,
      manager: serviceManager({ socket: undefined, watchdogMicroseconds: undefined }),
      audit: async () => undefined,
      onNote: ({ text }) => void notes.push(text),
      onReady: () => (isReady = true),
      signal: stop.signal,
    });
    try {
      await clock.until(() => isReady);
      const journal = group.journal();
      // Nobody promised more: what is on record since is known all the same.
      const fromNs = endNs - 2n * second;
      const gap = { type: "gap", fromNs, toNs: clock.now(), why: "not-running" } as const;
      journal.append(gap, clock.now());
      scan(journal, clock.now());
      journal.append({ type: "mark", name: "reconciled" }, clock.now());
      await journal.flush();
      for (let passed = 0; passed < 5; passed++) await clock.pass(1000);
      stop.abort();
      await running;
      return await alarmsIn(stateFolder).list();
    } finally {
      rmSync(stateFolder, { recursive: true });
    }
  }
}

const bytesBefore = Buffer.concat([logHeader(), appends(1, 60)]);
const bytesSince = appends(61, 40);
const bytesAway = expunges(1, 90);

function mdboxThere(awayBytes: Buffer): readonly MailThere[] {
  const bytes = Buffer.concat([bytesBefore, bytesSince, awayBytes]);
  const index = countDovecotIndex({ log: bytes });
  return [
    {
      path: map,
      index: countDovecotIndex({ log: logHeader({ indexId: 8 }) }),
      sizeBytes: 40,
      mtimeNs: 1n,
    },
    { path: log, index, sizeBytes: bytes.length, mtimeNs: 2n },
    { path: "xd/storage/m.1" as RawPath },
  ];
}

function mdboxBase(): Image {
  const nodes = {
    [map]: { bytes: logHeader({ indexId: 8 }), mtimeNs: 1n },
    [log]: { bytes: bytesBefore, mtimeNs: 1n },
    "xd/storage/m.1": "mail",
  };
  return memoryImage(nodes);
}

describe("what went while no daemon ran", () => {
  test("messages expunged inside mdbox are an alarm, and all was well when following ended", async () => {
    const away = new Away();
    away.grew(log, bytesBefore.length, bytesSince);
    const offset = bytesBefore.length + bytesSince.length;
    const [alarm, ...others] = await away.alarms(
      mdboxThere(bytesAway),
      (journal, atNs) => {
        const content = journal.store(bytesAway, atNs);
        const sizeBytes = offset + bytesAway.length;
        const event = { path: log, offset, content, sizeBytes, state: stateAt(atNs) };
        journal.append({ type: "write", ...event }, atNs);
      },
      { base: mdboxBase },
    );
    assert.deepEqual(others, []);
    assert.equal(alarm?.message, '90 of 100 messages of "xd" disappeared (90%)');
    assert.equal(alarm.before.atNs, away.endNs);
    assert.equal(away.notes.length, 1);
  });

  test("so is a mailbox of mdbox that is not there any more", async () => {
    const away = new Away();
    away.grew(log, bytesBefore.length, bytesSince);
    const [alarm] = await away.alarms(
      mdboxThere(Buffer.alloc(0)).filter(({ path }) => path !== log),
      (journal, atNs) => {
        journal.append({ type: "remove", path: log }, atNs);
        for (const path of ["xd/mailboxes/INBOX/dbox-Mails", "xd/mailboxes/INBOX"])
          journal.append({ type: "rmdir", path: path as RawPath }, atNs);
      },
      { base: mdboxBase },
    );
    assert.equal(alarm?.message, '100 of 100 messages of "xd" disappeared (100%)');
  });

  test("so are messages that a Cyrus index counts no more, while their files stay", async () => {
    const away = new Away();
    const names = Array.from({ length: 50 }, (_, index) => `${spool}/${index + 1}.`);
    const index = `${spool}/cyrus.index` as RawPath;
    const head = indexHead({ exists: 10, records: 50 });
    const there = [
      ...names.map((path) => ({ path: path as RawPath })),
      { path: index, head, sizeBytes: head.length, mtimeNs: 3n },
    ];
    const nodes = { [index]: { bytes: indexHead({ exists: 50 }), mtimeNs: 1n } };
    const [alarm] = await away.alarms(
      there,
      (journal, atNs) => {
        const content = journal.store(head, atNs);
        const event = { path: index, content, sizeBytes: head.length, state: stateAt(atNs) };
        journal.append({ type: "put", ...event }, atNs);
      },
      { base: () => memoryImage(nodes) },
    );
    assert.equal(alarm?.message, '40 of 50 messages of "cass" disappeared (80%)');
    assert.equal(alarm.before.atNs, away.endNs - 2n * second);
  });

  test("without a base that can be opened what is there now counts, and that is said", async () => {
    const away = new Away();
    const alarms = await away.alarms(mdboxThere(bytesAway), () => undefined, {
      base: () => {
        throw new RecoveryError("storage.unreachable", "Cannot open the copy: it is away");
      },
    });
    assert.deepEqual(alarms, []);
    assert.match(away.notes.join(), /nothing ran raises no alarm: Cannot open the copy/);
  });
});
