/** Lives of a journal's writers, each of which ends at some step, and what must be there after each. */
import assert from "node:assert/strict";
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

export type Round = {
  readonly files: UnreliableFiles;
  readonly random: () => number;
  readonly promised: Promised;
  /** What survives the end of its process, and no power cut. */
  readonly written: Promised;
  /** Numbers events across writers. */
  next: number;
};

const segmentBytes = 16 * 1024;

/** One life of a writer: it appends until the end comes, which it does at any step. */
async function live(round: Round, fault: Fault | undefined): Promise<void> {
  const { files, random, promised, written } = round;
  files.failAt(fault);
  try {
    await using journal = await openWriter(files, { segmentBytes });
    const waiting: Promise<void>[] = [];
    const steps = Math.floor(random() * 60);
    for (let step = 0; step < steps; step++) {
      const event = eventOf((round.next += 1));
      const isPatient = random() < 0.3;
      const appended = journal.append(event, BigInt(round.next), { isPatient });
      const { sequence, durable } = appended;
      assert.ok(!promised.has(sequence), `sequence ${sequence} a second time`);
      const kept = durable.then(() => void promised.set(sequence, event));
      kept.catch(() => undefined);
      waiting.push(kept);
      appended.written.then(() => written.set(sequence, event)).catch(() => undefined);
      if (random() < 0.3) await (isPatient && random() < 0.9 ? appended.written : durable);
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

export async function check({ files, promised, written }: Round, seed: string): Promise<void> {
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
  for (const [sequence, event] of written)
    assert.deepEqual(found.get(sequence), event, `${seed}: event ${sequence} was written`);
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
  const round: Round = { files, random, promised: new Map(), written: new Map(), next: 0 };
  const lives = 1 + Math.floor(random() * 4);
  for (let life = 0; life < lives; life++) {
    await live(round, end(round));
    if (files.isWithoutPower || random() < 0.4) {
      files.losePower();
      round.written.clear();
    } else files.kill();
    await check(round, `seed ${seed}, life ${life}`);
  }
  // Whatever happened, the journal can be written again, and nothing is lost by that.
  await (await openWriter(files, { segmentBytes })).close();
  await check(round, `seed ${seed}, opened again`);
}

/** The power goes at some operation, or the process is killed. */
export async function loseLives(seed: number): Promise<void> {
  await play(seed, ({ random }) =>
    random() < 0.8 ? { at: 1 + Math.floor(random() * 60), what: "power" } : undefined,
  );
}

/** The disk is full, fails, or takes only a part, at some operation. */
export async function failLives(seed: number): Promise<void> {
  const kinds = ["ENOSPC", "EIO", "short"] as const;
  await play(seed, ({ random }) => ({
    at: 1 + Math.floor(random() * 60),
    what: kinds[Math.floor(random() * kinds.length)] ?? "EIO",
  }));
}
