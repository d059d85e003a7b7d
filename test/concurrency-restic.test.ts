/**
 * restic at work on a repository while we are: each either does its work or says that the other holds the
 * repository, and nothing is lost on either side.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { after, before, describe, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { inspect } from "node:util";
import { isRecoveryError } from "#errors";
import type { Repository } from "#repository";
import { directoryStorage, faultyStorage, seededNumbers, type StorageAction } from "#storage";
import { systemClock } from "#time";
import { contentsOfFolder, contentsOfImage, deliver, makeMaildir } from "./support/mail-store.ts";
import { captureStore, filesIn, password, Site, withoutRestic } from "./support/recovery-site.ts";

const rounds = 200;
const now = systemClock();

type Random = () => number;
const oneOf = <T>(random: Random, list: readonly T[]): T =>
  list[Math.floor(random() * list.length)] as T;

/** restic tells by SIGHUP whether the holder of a lock is alive; this process holds some. */
let hangUps = 0;
const onHangUp = (): void => void hangUps++;

class Contest {
  readonly site = new Site();
  readonly vault = new Site();
  readonly other: string;
  #delivered: string[] = [];
  #number = 1000;

  constructor() {
    makeMaildir(this.site.store, 16);
    this.other = join(this.site.folder, "other-files");
    mkdirSync(this.other);
  }

  async begin(): Promise<void> {
    await this.site.init();
    await this.vault.init();
    await this.site.capture();
    await this.site.capture();
  }

  changeStore(random: Random): void {
    for (let n = 0; n < 3; n++) this.#delivered.push(deliver(this.site.store, this.#number++));
    while (this.#delivered.length > 12) {
      const [path] = this.#delivered.splice(Math.floor(random() * this.#delivered.length), 1);
      rmSync(join(this.site.store, path as string));
    }
    writeFileSync(join(this.other, "file"), `${this.#number} `.repeat(3000));
  }

  [Symbol.dispose](): void {
    this.site[Symbol.dispose]();
    this.vault[Symbol.dispose]();
  }
}

type Ours = (contest: Contest, repository: Repository) => Promise<unknown>;

const ours: Readonly<Record<string, Ours>> = {
  capture: async ({ site }, repository) => {
    const expected = contentsOfFolder(site.store);
    const { snapshot } = await captureStore(repository, site.store);
    // restic may have forgotten it at once, as it was told.
    if (!filesIn(site, "snapshots").includes(snapshot.id)) return;
    const content = await contentsOfImage(await repository.image(snapshot)).catch(
      (error: unknown) => {
        assert.ok(!filesIn(site, "snapshots").includes(snapshot.id), String(error));
      },
    );
    if (content !== undefined) assert.deepEqual(content, expected);
  },
  expire: async (_contest, repository) => {
    const own = (await repository.snapshots()).filter(({ tags }) => tags.includes("restante"));
    await repository.removeSnapshots(own.slice(0, -3).map(({ id }) => id));
  },
  release: async (_contest, repository) => {
    const newest = (await repository.snapshots()).at(-1);
    if (newest !== undefined) await repository.replaceTags(newest, [...newest.tags, "looked-at"]);
  },
  prune: async (_contest, repository) => await repository.prune({ now, maxUnusedShare: 0 }),
  verify: async (_contest, repository) => {
    const { findings } = await repository.verify({ readData: true });
    assert.deepEqual(
      findings.filter(({ severity }) => severity === "error"),
      [],
    );
  },
  "duplicate from": async ({ vault }, repository) => {
    await using to = await vault.open();
    await repository.duplicateTo(to, { snapshots: (await repository.snapshots()).slice(-1), now });
  },
  "duplicate to": async ({ vault }, repository) => {
    await using from = await vault.open();
    await from.duplicateTo(repository, { snapshots: (await from.snapshots()).slice(-1), now });
  },
};

const theirs: Readonly<Record<string, readonly string[]>> = {
  backup: ["backup", "--host", "other", "other-files"],
  forget: ["forget", "--group-by", "host", "--keep-last", "3"],
  "forget and prune": [
    "forget",
    "--group-by",
    "host",
    "--keep-last",
    "3",
    "--prune",
    "--max-unused",
    "0",
  ],
  prune: ["prune", "--max-unused", "0"],
  unlock: ["unlock"],
  check: ["check"],
};

type ResticEnd = { readonly status: number | null; readonly output: string };

async function runRestic(site: Site, argv: readonly string[]): Promise<ResticEnd> {
  const child = spawn("restic", ["--no-cache", "-r", site.repository, ...argv], {
    cwd: site.folder,
    env: { ...process.env, RESTIC_PASSWORD: password },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [out, err, [status]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "exit") as Promise<[number | null]>,
  ]);
  return { status, output: `${out}${err}` };
}

/** What another's lock, or another's removal, may make of a run of ours. */
const mayHappen: readonly string[] = [
  "repository.locked",
  "repository.lock-lost",
  "repository.changed",
  "storage.not-found",
  "repository.moment-gone",
];
/** The same of restic. A file that goes while restic reads it without a lock ends it too. */
const resticMayHappen =
  /already locked|unable to create lock|does not exist|no such file|not found/;

async function endOf(work: Promise<unknown>): Promise<unknown> {
  return await work.then(
    () => undefined,
    (error: unknown) => error ?? new Error("nothing was thrown"),
  );
}

async function assertWhole(site: Site, where: string): Promise<void> {
  await using repository = await site.open();
  const { findings, snapshots } = await repository.verify();
  assert.deepEqual(
    findings.filter(({ severity }) => severity === "error"),
    [],
    where,
  );
  assert.ok(snapshots > 0, where);
}

async function assertResticAgrees(site: Site, where: string): Promise<void> {
  const { status, output } = await runRestic(site, ["check", "--read-data"]);
  assert.equal(status, 0, `${where}: ${output}`);
}

describe("restic at the same time", { skip: withoutRestic, concurrency: false }, () => {
  before(() => process.on("SIGHUP", onHangUp));
  after(() => process.off("SIGHUP", onHangUp));

  test(`${rounds} seeded rounds of each of our commands against each of restic's: nothing is lost`, async (t) => {
    const seed = Number(process.env["RESTANTE_TEST_SEED"] ?? 20261126);
    const refusals = { ours: 0, restic: 0 };
    // Most of a round is waiting for locks: two repositories at once take half the time.
    await Promise.all([seed, seed + 1].map((own) => contend(own, refusals)));
    t.diagnostic(
      `refused: ${refusals.ours} of ours, ${refusals.restic} of restic's; SIGHUP ${hangUps} times`,
    );
    assert.ok(refusals.ours < rounds / 2 && refusals.restic < rounds / 2);
    assert.ok(hangUps > 0, "restic never asked whether we live");
  });

  async function contend(seed: number, refusals: { ours: number; restic: number }): Promise<void> {
    using contest = new Contest();
    const { site } = contest;
    await contest.begin();
    for (let round = 0; round < rounds / 2; round++) {
      const random = seededNumbers(seed * 7919 + round);
      const [own, foreign] = [oneOf(random, Object.keys(ours)), oneOf(random, Object.keys(theirs))];
      const where = `seed ${seed}, round ${round}: ${own} beside restic ${foreign}`;
      contest.changeStore(random);
      const [early, late] = [random() < 0.5, random() * 250];
      const wait = async (first: boolean): Promise<unknown> => (first ? undefined : pause(late));
      const [error, restic] = await Promise.all([
        wait(early).then(() => endOf(runOurs(contest, own))),
        wait(!early).then(() => runRestic(site, theirs[foreign] as readonly string[])),
      ]);
      if (error !== undefined) {
        refusals.ours++;
        if (!isRecoveryError(error) || !mayHappen.includes(error.code))
          throw new Error(where, { cause: error });
      }
      if (restic.status !== 0) {
        refusals.restic++;
        assert.match(restic.output, resticMayHappen, where);
      }
      await assertWhole(site, where);
      if (round % 20 === 19) await assertResticAgrees(site, where);
    }
    assert.deepEqual(filesIn(site, "locks"), []);
  }

  async function runOurs(contest: Contest, name: string): Promise<void> {
    await using repository = await contest.site.open();
    await (ours[name] as Ours)(contest, repository);
  }

  for (const [action, type, at] of [
    ["save", "data", 1],
    ["save", "data", 2],
    ["save", "index", 1],
    ["stat", "lock", 1],
    ["stat", "lock", 2],
    ["save", "snapshot", 1],
    ["stat", "lock", 4],
  ] as const satisfies readonly (readonly [StorageAction, string, number])[]) {
    test(`unlock by force and forget --prune in the middle of a capture (${action} ${type} ${at}): no moment lacks a blob`, async () => {
      using contest = new Contest();
      const { site } = contest;
      await contest.begin();
      // The newest moment lacks messages that the store has again: a forgotten moment alone still has them.
      const trash = join(site.folder, "trash");
      cpSync(join(site.store, "cur"), trash, { recursive: true });
      rmSync(join(site.store, "cur"), { recursive: true });
      mkdirSync(join(site.store, "cur"));
      await site.capture();
      cpSync(trash, join(site.store, "cur"), { recursive: true, preserveTimestamps: true });
      for (let number = 500; number < 510; number++) deliver(site.store, number);
      let wasReached = false;
      const until = async (): Promise<void> => {
        wasReached = true;
        for (const argv of [
          ["unlock", "--remove-all"],
          ["forget", "--keep-last", "1", "--prune", "--max-unused", "0"],
        ]) {
          const { status, output } = await runRestic(site, argv);
          assert.equal(status, 0, output);
        }
      };
      const storage = faultyStorage(directoryStorage(site.repository), {
        rules: [{ kind: "delay", action, type, at, until }],
      });
      const error = await endOf(site.capture({ storage }));
      assert.ok(wasReached);
      if (error !== undefined)
        assert.equal(isRecoveryError(error) && error.code, "repository.lock-lost", inspect(error));
      await assertWhole(site, "after the capture");
      const next = await site.capture();
      await using repository = await site.open();
      assert.deepEqual(
        await contentsOfImage(await repository.image(next.snapshot)),
        contentsOfFolder(site.store),
      );
      await assertResticAgrees(site, "after the next capture");
    });
  }

  test("forget --prune between two captures of one process: what it took is stored again", async () => {
    using contest = new Contest();
    const { site } = contest;
    await contest.begin();
    await using repository = await site.open();
    const first = await captureStore(repository, site.store);
    const trash = join(site.folder, "trash");
    cpSync(join(site.store, "cur"), trash, { recursive: true, preserveTimestamps: true });
    rmSync(join(site.store, "cur"), { recursive: true });
    mkdirSync(join(site.store, "cur"));
    await captureStore(repository, site.store);
    const argv = ["forget", "--keep-last", "1", "--prune", "--max-unused", "0"];
    const { status, output } = await runRestic(site, argv);
    assert.equal(status, 0, output);
    rmSync(join(site.store, "cur"), { recursive: true });
    cpSync(trash, join(site.store, "cur"), { recursive: true, preserveTimestamps: true });
    const last = await captureStore(repository, site.store);
    assert.ok(first.filesTotal === last.filesTotal);
    assert.deepEqual(
      await contentsOfImage(await repository.image(last.snapshot)),
      contentsOfFolder(site.store),
    );
    await assertResticAgrees(site, "at the end");
  });
});
