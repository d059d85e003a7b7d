import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import type { JournalRecord } from "../journal-event.ts";
import { anyEvent, anyInstant } from "../segments/journal-events.fixture.ts";
import {
  decodeShippedRows,
  decodeShippedTrailer,
  encodeShipped,
  recordOf,
  shippedTrailerBytes,
} from "./shipped-segment.ts";

const facts = { id: "0123", group: "mail", digest: "ab".repeat(32) };

async function fileOf(records: readonly JournalRecord[]): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  const source = (async function* () {
    yield* records;
  })();
  for await (const part of encodeShipped(source, facts)) chunks.push(...part.chunks);
  return Buffer.concat(chunks);
}

function recordsOf(file: Buffer): readonly (JournalRecord | undefined)[] | undefined {
  const trailer = decodeShippedTrailer(file.subarray(-shippedTrailerBytes), file.length);
  if (trailer === undefined) return undefined;
  const end = trailer.dataBytes + trailer.recordsBytes;
  const decoded = decodeShippedRows(file.subarray(trailer.dataBytes, end), trailer);
  return decoded?.rows.map((row) =>
    recordOf(row, Uint8Array.from(file.subarray(row.offset, row.offset + row.dataBytes))),
  );
}

const anyRecords = fc
  .array(fc.record({ step: fc.integer({ min: 1, max: 3 }), atNs: anyInstant, event: anyEvent }), {
    minLength: 1,
    maxLength: 60,
  })
  .map((steps): JournalRecord[] => {
    let sequence = 0;
    return steps.map(({ step, atNs, event }) => ({ sequence: (sequence += step), atNs, event }));
  });

test("any records come out of their file as they went in, and its digest is of its bytes", async () => {
  const run = async (records: readonly JournalRecord[]): Promise<void> => {
    const file = await fileOf(records);
    assert.deepEqual(recordsOf(file), records);
    const trailer = decodeShippedTrailer(file.subarray(-shippedTrailerBytes), file.length);
    const sha = createHash("sha256").update(file.subarray(0, -32)).digest("hex");
    assert.equal(trailer?.sha, sha);
    assert.equal(trailer?.digest, facts.digest);
    assert.deepEqual(trailer?.first, { sequence: records[0]?.sequence, atNs: records[0]?.atNs });
    const bytes = records.map(({ event }) =>
      event.type === "data" ? event.bytes : new Uint8Array(),
    );
    assert.deepEqual(file.subarray(0, trailer?.dataBytes), Buffer.concat(bytes));
  };
  await fc.assert(fc.asyncProperty(anyRecords, run), { numRuns: 150 });
});

test("dbox records and files of more than one event keep their bytes", async () => {
  const message = Buffer.from("Subject: x\n\nbody\n");
  const header = `\u0001\u0002N          ${message.length.toString(16).padStart(16, "0")}\n`;
  const dbox = Buffer.concat([
    Buffer.from(header),
    message,
    Buffer.from("\n\u0001\u0003\nR1\n\n"),
    Buffer.from(header),
    message,
  ]);
  const large = [Buffer.alloc(1024 * 1024, 1), Buffer.alloc(1024 * 1024, 2), Buffer.from("end")];
  const all = [dbox, ...large, dbox.subarray(0, 40)];
  const records = all.map((bytes, at): JournalRecord => ({
    sequence: at + 1,
    atNs: 1n,
    event: { type: "data", bytes: Uint8Array.from(bytes) },
  }));
  const file = await fileOf(records);
  assert.ok(file.subarray(0, -shippedTrailerBytes).indexOf(Buffer.concat(all)) === 0);
  assert.deepEqual(recordsOf(file), records);
});

test("damaged bytes are no records, and never an error of another kind", async () => {
  const file = await fileOf([
    { sequence: 1, atNs: 1n, event: { type: "data", bytes: Buffer.from("mail") } },
    { sequence: 2, atNs: 2n, event: { type: "mark", name: "start" } },
  ]);
  const flip = fc.record({
    at: fc.nat({ max: file.length - 1 }),
    by: fc.integer({ min: 1, max: 255 }),
  });
  fc.assert(
    fc.property(flip, ({ at, by }) => {
      const bad = Buffer.from(file);
      bad[at] = (bad[at] as number) ^ by;
      recordsOf(bad);
      recordsOf(bad.subarray(0, at));
    }),
    { numRuns: 300 },
  );
  assert.equal(recordsOf(file.subarray(0, -1)), undefined);
});
