/** What was promised is there, whenever the power goes, the process is killed, or the disk fails. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { seededNumbers } from "#storage";
import type { JournalEvent } from "../journal-event.ts";
import {
  codesOf,
  eventOf,
  openReader,
  openWriter,
  recordsOf,
} from "./journal-in-memory.fixture.ts";
import { type Fault, UnreliableFiles } from "./unreliable-files.fixture.ts";

/** What somebody was told is safe, by sequence. */
type Promised = Map<number, JournalEvent>;

type Round = {
  readonly files: UnreliableFiles;
  readonly random: () => number;
  readonly promised: Promised;
  /** Numbers events across writers. */
  next: number;
};

const segmentBytes = 16 * 1024;

/** One life of a writer: it appends until the end comes, which it does at any step. */
async function live(round: Round, fault: Fault | undefined): Promise<void> {
  const { files, random, promised } = round;
  files.failAt(fault);
  try {
    await using journal = await openWriter(files, { segmentBytes });
    const waiting: Promise<void>[] = [];
    const steps = Math.floor(random() * 60);
    for (let step = 0; step < steps; step++) {
      const event = eventOf((round.next += 1));
      const { sequence, durable } = journal.append(event, BigInt(round.next));
      assert.ok(!promised.has(sequence), `sequence ${sequence} a second time`);
      const kept = durable.then(() => void promised.set(sequence, event));
      kept.catch(() => undefined);
      waiting.push(kept);
      if (random() < 0.3) await durable;
      else if (random() < 0.2) await new Promise((resolve) => setImmediate(resolve));
    }
    if (random() < 0.7) return;
    await journal.close();
    await Promise.all(waiting);
  } catch (error) {
    const { code } = error as { readonly code?: string };
    assert.ok(fault !== undefined && fault.what !== "short", String(error));
    assert.equal(code, fault.what === "ENOSPC" ? "journal.full" : "journal.write-failed");
  }
}

async function check({ files, promised }: Round, seed: string): Promise<void> {
  const reader = await openReader(files).catch((error: unknown) => {
    assert.equal((error as { readonly code?: string }).code, "journal.not-found", seed);
    assert.equal(
      promised.size,
      0,
      `${seed}: no journal, and ${promised.size} events were promised`,
    );
  });
  if (reader === undefined) return;
  const found = new Map<number, JournalEvent>();
  let last = 0;
  for (const { sequence, event } of await recordsOf(reader)) {
    assert.ok(sequence > last, `${seed}: ${sequence} after ${last}`);
    last = sequence;
    found.set(sequence, event);
  }
  for (const [sequence, event] of promised)
    assert.deepEqual(found.get(sequence), event, `${seed}: event ${sequence} was promised`);
  const newest = found.get(last);
  if (newest?.type === "mark" && newest.name === "clean-stop")
    for (const { code, after } of reader.problems)
      assert.ok(
        code !== "torn-tail" || after?.sequence !== last,
        `${seed}: nothing follows a stop`,
      );
  const bare = await recordsOf(reader, { withoutData: true });
  assert.deepEqual(
    bare.map(({ sequence }) => sequence),
    [...found.keys()],
    seed,
  );
  assert.ok(!codesOf(reader.problems).includes("missing"), seed);
  const damage = reader.problems.filter(({ code }) => code === "damaged");
  assert.deepEqual(damage, [], `${seed}: a crash is no damage`);
}

async function play(seed: number, end: (round: Round) => Fault | undefined): Promise<void> {
  const random = seededNumbers(seed);
  const files = new UnreliableFiles(random);
  const round: Round = { files, random, promised: new Map(), next: 0 };
  const lives = 1 + Math.floor(random() * 4);
  for (let life = 0; life < lives; life++) {
    await live(round, end(round));
    if (files.isWithoutPower || random() < 0.4) files.losePower();
    else files.kill();
    await check(round, `seed ${seed}, life ${life}`);
  }
  // Whatever happened, the journal can be written again, and nothing is lost by that.
  await (await openWriter(files, { segmentBytes })).close();
  await check(round, `seed ${seed}, opened again`);
}

test("what was promised survives losing power at any operation, and being killed, in 150 seeded rounds", async () => {
  for (let seed = 1; seed <= 150; seed++)
    await play(seed, ({ random }) =>
      random() < 0.8 ? { at: 1 + Math.floor(random() * 60), what: "power" } : undefined,
    );
});

test("a short life may lose power at each of its operations, first and second", async () => {
  const shortLife = async ({ files, promised }: Round, what: Fault): Promise<void> => {
    files.failAt(what);
    try {
      await using journal = await openWriter(files);
      for (let number = 1; number <= 3; number++) {
        const { sequence, durable } = journal.append(eventOf(number), 1n);
        await durable;
        promised.set(sequence, eventOf(number));
      }
      await journal.close();
    } catch {
      assert.ok(files.isWithoutPower);
    }
    files.losePower();
  };
  for (let at = 1; at <= 24; at++) {
    for (let seed = 1; seed <= 12; seed++) {
      const random = seededNumbers(seed * 100 + at);
      const files = new UnreliableFiles(random);
      const round: Round = { files, random, promised: new Map(), next: 0 };
      for (const life of [1, 2]) {
        await shortLife(round, { at, what: "power" });
        await check(round, `operation ${at}, seed ${seed}, life ${life}`);
      }
    }
  }
});

test("what was promised survives a full disk and failing writes at any operation, in 150 seeded rounds", async () => {
  const kinds = ["ENOSPC", "EIO", "short"] as const;
  for (let seed = 1001; seed <= 1150; seed++)
    await play(seed, ({ random }) => ({
      at: 1 + Math.floor(random() * 60),
      what: kinds[Math.floor(random() * kinds.length)] ?? "EIO",
    }));
});

test("a failed write refuses all that wait and all that come, and never asks the disk again", async () => {
  for (const what of ["ENOSPC", "EIO"] as const) {
    for (let at = 1; at <= 3; at++) {
      const files = new UnreliableFiles(() => 0);
      await using journal = await openWriter(files);
      await journal.append(eventOf(1), 1n).durable;
      files.failAt({ at, what });
      const code = { code: what === "ENOSPC" ? "journal.full" : "journal.write-failed" };
      const waiting = [2, 3, 4].map((number) => journal.append(eventOf(number), 1n).durable);
      for (const durable of waiting) await assert.rejects(durable, code);
      const { operations } = files;
      assert.throws(() => journal.append(eventOf(5), 1n), code);
      await journal.ready();
      await assert.rejects(journal.flush(), code);
      await assert.rejects(journal.close(), code);
      assert.equal(files.operations, operations, "nothing more was asked of the disk");
      files.failAt(undefined);
      await using again = await openWriter(files);
      await again.append(eventOf(6), 1n).durable;
    }
  }
});

test("a writer that cannot begin leaves no lock behind", async () => {
  const files = new UnreliableFiles(() => 0);
  for (let at = 1; ; at++) {
    files.failAt({ at, what: "ENOSPC" });
    const opened = await openWriter(files).catch((error: unknown) => {
      assert.equal((error as { readonly code?: string }).code, "journal.full");
    });
    assert.ok(
      !(await files.list()).some((name) => name.startsWith("lock.")) || opened !== undefined,
    );
    if (opened === undefined) continue;
    files.failAt(undefined);
    await opened.close();
    break;
  }
  const marks = (await recordsOf(await openReader(files))).map(({ event }) =>
    event.type === "mark" ? event.name : event.type,
  );
  // Of an attempt that failed at its last step the start is on the disk all the same.
  assert.deepEqual([...new Set(marks)], ["start", "clean-stop"]);
});
