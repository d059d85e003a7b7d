import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { RecoveryError } from "#errors";
import type { RawPath } from "#image";
import type { Journal, JournalEvent } from "#journal";
import { alarmsIn, holdsIn } from "#records";
import { type FakeGroup, FakeClock, fakeGroup } from "./daemon.fixture.ts";
import { type DaemonStatus, type GroupStatus, readDaemonStatus } from "./daemon-status.ts";
import { type DaemonOptions, runDaemon } from "./run-daemon.ts";
import { serviceManager } from "./service-manager.ts";

const nobody = serviceManager({ socket: undefined, watchdogMicroseconds: undefined });

class Scene implements AsyncDisposable {
  readonly clock = new FakeClock();
  readonly state = mkdtempSync(join(tmpdir(), "restante-daemon-"));
  readonly notes: string[] = [];
  readonly audited: string[] = [];
  readonly stop = new AbortController();
  #running: Promise<DaemonStatus> | undefined;
  ready: DaemonStatus | undefined;

  start(groups: readonly FakeGroup[], more: Partial<DaemonOptions> = {}): Promise<DaemonStatus> {
    this.#running = runDaemon({
      groups,
      stateFolder: this.state,
      clock: this.clock,
      manager: nobody,
      audit: async (verb) => void this.audited.push(verb),
      onNote: ({ group, text }) => void this.notes.push(`${group}: ${text}`),
      onReady: (status) => (this.ready = status),
      signal: this.stop.signal,
      ...more,
    });
    this.#running.catch(() => undefined);
    return this.#running;
  }

  async follows(groups: readonly FakeGroup[]): Promise<void> {
    void this.start(groups);
    await this.clock.until(() => this.ready !== undefined);
  }

  async status(): Promise<readonly GroupStatus[]> {
    return (await readDaemonStatus(this.state))?.groups ?? [];
  }

  async ends(): Promise<DaemonStatus> {
    this.stop.abort();
    return await (this.#running as Promise<DaemonStatus>);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.stop.abort();
    await this.#running?.catch(() => undefined);
    rmSync(this.state, { recursive: true });
  }
}

const marksOf = (group: FakeGroup): readonly string[] =>
  group
    .journal()
    .records.map(({ event }) => event)
    .filter((event): event is JournalEvent & { type: "mark" } => event.type === "mark")
    .filter(({ name }) => name !== "start")
    .map(({ name, id }) => (id === undefined ? name : `${name} ${id}`));

test("a group takes a base when there is none, follows, and ends with a clean stop", async () => {
  await using scene = new Scene();
  const group = fakeGroup("mx1", { clock: scene.clock });
  await scene.follows([group]);
  assert.deepEqual(scene.ready?.groups[0]?.phase, "following");
  assert.deepEqual(marksOf(group), ["base here 1"]);
  const [status] = await scene.status();
  assert.equal(status?.base?.id, "here 1");
  assert.equal(status.lagMs, 3);
  assert.equal(statSync(join(scene.state, "daemon-status.json")).mode & 0o777, 0o600);
  const last = await scene.ends();
  assert.equal(last.groups[0]?.phase, "stopped");
  assert.equal(group.capturing().isClosed, true);
  assert.deepEqual(marksOf(group), ["base here 1", "clean-stop"]);
  assert.equal((await readDaemonStatus(scene.state))?.state, "stopped");
});

test("a base that is there is gone on from; the next comes when it is due, or when another run took one", async () => {
  await using scene = new Scene();
  const atNs = scene.clock.now() - 1_000_000_000n;
  const group = fakeGroup("mx1", {
    clock: scene.clock,
    bases: [{ id: "here 0", fromNs: atNs, atNs }],
    journalStartNs: atNs,
    baseEveryMs: 60_000,
  });
  await scene.follows([group]);
  assert.deepEqual(marksOf(group), ["base here 0"]);
  await scene.clock.pass(60_000);
  await scene.clock.until(() => marksOf(group).length === 2);
  group.bases.push({ id: "by cron", fromNs: scene.clock.now(), atNs: scene.clock.now() + 1n });
  await scene.clock.pass(60_000);
  await scene.clock.until(() => marksOf(group).length === 3);
  assert.deepEqual(marksOf(group), ["base here 0", "base here 2", "base by cron"]);
});

test("a base from before the journal began is none that it goes on from", async () => {
  await using scene = new Scene();
  const atNs = scene.clock.now();
  const bases = [{ id: "here 0", fromNs: atNs - 1n, atNs }];
  const group = fakeGroup("mx1", { clock: scene.clock, bases });
  await scene.follows([group]);
  assert.deepEqual(marksOf(group), ["base here 2"]);
});

test("the journal is kept as the rules say: at start and every hour, never what a hold or a base needs", async () => {
  await using scene = new Scene();
  const hourNs = 3_600_000_000_000n;
  const group = fakeGroup("mx1", {
    clock: scene.clock,
    baseEveryMs: 2 * 3_600_000,
    keepChangesSince: (nowNs) => nowNs - 3n * hourNs,
  });
  await scene.follows([group]);
  const first = (): number => group.journal().records[0]?.sequence ?? 0;
  const change = (): void => {
    const path = "a/cur/1.M1:2,S" as RawPath;
    group.journal().append({ type: "remove", path }, scene.clock.now());
  };
  const hours = async (count: number): Promise<void> => {
    for (let hour = 0; hour < count; hour++) {
      change();
      await scene.clock.pass(3_600_000);
      await scene.clock.until(() => group.capturing().isClosed === false, 1000);
      await scene.clock.pass(1000);
      await scene.clock.pass(1000);
    }
  };
  await hours(3);
  assert.equal(first(), 1);
  const holds = holdsIn(scene.state);
  const held = { group: "mx1", by: "me", sinceNs: scene.clock.now(), reason: "a case" };
  const id = await holds.add(held);
  await hours(4);
  assert.equal(first(), 1);
  await holds.replace(id, { ...held, released: { atNs: scene.clock.now(), by: "me" } });
  await scene.clock.pass(3_600_000);
  await scene.clock.until(() => first() > 1, 1000);
  // What is left begins before the base that the window's first moments are replayed on.
  const base = group.bases.findLast(({ atNs }) => atNs <= scene.clock.now() - 3n * hourNs);
  assert.ok((group.journal().records[0]?.atNs ?? 0n) < (base?.fromNs ?? 0n));
  assert.ok((group.journal().records[2]?.atNs ?? 0n) >= (base?.fromNs ?? 0n) - 10_000_000_000n);
  writeFileSync(join(scene.state, "holds", "hold-1.json"), "{");
  await scene.clock.pass(3_600_000);
  await scene.clock.until(() => scene.notes.some((note) => /stays for now/.test(note)), 1000);
});

test("a mirror runs while the journal is open, is in the status, and gets the journal's end", async () => {
  await using scene = new Scene();
  const told: string[] = [];
  const status = {
    location: "vault",
    state: "following",
    sequence: 3,
    lagSequences: 1,
    lagBytes: 20,
    lagMs: 5,
  } as const;
  const group = fakeGroup("mx1", {
    clock: scene.clock,
    openMirror: async ({ journal, backOffMs }) => {
      assert.equal(journal, group.journal());
      told.push(`opened, and waits ${backOffMs(1)} and ${backOffMs(Infinity)} ms`);
      return {
        status,
        run: async (signal) => {
          if (!signal.aborted) await once(signal, "abort");
          told.push("stopped");
        },
        finish: async () => void told.push(`finished: ${marksOf(group).at(-1)}`),
        [Symbol.asyncDispose]: async () => void told.push("closed"),
      };
    },
  });
  await scene.follows([group]);
  assert.deepEqual((await scene.status())[0]?.mirror, status);
  group.capturing().fail(new RecoveryError("journal.write-failed", "Cannot write: EIO"));
  await scene.clock.until(() => group.captures.length === 2, 10);
  await scene.clock.until(() => marksOf(group).length === 2);
  await scene.ends();
  const opened = "opened, and waits 1000 and 300000 ms";
  const ends = ["stopped", "finished: clean-stop", "closed"];
  assert.deepEqual(told, [opened, "stopped", "closed", opened, ...ends]);
});

test("a group that fails is started again, later each time, and takes no other down", async () => {
  await using scene = new Scene();
  const good = fakeGroup("good", { clock: scene.clock });
  let attempts = 0;
  const bad = fakeGroup("bad", {
    clock: scene.clock,
    openJournal: async () => {
      attempts++;
      throw new RecoveryError("journal.full", "Cannot open the journal: no space");
    },
  });
  await scene.follows([bad, good]);
  assert.deepEqual(
    scene.ready?.groups.map(({ phase }) => phase),
    ["waiting", "following"],
  );
  assert.match(
    scene.notes[0] ?? "",
    /^bad: Cannot open the journal: no space; it starts again in 1 s/,
  );
  await scene.clock.until(() => attempts === 4, 250);
  assert.equal((await scene.status()).find(({ group }) => group === "good")?.phase, "following");
  const waits = scene.notes.slice(0, 3).map((note) => / in (\d+) s$/.exec(note)?.[1]);
  assert.deepEqual(waits, ["1", "2", "4"]);
});

test("a capture that ends by itself ends without a clean stop, and is started again", async () => {
  await using scene = new Scene();
  const group = fakeGroup("mx1", { clock: scene.clock });
  await scene.follows([group]);
  group.capturing().fail(new RecoveryError("journal.write-failed", "Cannot write: EIO"));
  await scene.clock.until(() => group.captures.length === 2, 10);
  await scene.clock.until(() => marksOf(group).length === 2);
  assert.deepEqual(marksOf(group), ["base here 1", "base here 1"]);
  assert.match(scene.notes.join("\n"), /mx1: Cannot write: EIO; it starts again/);
});

test("mail that disappears becomes one alarm, on record, audited and held", async () => {
  await using scene = new Scene();
  const names = (user: string): string[] =>
    Array.from({ length: 100 }, (_, n) => `${user}/cur/${n}.M1:2,S`);
  const group = fakeGroup("mx1", { clock: scene.clock, mail: [...names("a"), ...names("b")] });
  await scene.follows([group]);
  const before = group.journal().lastSequence;
  for (const path of [...names("a"), ...names("b")])
    group.journal().append({ type: "remove", path: path as RawPath }, scene.clock.now());
  await scene.clock.pass(1000);
  await scene.clock.until(() => marksOf(group).includes("alarm alarm-1"), 10);
  const { groups } = await scene.ends();
  assert.deepEqual(groups[0]?.alarms, ["alarm-1"]);
  const [alarm, ...others] = await alarmsIn(scene.state).list();
  assert.deepEqual(others, []);
  assert.equal(alarm?.before.sequence, before);
  assert.deepEqual(alarm.paths.toSorted(), ["", "a", "b"]);
  const [hold] = await holdsIn(scene.state).list();
  assert.deepEqual(
    [hold?.group, hold?.alarm, hold?.untilNs],
    ["mx1", "alarm-1", alarm.before.atNs],
  );
  assert.deepEqual(scene.audited, ["alarm"]);
});

test("gaps and what is held are told, and are in the status", async () => {
  await using scene = new Scene();
  const group = fakeGroup("mx1", { clock: scene.clock });
  await scene.follows([group]);
  const gap = { type: "gap", why: "overflow", fromNs: 1n, toNs: 2n, message: "too much" } as const;
  group.capturing().tell(gap);
  group.capturing().state = "held";
  const status = await scene.ends();
  assert.equal(status.groups[0]?.gaps, 1);
  assert.deepEqual(scene.notes, ["mx1: too much"]);
});

test("a journal that is not where it was ends its group, which begins again, and that is told", async () => {
  await using scene = new Scene();
  let isRemoved = false;
  const group = fakeGroup("mx1", {
    clock: scene.clock,
    checkJournal: async () => {
      if (isRemoved) throw new RecoveryError("journal.removed", "Cannot write: it was removed");
    },
  });
  await scene.follows([group]);
  isRemoved = true;
  await scene.clock.pass(1000);
  await scene.clock.until(() => scene.notes.length > 0, 10);
  isRemoved = false;
  await scene.clock.until(() => group.captures.length === 2, 10);
  assert.match(scene.notes.join(), /mx1: Cannot write: it was removed; it starts again in \d+ s/);
  assert.equal(marksOf(group).includes("clean-stop"), false);
});

test("what a person said is right is taken so before the group follows", async () => {
  await using scene = new Scene();
  const taken = Promise.withResolvers<void>();
  let isAsked = false;
  const group = fakeGroup("mx1", {
    clock: scene.clock,
    accept: async () => {
      isAsked = true;
      await taken.promise;
    },
  });
  const running = scene.start([group]);
  await scene.clock.until(() => isAsked);
  await scene.clock.pass(1000);
  const isFollowing = (): boolean => scene.ready?.groups[0]?.phase === "following";
  assert.equal(isFollowing(), false);
  assert.deepEqual(marksOf(group), []);
  taken.resolve();
  await scene.clock.until(isFollowing, 10);
  scene.stop.abort();
  await running;
});

test("the delivery stage outlives a capture that fails, and stops before the journal is closed", async () => {
  await using scene = new Scene();
  const opened: (boolean | string)[] = [];
  let ask: (failed?: Journal) => Promise<Journal> = async () => await Promise.reject(new Error());
  let isStopped = false;
  const group = fakeGroup("mx1", {
    clock: scene.clock,
    startStage: async (openJournal) => {
      ask = openJournal;
      await openJournal();
      opened.push(true);
      return {
        status: { deliveries: 3 },
        ended: new Promise(() => undefined),
        [Symbol.asyncDispose]: async () => {
          isStopped = true;
          opened.push(group.capturing().isClosed);
        },
      };
    },
  });
  await scene.follows([group]);
  const first = await ask();
  group.capturing().fail(new RecoveryError("journal.write-failed", "Cannot write: EIO"));
  await scene.clock.until(() => group.captures.length === 2, 10);
  assert.equal(isStopped, false);
  assert.notEqual(await ask(first), first);
  await assert.rejects(ask(await ask()), { code: "daemon.no-journal" });
  const status = await scene.ends();
  assert.deepEqual(opened, [true, false]);
  assert.deepEqual(status.groups[0]?.phase, "stopped");
});

test("one daemon works in a state folder; what is nothing, and a status that is none, are refused", async () => {
  await using scene = new Scene();
  const group = fakeGroup("mx1", { clock: scene.clock });
  await scene.follows([group]);
  const second = {
    clock: scene.clock,
    signal: scene.stop.signal,
    manager: nobody,
    stateFolder: scene.state,
  };
  const options = {
    ...second,
    groups: [group],
    audit: async () => undefined,
    onNote: () => undefined,
  };
  await assert.rejects(runDaemon(options), { code: "daemon.running" });
  await assert.rejects(runDaemon({ ...options, groups: [] }), { code: "daemon.nothing-to-do" });
  await scene.ends();
  const path = join(scene.state, "daemon-status.json");
  const whole = readFileSync(path, "utf8");
  for (const damage of ["", "{", "[]", "null", whole.replace('"format":1', '"format":2')]) {
    writeFileSync(path, damage);
    await assert.rejects(readDaemonStatus(scene.state), { code: "daemon.bad-status" }, damage);
  }
});
