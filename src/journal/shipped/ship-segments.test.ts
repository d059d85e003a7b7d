import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { isMoment, openRepository, type Repository } from "#repository";
import { quickRepository } from "../../repository/repository.fixture.ts";
import type { JournalReader } from "../journal.ts";
import type { FolderJournal } from "../segments/folder-journal.ts";
import {
  bytesOf,
  codesOf,
  eventOf,
  openWriter,
  recordsOf,
} from "../segments/journal-in-memory.fixture.ts";
import { UnreliableFiles } from "../segments/unreliable-files.fixture.ts";
import { shipSegments } from "./ship-segments.ts";
import { openShippedJournal } from "./shipped-journal.ts";

const password = "geheim";
const now = (): bigint => 5n;
const hour = 3_600_000_000_000n;

async function journalOf(
  count: number,
): Promise<{ journal: FolderJournal; files: UnreliableFiles }> {
  const files = new UnreliableFiles(() => 0);
  const journal = await openWriter(files, { segmentBytes: 4000 });
  for (let number = 2; number <= count; number++)
    journal.append(eventOf(number), (BigInt(number) * hour) / 10n);
  await sealed(journal);
  return { journal, files };
}

/** A segment is finished after the next one was begun, and nobody is told. */
async function sealed(journal: FolderJournal): Promise<void> {
  await journal.flush();
  for (;;) {
    const segments = (await journal.segments()).slice(0, -1);
    if (segments.every((segment) => segment.sealed !== undefined)) return;
    await turn();
  }
}

async function sealedUpTo(journal: FolderJournal): Promise<number> {
  const segments = await journal.segments();
  return segments.findLast(({ sealed }) => sealed !== undefined)?.last?.sequence ?? 0;
}

async function opened(repository: Repository): Promise<JournalReader> {
  const journal = await openShippedJournal(repository, "mail");
  assert.ok(journal !== undefined);
  return journal;
}

const ship = (journal: FolderJournal, repository: Repository, keepSinceNs?: bigint) =>
  shipSegments(journal, { repository, hostname: "mx1", keepSinceNs, now });

test("what was sealed opens from the repository as the journal has it, and is shipped once", async () => {
  const { journal } = await journalOf(300);
  await using _journal = journal;
  await using repository = await openRepository(await quickRepository(password), { password });
  assert.equal(await openShippedJournal(repository, "mail"), undefined);
  assert.ok((await ship(journal, repository)).segments > 4);
  assert.equal((await ship(journal, repository)).segments, 0);
  const to = await sealedUpTo(journal);
  await using shipped = await opened(repository);
  assert.equal(shipped.id, journal.id);
  for (const withoutData of [false, true])
    assert.deepEqual(
      await recordsOf(shipped, { withoutData }),
      await recordsOf(journal, { to, withoutData }),
    );
  assert.deepEqual(
    (await recordsOf(shipped, { from: 40, to: 60 })).map(({ sequence }) => sequence),
    Array.from({ length: 21 }, (_, at) => 40 + at),
  );
  const [span, ...others] = await shipped.spans();
  assert.deepEqual([span?.first.sequence, span?.last.sequence, others], [1, to, []]);
  for (let number = 3; number < to; number += 3) {
    const bytes = bytesOf(number).subarray(1);
    const piece = { data: number, offset: 1, lengthBytes: bytes.length };
    const parts: Uint8Array[] = [];
    for await (const part of shipped.content([piece])) parts.push(part);
    assert.deepEqual(Buffer.concat(parts), bytes);
  }
  const none = shipped.content([{ data: 1000, offset: 0, lengthBytes: 1 }]);
  await assert.rejects(async () => await Array.fromAsync(none), { code: "journal.data-missing" });
  assert.deepEqual(shipped.problems, []);
  const snapshots = await repository.snapshots();
  assert.equal(snapshots.length, 1);
  assert.deepEqual(snapshots.filter(isMoment), []);
});

test("a run that ended before it removed the older snapshot is mended by the next", async () => {
  const { journal } = await journalOf(100);
  await using _journal = journal;
  await using repository = await openRepository(await quickRepository(password), { password });
  await ship(journal, repository);
  for (let number = 101; number <= 200; number++) journal.append(eventOf(number), BigInt(number));
  await sealed(journal);
  const killed = new Proxy(repository, {
    get: (target, name) => {
      if (name === "removeSnapshots") return () => Promise.reject(new Error("killed"));
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? (value as () => unknown).bind(target) : value;
    },
  });
  await assert.rejects(ship(journal, killed), /killed/);
  assert.equal((await repository.snapshots()).length, 2);
  assert.equal((await ship(journal, repository)).segments, 0);
  assert.equal((await repository.snapshots()).length, 1);
  await using shipped = await opened(repository);
  const to = await sealedUpTo(journal);
  assert.deepEqual(await recordsOf(shipped), await recordsOf(journal, { to }));
});

test("a segment that is missing is a gap, and what the rules drop goes by the hour", async () => {
  const { journal, files } = await journalOf(600);
  await using _journal = journal;
  const names = (await journal.segments()).filter(({ sealed }) => sealed !== undefined);
  const lost = names[2];
  assert.ok(lost?.first !== undefined && lost.last !== undefined);
  const { first, last } = lost;
  // Never shipped: of what is there the others are.
  const segments = async (): Promise<Awaited<ReturnType<FolderJournal["segments"]>>> =>
    (await journal.segments()).filter(({ name }) => name !== lost.name);
  await using repository = await openRepository(await quickRepository(password), { password });
  const { id, group } = journal;
  const part = { id, group, segments, read: journal.read.bind(journal) };
  await shipSegments(part, { repository, hostname: "mx1", now });
  {
    await using shipped = await opened(repository);
    const spans = await shipped.spans();
    assert.deepEqual(
      spans.map((span) => [span.first.sequence, span.last.sequence]),
      [
        [1, first.sequence - 1],
        [last.sequence + 1, await sealedUpTo(journal)],
      ],
    );
    assert.deepEqual(codesOf(shipped.problems), ["missing"]);
    const kept = (await recordsOf(shipped)).length;
    assert.equal(kept, (await sealedUpTo(journal)) - (last.sequence - first.sequence + 1));
  }
  await ship(journal, repository, 10n * hour);
  assert.equal((await recordsOf(await opened(repository)))[0]?.sequence, 1, "it has them yet");
  await journal.removeBefore(400);
  await ship(journal, repository);
  assert.equal((await recordsOf(await opened(repository)))[0]?.sequence, 1, "no rule says so");
  await ship(journal, repository, 10n * hour);
  const oldest = (await recordsOf(await opened(repository)))[0];
  assert.ok(oldest !== undefined && oldest.sequence > 50 && oldest.sequence <= 100);
  assert.ok((await files.list()).length > 0);
});

test("a segment is finished when it is old enough and something follows it", async () => {
  const files = new UnreliableFiles(() => 0);
  let nowNs = 0n;
  await using journal = await openWriter(files, { sealAfterMs: 1000, clock: () => nowNs });
  await using repository = await openRepository(await quickRepository(password), { password });
  journal.append(eventOf(2), 1n);
  nowNs = 999_999_999n;
  journal.append(eventOf(3), 2n);
  await journal.flush();
  assert.equal((await ship(journal, repository)).segments, 0);
  nowNs = 1_000_000_000n;
  journal.append(eventOf(4), 3n);
  await sealed(journal);
  assert.equal((await journal.segments()).length, 2);
  assert.equal((await ship(journal, repository)).segments, 1);
});
