/**
 * Two writers and one pruner on one repository, over seeded rounds: whatever the order in which storage
 * answers them, every blob that a moment needs is there. In some rounds somebody removes the locks by
 * force. 1,000 rounds where CI is set, and as many as RESTANTE_TEST_ROUNDS says.
 */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { isRecoveryError } from "#errors";
import { openDirectoryImage, type RawPath, rawPathFromText } from "#image";
import { faultyStorage, seededNumbers, type Storage } from "#storage";
import { filesOf, startNs } from "./duplicate.fixture.ts";
import { openRepository } from "./open-repository.ts";
import { quickRepository } from "./repository.fixture.ts";
import type { Repository } from "./repository.ts";

/** Without any one look at the lock it fails within ten. */
const usualRounds = process.env["CI"] === undefined ? 150 : 1000;
const rounds = Number(process.env["RESTANTE_TEST_ROUNDS"] ?? usualRounds);
const password = "geheim";
const folder = mkdtempSync(join(tmpdir(), "restante-rounds-"));
after(() => rmSync(folder, { recursive: true, force: true }));

/** Messages come, go, and come again: what a prune took must be stored once more. */
const pool: readonly string[] = Array.from(
  { length: 24 },
  (_, n) => `From: a${n}@example.test\n\n${`${n} `.repeat(700 + 40 * n)}\n`,
);

type Random = () => number;
const pick = (random: Random, count: number): number => Math.floor(random() * count);

/** Storage that answers after a number of turns that the seed decides. */
function slow(storage: Storage, random: Random): Storage {
  const until = async (): Promise<void> => {
    for (let turns = pick(random, 4); turns > 0; turns--) await setImmediate();
  };
  return faultyStorage(storage, { rules: [{ kind: "delay", until }] });
}

class Writer {
  readonly #name: string;
  readonly #store: string;
  readonly #has = new Set<number>();

  constructor(name: string) {
    this.#name = name;
    this.#store = join(folder, name, "store");
    mkdirSync(join(this.#store, "cur"), { recursive: true });
    mkdirSync(join(this.#store, "new"));
  }

  change(random: Random): void {
    for (let changes = 1 + pick(random, 4); changes > 0; changes--) {
      const n = pick(random, pool.length);
      const path = join(this.#store, "cur", `${n}.M1.mx1:2,S`);
      if (this.#has.delete(n)) rmSync(path);
      else {
        this.#has.add(n);
        writeFileSync(path, pool[n] as string);
      }
    }
  }

  /** Takes a moment, again and again while others hold the repository. */
  async capture(storage: Storage, second: number): Promise<void> {
    // With the cache of the last capture: what it took for known may have been pruned since.
    const cacheFolder = join(folder, this.#name, "cache");
    await until(async () => {
      await using repository = await openRepository(storage, { password, cacheFolder });
      await using image = await openDirectoryImage(rawPathFromText(this.#store), {});
      const path = `/${this.#name}` as RawPath;
      const now = (): bigint => startNs + BigInt(second) * 1_000_000_000n;
      await repository.capture(image, {
        path,
        group: this.#name,
        hostname: "mx1",
        workers: 0,
        now,
      });
    });
  }
}

/** Until it succeeds; what may pass by itself is waited out. */
async function until(work: () => Promise<void>): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      await work();
      return;
    } catch (error) {
      const mayPass =
        isRecoveryError(error) &&
        ["repository.locked", "repository.lock-lost", "repository.changed"].includes(error.code);
      if (!mayPass || tries > 500) throw error;
      for (let turns = 0; turns < 20; turns++) await setImmediate();
    }
  }
}

/** Forgets all but the newest few, and frees the bytes. Once, or not at all where others hold the repository. */
async function forgetAndPrune(storage: Storage, keep: number): Promise<void> {
  await using repository = await openRepository(storage, { password });
  try {
    const all = await repository.snapshots();
    await repository.removeSnapshots(all.slice(0, -keep).map(({ id }) => id));
    await repository.prune({ now: () => startNs, maxUnusedShare: 0 });
  } catch (error) {
    if (!isRecoveryError(error)) throw error;
    const expected = ["repository.locked", "repository.lock-lost", "repository.changed"];
    // Somebody else's removal was faster.
    assert.ok([...expected, "storage.not-found"].includes(error.code), error.message);
  }
}

async function removeLocks(storage: Storage, random: Random): Promise<void> {
  for (let turns = pick(random, 60); turns > 0; turns--) await setImmediate();
  for (const name of await filesOf(storage, "lock"))
    await storage.remove({ type: "lock", name }).catch(() => undefined);
}

test("two writers and a pruner, round after round: every blob that a moment needs is there", async (t) => {
  const seed = Number(process.env["RESTANTE_TEST_SEED"] ?? 20261126);
  const storage = await quickRepository(password);
  const writers = [new Writer("one"), new Writer("two")];
  let [pruned, forced] = [0, 0];
  for (let round = 0; round < rounds; round++) {
    const where = `seed ${seed}, round ${round}`;
    const random = seededNumbers(seed * 7919 + round);
    for (const writer of writers) writer.change(random);
    const packsBefore = new Set(await filesOf(storage, "data"));
    const actors = writers.map((writer) => writer.capture(slow(storage, random), round));
    actors.push(forgetAndPrune(slow(storage, random), 2 + pick(random, 3)));
    if (random() < 0.1) {
      forced++;
      actors.push(removeLocks(storage, random));
    }
    const ends = await Promise.allSettled(actors);
    for (const end of ends)
      if (end.status === "rejected") throw new Error(where, { cause: end.reason });
    // Whoever came in between took its chance; now the pruner has its own.
    if (round % 4 === 3) await forgetAndPrune(slow(storage, random), 4);
    const packs = new Set(await filesOf(storage, "data"));
    if ([...packsBefore].some((pack) => !packs.has(pack))) pruned++;
    await assertWhole(storage, { where, readData: round % 50 === 49 });
  }
  t.diagnostic(`packs were removed in ${pruned} rounds, locks in ${forced}`);
  assert.ok(pruned > rounds / 10 && forced > rounds / 20);
});

async function assertWhole(
  storage: Storage,
  { where, readData }: { readonly where: string; readonly readData: boolean },
): Promise<void> {
  await using repository: Repository = await openRepository(storage, { password });
  const { findings, snapshots } = await repository.verify({ readData });
  assert.deepEqual(
    findings.filter(({ severity }) => severity === "error"),
    [],
    where,
  );
  assert.ok(snapshots >= 2, where);
  assert.deepEqual(await filesOf(storage, "lock"), [], where);
}
