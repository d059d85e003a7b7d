/** What was promised is there, whenever the power goes, the process is killed, or the disk fails. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { seededNumbers } from "#storage";
import { eventOf, openReader, openWriter, recordsOf } from "./journal-in-memory.fixture.ts";
import { check, failLives, loseLives, type Round } from "./journal-lives.fixture.ts";
import { positionName } from "./position-file.ts";
import { type Fault, UnreliableFiles } from "./unreliable-files.fixture.ts";

test("what was promised survives losing power at any operation, and being killed, in 150 seeded rounds", async () => {
  for (let seed = 1; seed <= 150; seed++) await loseLives(seed);
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
      const round: Round = { files, random, promised: new Map(), written: new Map(), next: 0 };
      for (const life of [1, 2]) {
        await shortLife(round, { at, what: "power" });
        await check(round, `operation ${at}, seed ${seed}, life ${life}`);
      }
    }
  }
});

test("what was promised survives a full disk and failing writes at any operation, in 150 seeded rounds", async () => {
  for (let seed = 1; seed <= 150; seed++) await failLives(seed);
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

test("a small write goes without another thread while the disk is prompt, and never beside a sync that hangs", async ({
  mock,
}) => {
  let nowMs = 0;
  mock.method(performance, "now", () => nowMs);
  const files = new UnreliableFiles(() => 0);
  await using journal = await openWriter(files);
  let number = 0;
  const goesAtOnce = async (): Promise<boolean> => {
    const segments = (): number =>
      files.writtenAtOnce.filter((name) => name !== positionName).length;
    const before = segments();
    await journal.append(eventOf(1 + (number++ % 2)), 1n).written;
    return segments() > before;
  };
  await journal.flush();
  assert.equal(await goesAtOnce(), true);
  await journal.flush();
  const goOn = files.hang();
  try {
    assert.equal(await goesAtOnce(), true, "nobody knows yet");
    nowMs += 11;
    assert.equal(await goesAtOnce(), false, "beside a sync that hangs");
  } finally {
    goOn();
  }
  await journal.flush();
  assert.equal(await goesAtOnce(), true, "the sync after it was prompt");
  await journal.flush();
  nowMs += 1001;
  assert.equal(await goesAtOnce(), false, "nobody knows any more");
  await journal.flush();
  assert.equal((await recordsOf(journal)).length, number + 1, "with the mark that it was opened");
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
