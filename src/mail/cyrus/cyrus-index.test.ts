import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { type FixtureMailbox, indexFile } from "./cyrus.fixture.ts";
import { type IndexRecord, parseIndex, parseIndexHeader } from "./cyrus-index.ts";
import { indexLayouts, systemFlags } from "./index-layout.ts";

const mailbox = (change: Partial<FixtureMailbox> = {}): FixtureMailbox => ({
  name: "user.cass",
  uniqueId: "a1inbox",
  uidValidity: 17,
  messages: [],
  ...change,
});

describe("cyrus.index", () => {
  const message = fc.record({
    bytes: fc.string({ maxLength: 5 }).map((text) => text.replace(/[^ -~]/g, "x")),
    flags: fc.subarray(systemFlags.map(([, flag]) => flag)),
    userFlags: fc
      .uniqueArray(fc.integer({ min: 0, max: 127 }), { maxLength: 8 })
      .map((places) => places.toSorted((a, b) => a - b)),
    internalDate: fc.integer({ min: 0, max: 0xffff_fff0 - 60 }),
    isExpunged: fc.boolean(),
  });
  const messages = fc
    .array(message, { minLength: 1, maxLength: 20 })
    .map((drawn) => drawn.map((one, index) => ({ ...one, uid: 3 * index + 1 })));
  const versions = [...indexLayouts.keys()];

  test("records of every version are read as they were written", () => {
    fc.assert(
      fc.property(messages, fc.constantFrom(...versions), (made, version) => {
        const bytes = indexFile(mailbox({ messages: made, version }), Buffer.from("header"));
        const { header, records, goneUids, isWhole, problems } = parseIndex(bytes);
        assert.deepEqual([problems, isWhole], [[], true]);
        assert.equal(header?.uidValidity, 17);
        assert.equal(header.lastUid, made.at(-1)?.uid);
        assert.equal(header.highestModseq, BigInt(made.length + 1));
        assert.deepEqual(
          records.map(({ uid, userFlags, internalDateNs, sizeBytes }) => ({
            uid,
            userFlags,
            internalDateNs,
            sizeBytes,
          })),
          made
            .filter((one) => !one.isExpunged)
            .map(({ uid, userFlags, internalDate, bytes: { length } }) => ({
              uid,
              userFlags,
              internalDateNs: BigInt(internalDate) * 1_000_000_000n,
              sizeBytes: length,
            })),
        );
        assert.equal(records.length + goneUids.size, made.length);
      }),
    );
  });

  test("one damaged byte costs at most one record, and is said", () => {
    fc.assert(
      fc.property(
        messages,
        fc.constantFrom(...versions),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        (made, version, place, change) => {
          const bytes = indexFile(mailbox({ messages: made, version }), Buffer.from("header"));
          const whole = parseIndex(bytes);
          const at = place % bytes.length;
          bytes[at] = (bytes[at] as number) ^ change;
          const after = parseIndex(bytes);
          assert.ok(after.problems.length > 0 && !after.isWhole, `byte ${at} is not noticed`);
          const left = new Map(after.records.map((one) => [one.uid, one]));
          const lost = whole.records.filter((one) => !left.has(one.uid));
          assert.ok(lost.length <= 1);
          // With the header goes the version, and with that whether the saved date was kept yet.
          const comparable = (one: IndexRecord): unknown => ({ ...one, savedNs: undefined });
          for (const one of whole.records) {
            const same = left.get(one.uid);
            if (same !== undefined) assert.deepEqual(comparable(same), comparable(one));
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  test("a file that is cut off keeps the records before the cut", () => {
    fc.assert(
      fc.property(messages, fc.nat(), (made, place) => {
        const bytes = indexFile(mailbox({ messages: made }), Buffer.from("header"));
        const length = place % bytes.length;
        const { records, isWhole } = parseIndex(bytes.subarray(0, length));
        const left = Math.max(0, Math.floor((length - 160) / 112));
        const kept = made.slice(0, left).filter((one) => !one.isExpunged);
        assert.deepEqual(
          [records.map(({ uid }) => uid), isWhole],
          [kept.map(({ uid }) => uid), false],
        );
      }),
    );
  });

  test("any bytes whatever are read without an error", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => {
        parseIndex(bytes);
        parseIndexHeader(bytes);
      }),
    );
  });
});
