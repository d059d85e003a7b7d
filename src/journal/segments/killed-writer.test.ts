/** On a real disk: a writer in a process of its own, read by another while it writes, and killed; a disk that is full. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { seededNumbers } from "#storage";
import { mountSmallDisk, withoutSmallDisk } from "../../files/small-disk.fixture.ts";
import type { JournalReader } from "../journal.ts";
import { codesOf, eventOf, recordsOf, testKey } from "./journal-in-memory.fixture.ts";
import { openJournal, openJournalReader } from "./open-journal.ts";

const program = fileURLToPath(new URL("./killed-writer.fixture.ts", import.meta.url));
const rounds = 3;

test("what a writer said is safe is read by others soon, and after it was killed", async () => {
  const folder = await mkdtemp(join(tmpdir(), "restante-journal-"));
  const random = seededNumbers(7);
  try {
    let last = 0;
    for (let round = 0; round < rounds; round++) {
      const writer = spawn(process.execPath, [program, folder], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      try {
        last = await follow(writer, { folder, wanted: 100 + Math.floor(random() * 300) });
      } finally {
        writer.kill("SIGKILL");
        if (writer.exitCode === null && writer.signalCode === null) await once(writer, "exit");
      }
      const { promised, read } = { promised: last, read: await lastOf(folder) };
      assert.ok(read >= promised, `${promised} was promised, ${read} is there`);
    }
    await using reader = await openJournalReader({ folder, secret: { key: testKey } });
    assert.equal((await reader.spans()).length, 1);
    const codes = new Set(codesOf(reader.problems));
    assert.ok(codes.has("unclean-stop"));
    assert.ok(!codes.has("damaged") && !codes.has("missing"), [...codes].join(" "));
    const locks = (await readdir(folder)).filter((name) => name.startsWith("lock."));
    assert.equal(locks.length, 1, "each writer removes the lock of the one before, which is dead");
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("on a disk that is full nothing that was promised is lost, and with room it goes on", async (t) => {
  using disk = mountSmallDisk();
  if (disk === undefined) {
    t.skip(withoutSmallDisk);
    return;
  }
  const settings = {
    folder: join(disk.folder, "journal"),
    group: "mail",
    secret: { key: testKey },
    clock: () => 5n,
    segmentBytes: 256 * 1024,
  };
  const filler = join(disk.folder, "filler");
  await writeFile(filler, Buffer.alloc(512 * 1024));
  let promised = 0;
  {
    await using journal = await openJournal(settings);
    await assert.rejects(
      async () => {
        for (;;) {
          const { sequence, durable } = journal.append(eventOf(journal.lastSequence + 1), 1n);
          await durable;
          promised = sequence;
        }
      },
      { code: "journal.full" },
    );
    assert.throws(() => journal.append(eventOf(1), 1n), { code: "journal.full" });
  }
  assert.ok(promised > 1000, `${promised}`);
  assert.ok((await lastOf(settings.folder)) >= promised);
  await assert.rejects(openJournal(settings), { code: "journal.full" });
  await rm(filler);
  await using journal = await openJournal(settings);
  assert.ok(journal.lastSequence > promised);
  await journal.append(eventOf(journal.lastSequence + 1), 1n).durable;
  await journal.close();
  assert.equal(await lastOf(settings.folder), journal.lastSequence);
});

/** Reads along until so many events are promised; the last of them. */
async function follow(
  writer: ChildProcess,
  { folder, wanted }: { readonly folder: string; readonly wanted: number },
): Promise<number> {
  assert.ok(writer.stdout !== null);
  let reader: JournalReader | undefined;
  let [count, promised] = [0, 0];
  for await (const line of createInterface(writer.stdout)) {
    promised = Number(line);
    count += 1;
    reader ??= await openJournalReader({ folder, secret: { key: testKey } });
    if (count % 50 === 0) {
      const from = Math.max(1, promised - 120);
      let records = await recordsOf(reader, { from });
      // The writer says every few milliseconds how far others may read, and is not waited for with that.
      while ((records.at(-1)?.sequence ?? 0) < promised) {
        await setTimeout(5);
        records = await recordsOf(reader, { from });
      }
      for (const { sequence, event } of records)
        if (event.type !== "mark") assert.deepEqual(event, eventOf(sequence));
      assert.ok(!codesOf(reader.problems).some((code) => code !== "unclean-stop"));
    }
    if (count === wanted) return promised;
  }
  return assert.fail("the writer ended on its own");
}

async function lastOf(folder: string): Promise<number> {
  await using reader = await openJournalReader({ folder, secret: { key: testKey } });
  let last = 0;
  for (const { sequence, event } of await recordsOf(reader)) {
    assert.equal(sequence, last + 1);
    last = sequence;
    if (event.type !== "mark") assert.deepEqual(event, eventOf(sequence));
  }
  return last;
}
