import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { memoryImage, type MemoryNodes, type RawPath } from "#image";
import type { MailProblem } from "#mail";
import { log, logFile, logRecord, words } from "../dbox.fixture.ts";
import { placementOf } from "../stored-flags.ts";
import { MailIndex } from "./mail-index.ts";
import { replayLog } from "./replay.ts";
import { readMailIndex, type ReadIndex } from "./read-mail-index.ts";
import { openLogFile, packRecordSize, recordSize, recordTypes } from "./transaction-log.ts";

type Read = ReadIndex & { readonly problems: readonly MailProblem[] };

async function read(files: Readonly<Record<string, Uint8Array>>): Promise<Read> {
  const nodes: MemoryNodes = Object.fromEntries(
    Object.entries(files).map(([name, bytes]) => [`m/${name}`, bytes]),
  );
  const problems: MailProblem[] = [];
  const image = memoryImage({ ...nodes, "m/x": "" });
  const folder = "m" as RawPath;
  const result = await readMailIndex(image, { folder, prefix: "dovecot.index", problems });
  return { ...result, problems };
}

async function readLog(...records: readonly Uint8Array[]): Promise<Read> {
  return await read({ "dovecot.index.log": logFile(records) });
}

/** "1 \Seen Wichtig", a line for each message. */
function lines({ index }: ReadIndex): readonly string[] {
  return [...index.messages()].map((row) => {
    const { uid, flags, keywords } = placementOf(index, row);
    return [uid, ...flags, ...keywords].join(" ");
  });
}

describe("a log is replayed as Dovecot does", () => {
  test("appended, flagged, given keywords and expunged", async () => {
    const result = await readLog(
      log.uidValidity(17),
      log.append([1, 0], [2, 8], [5, 0x20]),
      log.flags(1, 4, { add: 0x03 }),
      log.flags(2, 2, { remove: 0xff, add: 0x10 }),
      log.keyword("a", 1, 9),
      log.keyword("b", 5, 5),
      log.keyword("a", 2, 2, true),
      log.expunge(5, 5),
    );
    assert.deepEqual(lines(result), ["1 \\Answered \\Flagged a", "2 \\Draft"]);
    assert.deepEqual(result.problems, []);
    assert.equal(result.index.header.uidValidity, 17);
    assert.equal(result.index.header.nextUid, 6);
    // 1, and one for each change that a client can see.
    assert.equal(result.index.highestModseq, 8n);
  });

  test("what was only asked for has not happened", async () => {
    const asked = logRecord(recordTypes.expunge, words(1, 1));
    asked.writeUInt32LE(recordTypes.expunge, 4);
    assert.deepEqual(lines(await readLog(log.append([1, 0]), asked)), ["1"]);
  });

  test("a change whose size is not set yet is not committed", async () => {
    const open = log.append([2, 0]);
    open.writeUInt32BE(0, 0);
    const result = await readLog(log.append([1, 0]), open, log.append([3, 0]));
    assert.deepEqual(lines(result), ["1"]);
    assert.deepEqual(result.problems, []);
  });

  test("a transaction that goes beyond the file is left out and reported", async () => {
    const transaction = logRecord(recordTypes.boundary, words(200));
    const result = await readLog(
      log.append([1, 0]),
      transaction,
      log.append([2, 0]).subarray(0, 12),
    );
    assert.deepEqual(lines(result), ["1"]);
    assert.ok(result.isDamaged);
  });

  test("keywords that were reset are gone", async () => {
    const reset = logRecord(recordTypes.keywordReset, words(1, 1));
    const result = await readLog(log.append([1, 0], [2, 0]), log.keyword("a", 1, 2), reset);
    assert.deepEqual(lines(result), ["1", "2 a"]);
  });

  test("extensions are named once, and then by number; a reset empties them", async () => {
    const byNumber = (number: number, resetId: number): Buffer =>
      logRecord(
        recordTypes.extensionIntro,
        words(number, resetId, 0, Buffer.from([8, 0, 4, 0, 1, 0, 0, 0])),
      );
    const reset = logRecord(recordTypes.extensionReset, words(5, 0));
    const value = (number: number): Buffer => words(number, 0);
    const result = await readLog(
      log.append([1, 0], [2, 0]),
      log.introduce("other", 8),
      log.introduce("mdbox", 8),
      log.records([1, value(11)], [2, value(12)]),
      byNumber(1, 0),
      reset,
      log.records([2, value(22)]),
      byNumber(1, 0),
      log.records([1, value(99)]),
    );
    const column = result.index.extension("mdbox");
    assert.deepEqual(
      [...result.index.messages()].map(({ row }) =>
        Buffer.from(column?.row(row) ?? []).readUInt32LE(),
      ),
      [0, 22],
    );
  });

  test("each message's modseq is the mailbox's at its last change", async () => {
    const start = Buffer.alloc(16);
    start.writeBigUInt64LE(2n);
    const result = await readLog(
      log.append([1, 0], [2, 0]),
      log.introduce("modseq", 8, 16),
      log.header(start),
      log.append([3, 0]),
      log.flags(2, 2, { add: 8 }),
      log.flags(1, 1, { add: 0x80 }),
    );
    const modseqs = [...result.index.messages()].map(
      (row) => placementOf(result.index, row).modseq,
    );
    assert.deepEqual(modseqs, [2n, 4n, 3n]);
  });
});

describe("logs follow each other", () => {
  const first = logFile([log.append([1, 0], [2, 0])], { sequence: 2 });
  const second = logFile([log.flags(1, 1, { add: 8 }), log.append([3, 0])], {
    sequence: 3,
    previous: { sequence: 2, end: first.length },
  });

  test("the older one comes first", async () => {
    const result = await read({ "dovecot.index.log": second, "dovecot.index.log.2": first });
    assert.deepEqual(lines(result), ["1 \\Seen", "2", "3"]);
    assert.deepEqual(result.problems, []);
  });

  test("without it, what the newer says is there, and that some is lost", async () => {
    const result = await read({ "dovecot.index.log": second });
    assert.deepEqual(lines(result), ["3"]);
    assert.ok(result.isDamaged);
  });

  test("one of another index is not read", async () => {
    const other = logFile([log.append([1, 0], [2, 0])], { sequence: 2, indexId: 8 });
    const result = await read({ "dovecot.index.log": second, "dovecot.index.log.2": other });
    assert.deepEqual(lines(result), ["3"]);
    assert.ok(result.isDamaged);
  });
});

describe("damage in a log costs what was damaged", () => {
  test("what follows a damaged record is found again", async () => {
    const broken = log.append([2, 0]);
    broken.fill(0xee, 0, 8);
    const result = await readLog(
      log.append([1, 0]),
      broken,
      log.append([3, 8]),
      log.append([4, 0]),
    );
    assert.deepEqual(lines(result), ["1", "3 \\Seen", "4"]);
    assert.ok(result.isDamaged);
  });

  test("a log that asks for endless work ends", () => {
    const all = Array.from({ length: 100 }, (_, index) => [index + 1, 0] as const);
    const changes = Array.from({ length: 1000 }, () => log.flags(1, 0xffff_ffff, { add: 1 }));
    const file = openLogFile(logFile([log.append(...all), ...changes]));
    assert.ok(typeof file !== "string");
    const index = new MailIndex({ workLimit: 10_000 });
    const { damage } = replayLog(index, file, { fromOffset: 0, withoutNumbers: false });
    assert.equal(damage.length, 1);
    assert.equal([...index.messages()].length, 100);
  });

  test("property: any bytes are a log, more or less", async () => {
    const types = fc.constantFrom(...Object.values(recordTypes));
    const record = fc.tuple(types, fc.uint8Array({ maxLength: 64 })).map(([type, bytes]) => {
      return logRecord(type, bytes.subarray(0, bytes.length & ~3));
    });
    const anything = fc.oneof(record, fc.uint8Array({ maxLength: 32 }));
    await fc.assert(
      fc.asyncProperty(fc.array(anything, { maxLength: 20 }), async (records) => {
        const { index } = await readLog(log.append([1, 0], [7, 0]), ...records);
        const uids = [...index.messages()].map(({ uid }) => uid);
        assert.deepEqual(
          uids,
          [...uids].sort((a, b) => a - b),
        );
      }),
      { numRuns: 300 },
    );
  });
});

test("property: the size of a record is read as it was written", () => {
  fc.assert(
    fc.property(fc.nat(0x0fff_ffff), (quarter) => {
      const view = new DataView(new ArrayBuffer(4));
      view.setUint32(0, packRecordSize(quarter * 4));
      assert.equal(recordSize(view, 0), quarter * 4);
    }),
  );
});

test("property: a log says what was done to the messages", async () => {
  const uid = fc.integer({ min: 1, max: 12 });
  const change = fc.oneof(
    fc.record({ kind: fc.constant("add" as const), uid, bits: fc.nat(0x1f) }),
    fc.record({ kind: fc.constant("remove" as const), uid, bits: fc.nat(0x1f) }),
    fc.record({ kind: fc.constant("expunge" as const), uid, bits: fc.constant(0) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(change, { maxLength: 30 }), async (changes) => {
      const model = new Map(Array.from({ length: 12 }, (_, index) => [index + 1, 0]));
      const records = changes.map(({ kind, uid: of, bits }) => {
        const flags = model.get(of);
        if (kind === "expunge") {
          model.delete(of);
          return log.expunge(of, of);
        }
        if (flags !== undefined) model.set(of, kind === "add" ? flags | bits : flags & ~bits);
        return log.flags(of, of, kind === "add" ? { add: bits } : { remove: bits });
      });
      const all = Array.from({ length: 12 }, (_, index) => [index + 1, 0] as const);
      const { index } = await readLog(log.append(...all), ...records);
      const got = [...index.messages()].map(({ uid: of, flags }) => [of, flags]);
      assert.deepEqual(got, [...model]);
    }),
  );
});
