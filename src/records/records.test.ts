import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { appendFileSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { processMark } from "#files";
import { isRecordsError, Records } from "#records";

const head = { kind: "messages", about: "support@example.org", startedMs: 1_700_000_000_000 };

function state(): { readonly folder: string; readonly records: Records } & Disposable {
  const folder = mkdtempSync(join(tmpdir(), "restante-records-"));
  return {
    folder,
    records: new Records(folder),
    [Symbol.dispose]: () => rmSync(folder, { recursive: true }),
  };
}

test("a job is listed with its head, and its lines come back in order", async () => {
  using place = state();
  {
    await using job = await place.records.begin(head, { unique: "00ff", more: { at: "x" } });
    assert.equal(job.id, "20231114-221320-00ff");
    await job.write([{ is: "a", n: 1 }, { is: "b" }], { durable: true });
    assert.deepEqual(await place.records.list(), [
      {
        id: job.id,
        ...head,
        isRunning: true,
        head: { is: "head", format: 1, ...head, at: "x" },
        last: { is: "b" },
      },
    ]);
    await assert.rejects(place.records.take(job.id), (error) =>
      isRecordsError(error, "records.busy"),
    );
  }
  await using job = await place.records.take("00ff");
  await job.write([{ is: "c" }], { durable: false });
  assert.deepEqual(
    (await Array.fromAsync(job.lines())).map(({ is }) => is),
    ["head", "a", "b", "c"],
  );
});

test("a torn last line was never written, and does not tear the next", async () => {
  using place = state();
  const id = await (async () => {
    await using job = await place.records.begin(head, { unique: "0001" });
    await job.write([{ is: "a" }], { durable: true });
    return job.id;
  })();
  appendFileSync(join(place.folder, "jobs", id, "journal.jsonl"), '{"is":"b","uid":1');
  const lines = async (): Promise<string[]> =>
    (await Array.fromAsync(place.records.read(id))).map(({ is }) => is);
  assert.deepEqual(await lines(), ["head", "a"]);
  await using job = await place.records.take(id);
  await job.write([{ is: "c" }], { durable: true });
  assert.deepEqual(await lines(), ["head", "a", "c"]);
});

test("what is kept comes back, and nobody else may read any of it", async () => {
  using place = state();
  await using job = await place.records.begin(head, { unique: "0002" });
  await job.keep("1.eml", Buffer.from("bytes"));
  assert.equal(Buffer.from(await job.kept("1.eml")).toString(), "bytes");
  await assert.rejects(job.kept("2.eml"), (error) => isRecordsError(error, "records.damaged"));
  await assert.rejects(job.keep("../x", Buffer.alloc(0)));
  for (const name of readdirSync(place.folder, { recursive: true }) as string[]) {
    assert.equal(statSync(join(place.folder, name)).mode & 0o077, 0, name);
  }
});

test("of two runs that want one thing, the second is told; a dead one's lock is taken over", async () => {
  using place = state();
  {
    await using _lock = await place.records.lock("imap://mx1/support");
    await assert.rejects(place.records.lock("imap://mx1/support"), (error) =>
      isRecordsError(error, "records.busy"),
    );
    await using _other = await place.records.lock("imap://mx1/other");
  }
  const digest = createHash("sha256").update("imap://mx1/support").digest("hex");
  // A process of this number that began at another time is no more.
  writeFileSync(join(place.folder, "locks", digest), processMark().replace(/[0-9]+$/, "1"));
  await using _again = await place.records.lock("imap://mx1/support");
  assert.deepEqual(readdirSync(join(place.folder, "locks")), [digest]);
});

test("forgetting takes the job and what it kept; an unknown one is an error", async () => {
  using place = state();
  await (async () => {
    await using job = await place.records.begin(head, { unique: "0003" });
    await job.keep("1.eml", Buffer.from("bytes"));
  })();
  await place.records.forget("0003");
  assert.deepEqual(await place.records.list(), []);
  await assert.rejects(place.records.take("0003"), (error) =>
    isRecordsError(error, "records.not-found"),
  );
});

test("folders that are no jobs do no harm", async () => {
  using place = state();
  await (async () => {
    await using _job = await place.records.begin(head, { unique: "0004" });
  })();
  writeFileSync(join(place.folder, "jobs", "notes.txt"), "x");
  writeFileSync(join(place.folder, "jobs", "20231114-221320-0004", "journal.jsonl"), "rubbish\n");
  assert.deepEqual(await place.records.list(), []);
});

test("a state folder that cannot be written is an error before anything is done", async () => {
  using place = state();
  writeFileSync(join(place.folder, "jobs"), "a file");
  await assert.rejects(place.records.begin(head, { unique: "0005" }), (error) =>
    isRecordsError(error, "records.not-written"),
  );
});
