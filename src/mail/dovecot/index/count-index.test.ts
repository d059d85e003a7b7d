import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { log, logFile, logRecord, u16, words } from "../dbox.fixture.ts";
import { countIndex } from "./count-index.ts";
import { readLogChanges } from "./log-changes.ts";
import { recordTypes } from "./transaction-log.ts";

/** The header of an index that has so many messages, as far as a place in a log. */
function indexFile(messages: number, logSequence: number, logOffset: number): Buffer {
  const file = Buffer.alloc(120);
  file.set([7, 3]);
  file.set(u16(120), 2);
  file.set(words(120, 5), 4);
  file[12] = 1;
  file.set(words(7), 16);
  file.set(words(messages), 32);
  file.set(words(logSequence), 60);
  file.set(words(logOffset), 68);
  return file;
}

const three = log.append([1, 0], [2, 0], [5, 0]);

test("an index is counted by its header and what its logs say beyond it", () => {
  const older = logFile([three], { sequence: 2 });
  const previous = { sequence: 2, end: older.length };
  const file = logFile([log.append([6, 0]), log.expunge(1, 2)], { sequence: 3, previous });
  const counts = (files: Parameters<typeof countIndex>[0]): number => countIndex(files).messages;
  assert.equal(counts({ log: older }), 3);
  assert.equal(counts({ log: file, older }), 2);
  assert.equal(counts({ index: indexFile(3, 2, older.length), log: file, older }), 2);
  assert.equal(counts({ index: indexFile(0, 2, 40), log: file, older }), 2);
  assert.equal(counts({ index: indexFile(9, 3, 40), log: file, older }), 8);
  assert.equal(counts({ index: indexFile(9, 3, file.length), log: file }), 9);
  assert.equal(counts({ index: indexFile(9, 3, 0xffff_ffff), log: file }), 9);
  assert.deepEqual(countIndex({ index: indexFile(9, 3, 40), log: file, older }), {
    messages: 8,
    log: { indexId: 7, sequence: 3, offset: file.length },
    older: { indexId: 7, sequence: 2, offset: older.length },
  });
  // Of another life of the index.
  const foreign = logFile([three], { sequence: 2, indexId: 8 });
  assert.equal(countIndex({ log: file, older: foreign }).older, undefined);
  assert.deepEqual(countIndex({ index: Buffer.from("no index"), log: Buffer.from("no log") }), {
    messages: 0,
  });
});

test("changes are what was done: ranges, messages with a GUID, copies; what is not whole waits", () => {
  const guid = Buffer.alloc(16, 1);
  const asked = logRecord(recordTypes.expungeGuid, words(1, guid));
  asked.writeUInt32LE(recordTypes.expungeGuid, 4);
  const copies = logRecord(recordTypes.extensionAtomicIncrement, words(1, 1, 2, -1, 3, 1));
  const removed = logRecord(recordTypes.expungeGuid, words(7, guid, 8, guid, 3, guid));
  const records = Buffer.concat([three, asked, removed, log.expunge(5, 9), copies]);
  const changes = readLogChanges(records);
  assert.deepEqual(changes, {
    appended: [
      { first: 1, last: 2 },
      { first: 5, last: 5 },
    ],
    expunged: [
      { first: 7, last: 8 },
      { first: 3, last: 3 },
      { first: 5, last: 9 },
    ],
    references: 2,
    readBytes: records.length,
    isDamaged: false,
  });
  const boundary = logRecord(recordTypes.boundary, words(12 + three.length));
  const transaction = Buffer.concat([boundary, three]);
  for (let length = 0; length < transaction.length; length++) {
    const cut = readLogChanges(transaction.subarray(0, length));
    assert.deepEqual([cut.appended, cut.readBytes, cut.isDamaged], [[], 0, false]);
  }
  assert.equal(readLogChanges(transaction).readBytes, transaction.length);
  const unknown = Buffer.concat([three, logRecord(0x123, Buffer.alloc(4)), three]);
  const damaged = readLogChanges(unknown);
  assert.deepEqual([damaged.readBytes, damaged.isDamaged], [three.length, true]);
});

test("no bytes make it throw, or claim more than there may be", () => {
  const bytes = fc.uint8Array({ maxLength: 400 });
  fc.assert(
    fc.property(bytes, bytes, bytes, (index, tail, noise) => {
      const file = Buffer.concat([logFile([three]), tail]);
      for (const files of [
        { index, log: noise, older: tail },
        { index: Buffer.concat([indexFile(3, 2, 40), index]), log: file, older: noise },
      ]) {
        const { messages, log: place } = countIndex(files);
        assert.ok(Number.isSafeInteger(messages) && messages >= 0);
        assert.ok((place?.offset ?? 0) <= files.log.length);
      }
      assert.ok(readLogChanges(noise).readBytes <= noise.length);
    }),
  );
});
