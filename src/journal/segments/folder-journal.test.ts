import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import fc from "fast-check";
import { journalContract } from "../journal.contract.ts";
import type { JournalEvent } from "../journal-event.ts";
import { anyEvent } from "./journal-events.fixture.ts";
import {
  bytesOf,
  codesOf,
  eventOf,
  openReader,
  openWriter,
  recordsOf,
} from "./journal-in-memory.fixture.ts";
import { changeJournalPassword } from "./journal-key.ts";
import { openJournal, openJournalReader } from "./open-journal.ts";
import { UnreliableFiles } from "./unreliable-files.fixture.ts";

const key = Buffer.alloc(64, 7);
const cost = { N: 16, r: 1, p: 1 };
const clock = (): bigint => 1n;

let place = "";
before(async () => {
  place = await mkdtemp(join(tmpdir(), "restante-journal-"));
});
after(async () => await rm(place, { recursive: true }));

let count = 0;
const newFolder = (): string => join(place, String((count += 1)), "group");

journalContract("folder", async () => {
  const folder = newFolder();
  return {
    open: async () => await openJournal({ folder, group: "mail", secret: { key }, clock }),
    [Symbol.asyncDispose]: async () => undefined,
  };
});

const memory = (): UnreliableFiles => new UnreliableFiles(() => 0);
const withoutBytes = (event: JournalEvent): JournalEvent =>
  event.type === "data" ? { type: "data", bytes: Buffer.alloc(0) } : event;
const asBuffer = (event: JournalEvent): JournalEvent =>
  event.type === "data" ? { type: "data", bytes: Buffer.from(event.bytes) } : event;

test("any events are read as they were appended, from sealed and from open segments, with and without data", async () => {
  const run = async (events: readonly JournalEvent[], isClosed: boolean): Promise<void> => {
    const files = memory();
    await using journal = await openWriter(files, { segmentBytes: 0 });
    for (const event of events) journal.append(event, 3n);
    await journal.flush();
    if (isClosed) await journal.close();
    const reader = isClosed ? await openReader(files) : journal;
    const wanted = { from: 2, to: events.length + 1 };
    const whole = (await recordsOf(reader, wanted)).map(({ event }) => event);
    assert.deepEqual(whole, events.map(asBuffer));
    const bare = await recordsOf(reader, { ...wanted, withoutData: true });
    assert.deepEqual(
      bare.map(({ event }) => event),
      events.map(withoutBytes),
    );
    assert.deepEqual(
      bare.map(({ sequence }) => sequence),
      events.map((_, index) => index + 2),
    );
    assert.deepEqual(codesOf(reader.problems), []);
  };
  const many = fc.array(anyEvent, { maxLength: 300, size: "max" });
  await fc.assert(fc.asyncProperty(many, fc.boolean(), run), { numRuns: 40 });
});

test("segments follow one another, and every read of a part finds its records", async () => {
  const files = memory();
  await using journal = await openWriter(files, { segmentBytes: 0 });
  for (let number = 2; number < 200; number++) journal.append(eventOf(number), BigInt(number));
  await journal.close();
  const names = (await files.list()).filter((name) => name.endsWith(".journal"));
  assert.ok(names.length > 4, `${names.length}`);
  const reader = await openReader(files);
  for (const withoutData of [false, true]) {
    for (let from = 1; from < 200; from += 7) {
      const to = Math.min(200, from + 23);
      const records = await recordsOf(reader, { from, to, withoutData });
      const expected = Array.from({ length: to - from + 1 }, (_, index) => from + index);
      assert.deepEqual(
        records.map(({ sequence }) => sequence),
        expected,
      );
    }
  }
  for (let number = 3; number < 200; number += 3) {
    const wanted = bytesOf(number);
    const parts: Uint8Array[] = [];
    const piece = { data: number, offset: 0, lengthBytes: wanted.length };
    for await (const part of reader.content([piece])) parts.push(part);
    assert.deepEqual(Buffer.concat(parts), wanted);
  }
  const [span, ...more] = await reader.spans();
  assert.deepEqual([span?.first.sequence, span?.last.sequence, more], [1, 200, []]);
});

test("a password opens what it was begun with, and no other does", async () => {
  const folder = newFolder();
  const settings = { folder, group: "mail", clock, cost };
  {
    await using journal = await openJournal({ ...settings, secret: { password: "geheim" } });
    await journal.append({ type: "rmdir", path: "a" as never }, 2n).durable;
    await journal.close();
  }
  await using reader = await openJournalReader({ folder, secret: { password: "geheim" } });
  assert.equal((await recordsOf(reader)).length, 3);
  assert.deepEqual([reader.group, reader.id.length], ["mail", 32]);
  const wrong = { password: "falsch" };
  const code = { code: "journal.wrong-password" };
  await assert.rejects(openJournalReader({ folder, secret: wrong }), code);
  await assert.rejects(openJournal({ ...settings, secret: wrong }), code);
  await assert.rejects(openJournalReader({ folder, secret: { key: Buffer.alloc(3) } }), code);
  const other = { key: Buffer.alloc(64, 8) };
  await assert.rejects(openJournalReader({ folder, secret: other }), {
    code: "journal.unreadable",
  });
  await rm(join(folder, "keys"), { recursive: true });
  const lost = { code: "journal.unreadable" };
  await assert.rejects(openJournalReader({ folder, secret: { password: "geheim" } }), lost);
  await assert.rejects(openJournal({ ...settings, secret: { password: "geheim" } }), lost);
});

test("a password is changed while the journal is open, and the old one opens nothing then", async () => {
  const folder = newFolder();
  const [password, newPassword] = ["alt", "neu"];
  const settings = { folder, group: "mail", clock, cost };
  await using journal = await openJournal({ ...settings, secret: { password } });
  const wrong = { code: "journal.wrong-password" };
  const nowNs = 1n;
  const typo = { password: "typo", newPassword, nowNs, cost };
  await assert.rejects(changeJournalPassword(folder, typo), wrong);
  await changeJournalPassword(folder, { password, newPassword, nowNs, cost });
  await changeJournalPassword(folder, { password: newPassword, newPassword, nowNs, cost });
  await assert.rejects(openJournalReader({ folder, secret: { password } }), wrong);
  await using reader = await openJournalReader({ folder, secret: { password: newPassword } });
  assert.equal(reader.id, journal.id);
  assert.equal((await readdir(join(folder, "keys"))).length, 1);
  await journal.close();
});

test("only its owner may read a journal", async () => {
  const folder = newFolder();
  await using journal = await openJournal({
    folder,
    group: "mail",
    secret: { password: "x" },
    clock,
    cost,
  });
  assert.equal((await stat(folder)).mode & 0o777, 0o700);
  for (const name of await readdir(folder)) {
    const { mode } = await stat(join(folder, name));
    assert.equal(mode & 0o777, name === "keys" ? 0o700 : 0o600, name);
  }
  await journal.close();
});

test("a second writer is refused, in this process too, and the lock of a dead one is taken over", async () => {
  const folder = newFolder();
  const options = { folder, group: "mail", secret: { key }, clock };
  {
    await using _ = await openJournal(options);
    await assert.rejects(openJournal(options), { code: "journal.locked" });
    // A refused writer has changed nothing, and left nothing.
    const locks = (await readdir(folder)).filter((name) => name.startsWith("lock."));
    assert.equal(locks.length, 1);
    await assert.rejects(openJournal(options), { code: "journal.locked" });
  }
  const [machine, boot, namespace] = (await import("#files")).processMark().split(".");
  const dead = [machine, boot, namespace, process.pid, "1"].join(".");
  await writeFile(join(folder, `lock.${dead}.0123456789abcdef`), "");
  {
    await using _ = await openJournal(options);
    const locks = (await readdir(folder)).filter((name) => name.startsWith("lock."));
    assert.equal(locks.length, 1);
  }
  await writeFile(join(folder, `lock.00000000.${boot}.${namespace}.1.1.0123456789abcdef`), "");
  await assert.rejects(openJournal(options), /another process has it open/);
});

test("a journal of another group is left alone, and where there is none there is nothing to read", async () => {
  const files = memory();
  await (await openWriter(files)).close();
  await assert.rejects(openWriter(files, { group: "other" }), { code: "journal.other-group" });
  assert.deepEqual(codesOf((await openReader(files)).problems), []);
  await assert.rejects(openReader(memory()), { code: "journal.not-found" });
  await assert.rejects(openJournalReader({ folder: newFolder(), secret: { key } }), {
    code: "journal.not-found",
  });
});

test("who writes is told when there is room again, and one write follows another", async () => {
  const files = memory();
  await using journal = await openWriter(files, { maxWaitingBytes: 1000 });
  await journal.ready();
  const { operations } = files;
  const durable = Array.from(
    { length: 100 },
    (_, number) => journal.append(eventOf(number + 1), 1n).durable,
  );
  let isReady = false;
  const ready = journal.ready().then(() => (isReady = true));
  assert.equal(isReady, false);
  await Promise.all(durable);
  await ready;
  // One write, one sync and one position for all hundred.
  assert.equal(files.operations - operations, 3);
});

test("a reader that is open sees what is appended, and no more than is durable", async () => {
  const files = memory();
  await using journal = await openWriter(files, { segmentBytes: 0 });
  const reader = await openReader(files);
  for (let number = 2; number < 100; number++) {
    const { durable } = journal.append(eventOf(number), 1n);
    const seen = (await recordsOf(reader, { from: number })).length;
    assert.ok(seen <= 1);
    await durable;
    assert.equal((await recordsOf(reader, { from: number })).length, 1);
  }
  assert.deepEqual(codesOf(reader.problems), []);
});

test("a journal without a clean stop says so when it is opened again, and goes on", async () => {
  const files = memory();
  {
    await using journal = await openWriter(files);
    await journal.append(eventOf(2), 2n).durable;
  }
  assert.deepEqual(codesOf((await openReader(files)).problems), ["unclean-stop"]);
  await using journal = await openWriter(files);
  const [problem, ...more] = journal.problems;
  assert.deepEqual(
    [problem?.code, problem?.after?.sequence, problem?.before?.sequence, more],
    ["unclean-stop", 2, 3, []],
  );
  assert.deepEqual(
    (await recordsOf(journal)).map(({ event }) =>
      event.type === "mark" ? event.name : event.type,
    ),
    ["start", "gap", "start"],
  );
  assert.equal((await journal.spans()).length, 1);
});

test("the oldest segments go when they are not wanted, and what is left is whole", async () => {
  const files = memory();
  {
    await using writer = await openWriter(files, { segmentBytes: 0 });
    for (let number = 2; number < 200; number++) writer.append(eventOf(number), BigInt(number));
    await writer.close();
  }
  await using journal = await openWriter(files);
  const reader = await openReader(files);
  const segments = await journal.segments();
  const [first, second, third, ...rest] = segments;
  assert.ok(first?.last !== undefined && second?.sealed !== undefined && third !== undefined);
  assert.equal(first.last.sequence + 1, second.firstSequence);
  const bytes = files.bytesOf(second.name);
  const digest = createHash("sha256").update(bytes.subarray(0, second.sealed.digestedBytes));
  assert.equal(digest.digest("hex"), second.sealed.digest);
  assert.equal(await journal.removeBefore(first.last.sequence), 0);
  assert.equal(await journal.removeBefore(third.firstSequence + 1), 2);
  const left = (await recordsOf(reader)).map(({ sequence }) => sequence);
  assert.deepEqual([left[0], left.at(-1)], [third.firstSequence, 201]);
  assert.deepEqual(codesOf(reader.problems), []);
  assert.equal((await reader.spans()).length, 1);
  // What is being written stays, whatever is asked for.
  assert.equal(await journal.removeBefore(1_000_000), rest.length);
  await journal.append(eventOf(202), 1n).durable;
  assert.equal((await recordsOf(journal)).at(-1)?.sequence, 202);
});

test("a lock that a failing disk kept is taken again by the process that gave it up", async () => {
  const files = memory();
  const journal = await openWriter(files);
  const remove = files.remove.bind(files);
  files.remove = async () => {
    throw Object.assign(new Error("EROFS"), { code: "EROFS" });
  };
  await assert.rejects(journal.close(), { code: "EROFS" });
  files.remove = remove;
  await (await openWriter(files)).close();
  assert.ok(!(await files.list()).some((name) => name.startsWith("lock.")));
});

test("a listener that fails stops neither the journal nor those who wait", async () => {
  const files = memory();
  await using journal = await openWriter(files);
  const thrown = new Promise((resolve) => process.setUncaughtExceptionCaptureCallback(resolve));
  const seen: number[] = [];
  journal.subscribe(() => {
    throw new RangeError("bug");
  });
  journal.subscribe(({ sequence }) => seen.push(sequence));
  const { sequence, durable } = journal.append(eventOf(2), 1n);
  await durable;
  assert.deepEqual(seen, [sequence]);
  assert.match(String(await thrown), /bug/);
  process.setUncaughtExceptionCaptureCallback(null);
});

test("a segment that is gone is told of, and splits what there is", async () => {
  const files = memory();
  await using journal = await openWriter(files, { segmentBytes: 0 });
  for (let number = 2; number < 200; number++) journal.append(eventOf(number), BigInt(number));
  await journal.close();
  const names = (await files.list()).filter((name) => name.endsWith(".journal")).toSorted();
  const [, second = "", third = ""] = names;
  await files.remove(second);
  const reader = await openReader(files);
  const [problem, ...more] = reader.problems;
  assert.deepEqual([problem?.code, more], ["missing", []]);
  const first = Number.parseInt(second, 10);
  assert.equal(problem?.after?.sequence, first - 1);
  assert.equal(problem?.before?.sequence, Number.parseInt(third, 10));
  assert.equal((await reader.spans()).length, 2);
  await assert.rejects(
    async () => {
      const data = Math.ceil(first / 3) * 3;
      for await (const _ of reader.content([{ data, offset: 0, lengthBytes: 1 }]));
    },
    { code: "journal.data-missing" },
  );
  // What is the oldest no more is no problem.
  await files.remove(names[0] ?? "");
  assert.deepEqual(codesOf((await openReader(files)).problems), []);
  // The newest is missed by the position.
  await files.remove(names.at(-1) ?? "");
  assert.ok(codesOf((await openReader(files)).problems).includes("missing"));
});
