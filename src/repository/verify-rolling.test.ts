import assert from "node:assert/strict";
import { before, test } from "node:test";
import { memoryImage, type RawPath } from "#image";
import { type FaultyStorage, faultyStorage, memoryStorage, type Storage } from "#storage";
import { openRepository } from "./open-repository.ts";
import type { PackReading, PackReadings } from "./pack-readings.ts";
import type { Repository } from "./repository.ts";
import { pseudoRandom, quickRepository } from "./repository.fixture.ts";
import type { VerifyOptions, VerifyReport } from "./verify-report.ts";

const password = "geheim";
const dayNs = 86_400_000_000_000n;
const start = 1_800_000_000_000_000_000n;
const days30 = 30 * 86_400_000;

class Readings implements PackReadings {
  kept: Map<string, PackReading> = new Map();
  saves = 0;
  async load(): Promise<ReadonlyMap<string, PackReading>> {
    return new Map(this.kept);
  }
  async save(readings: ReadonlyMap<string, PackReading>): Promise<void> {
    this.saves++;
    this.kept = new Map(readings);
  }
}

let sound: Storage;
before(async () => {
  sound = await quickRepository(password);
  await using repository = await openRepository(sound, { password });
  for (let moment = 0; moment < 3; moment++) {
    await repository.capture(
      memoryImage({ [`file-${moment}`]: pseudoRandom(300_000, moment + 1) }),
      { path: "/srv" as RawPath, group: "g", hostname: "h", workers: 0, now: () => start },
    );
  }
});

/** The repository of a test's own, and which packs were read whole. */
async function opened(): Promise<{
  readonly storage: FaultyStorage;
  readonly repository: Repository;
  readonly packsRead: () => readonly string[];
  readonly packs: readonly string[];
}> {
  const copy = memoryStorage();
  await copy.create();
  for (const type of ["config", "key", "snapshot", "index", "data"] as const) {
    for await (const { name } of sound.list(type))
      await copy.save({ type, name }, [await sound.load({ type, name })]);
  }
  const packs: string[] = [];
  for await (const { name } of copy.list("data")) packs.push(name);
  const whole: string[] = [];
  const load = copy.load.bind(copy);
  copy.load = async (file, options) => {
    if (file.type === "data" && options?.offset === undefined) whole.push(file.name);
    return await load(file, options);
  };
  const storage = faultyStorage(copy);
  return {
    storage,
    repository: await openRepository(storage, { password }),
    packsRead: () => whole.splice(0),
    packs,
  };
}

const rolling = (options: Partial<VerifyOptions>): VerifyOptions => ({
  rolling: { withinMs: days30 },
  workers: 0,
  ...options,
});
const codesOf = ({ findings }: VerifyReport): string[] => findings.map(({ code }) => code);

test("the first run reads everything, the next a share, and none is ever overdue", async () => {
  const { repository, packsRead, packs } = await opened();
  const readings = new Readings();
  const first = await repository.verify(rolling({ readings, now: () => start }));
  assert.deepEqual(packsRead().toSorted(), packs.toSorted());
  assert.equal(first.rolling?.overduePacks, 0);
  assert.deepEqual([...readings.kept.keys()].toSorted(), packs.toSorted());
  const second = await repository.verify(rolling({ readings, now: () => start + dayNs }));
  assert.equal(packsRead().length, 1);
  assert.equal(second.rolling?.packsRead, 1);
  assert.equal(second.rolling?.oldestNs, start);
  const late = await repository.verify(rolling({ readings, now: () => start + 40n * dayNs }));
  assert.equal(packsRead().length, packs.length, "all of them are overdue");
  assert.equal(late.rolling?.overduePacks, 0);
});

test("a full reading counts, and structure alone does not", async () => {
  const { repository, packs } = await opened();
  const readings = new Readings();
  await repository.verify({ readings, now: () => start });
  assert.equal(readings.kept.size, 0);
  await repository.verify({ readings, readData: true, workers: 0, now: () => start });
  assert.equal(readings.kept.size, packs.length);
});

test("the time is kept, what was read is remembered, and the next run goes on there", async () => {
  const { repository, packsRead, packs } = await opened();
  const readings = new Readings();
  let clock = 0;
  const options = rolling({
    rolling: { withinMs: days30, budgetMs: 4000 },
    readings,
    now: () => start,
    // Each pack seems to take a second.
    clockMs: () => clock,
    onProgress: () => void (clock += 1000),
  });
  const first = await repository.verify(options);
  const read = packsRead();
  assert.ok(read.length > 0 && read.length < packs.length, `${read.length} of ${packs.length}`);
  assert.ok(clock <= 4000, `${clock} ms`);
  assert.equal(first.rolling?.endedByBudget, true);
  assert.equal(first.rolling?.neverReadPacks, packs.length - read.length);
  clock = 0;
  await repository.verify(options);
  assert.deepEqual(new Set([...read, ...packsRead()]), new Set(packs), "those that were left");
});

test("a damaged pack is read again in every run, until it is sound or gone", async () => {
  const { storage, repository, packsRead, packs } = await opened();
  const readings = new Readings();
  const name = packs[0] as string;
  const bytes = Buffer.from(await storage.load({ type: "data", name }));
  const damaged = Buffer.from(bytes);
  damaged[50]! ^= 1;
  const put = async (content: Buffer): Promise<void> => {
    await storage.remove({ type: "data", name });
    await storage.save({ type: "data", name }, [content]);
  };
  await put(damaged);
  packsRead();
  const found = await repository.verify(rolling({ readings, now: () => start }));
  assert.ok(codesOf(found).includes("pack-damaged"));
  assert.deepEqual(readings.kept.get(name), { atNs: start, isSound: false });
  assert.equal(found.rolling?.neverReadPacks, 1, "it was never found sound");
  packsRead();
  for (const options of [rolling({ readings, now: () => start }), { readings, now: () => start }]) {
    assert.ok(codesOf(await repository.verify(options)).includes("pack-damaged"));
    assert.deepEqual(packsRead(), [name]);
  }
  await put(bytes);
  packsRead();
  assert.deepEqual(codesOf(await repository.verify({ readings, now: () => start + 1n })), []);
  assert.deepEqual(readings.kept.get(name), { atNs: start + 1n, isSound: true });
  await storage.remove({ type: "data", name });
  await repository.verify(rolling({ readings, now: () => start + 2n }));
  const others = packs.filter((one) => one !== name);
  assert.deepEqual(
    [...readings.kept.keys()].filter((one) => one !== name).toSorted(),
    others.toSorted(),
  );
});

test("a reading of a time that is yet to come is none, and packs that are gone are forgotten", async () => {
  const { repository, packsRead, packs } = await opened();
  const readings = new Readings();
  for (const packId of packs) readings.kept.set(packId, { atNs: start, isSound: true });
  readings.kept.set("f".repeat(64), { atNs: start, isSound: true });
  const future = packs[1] as string;
  readings.kept.set(future, { atNs: start + 5n * dayNs, isSound: true });
  await repository.verify(rolling({ readings, now: () => start }));
  assert.deepEqual(packsRead(), [future]);
  assert.deepEqual(readings.kept.get(future), { atNs: start, isSound: true });
  assert.ok(!readings.kept.has("f".repeat(64)));
});

test("what another run found meanwhile is not written over", async () => {
  const { repository, packs } = await opened();
  const readings = new Readings();
  const other = packs[0] as string;
  await repository.verify(
    rolling({
      readings,
      now: () => start,
      onProgress: () => void readings.kept.set(other, { atNs: start + 9n, isSound: false }),
    }),
  );
  // Its time is yet to come for this run, which does not believe it sound either.
  assert.equal(readings.kept.get(other)?.isSound, false);
});

test("a reading that is interrupted keeps what it has read", async () => {
  const { repository, packs } = await opened();
  const readings = new Readings();
  const stop = new AbortController();
  const verifying = repository.verify(
    rolling({
      readings,
      now: () => start,
      signal: stop.signal,
      onProgress: ({ done }) => {
        if (done === 2) stop.abort(new Error("enough"));
      },
    }),
  );
  await assert.rejects(verifying, /enough/);
  assert.ok(readings.kept.size >= 2 && readings.kept.size < packs.length, `${readings.kept.size}`);
});

test("threads find the same as none", async () => {
  const { storage, repository, packs } = await opened();
  const name = packs.at(-1) as string;
  const bytes = Buffer.from(await storage.load({ type: "data", name }));
  bytes[60]! ^= 1;
  await storage.remove({ type: "data", name });
  await storage.save({ type: "data", name }, [bytes]);
  const [alone, threads] = [
    await repository.verify({ readData: true, workers: 0 }),
    await repository.verify({ readData: true, workers: 2 }),
  ];
  assert.deepEqual(new Set(threads.findings), new Set(alone.findings));
  assert.ok(threads.findings.length > 1);
  assert.equal(threads.bytesRead, alone.bytesRead);
});
