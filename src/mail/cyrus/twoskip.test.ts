import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { readDatabase } from "./database.ts";
import { readTwoskip } from "./twoskip.ts";
import { type TwoskipChange, twoskipFile } from "./twoskip.fixture.ts";

const bytesText = (maxLength: number): fc.Arbitrary<string> =>
  fc
    .array(fc.integer({ min: 0, max: 255 }), { minLength: 1, maxLength })
    .map((bytes) => String.fromCharCode(...bytes));

/** Puts and removals of few keys, so that records are replaced and removed often. */
const changes: fc.Arbitrary<readonly TwoskipChange[]> = fc
  .uniqueArray(bytesText(12), { minLength: 1, maxLength: 12 })
  .chain((keys) =>
    fc.array(
      fc.record({
        key: fc.constantFrom(...keys),
        value: bytesText(80),
        isRemoval: fc.boolean(),
      }),
      { minLength: 1, maxLength: 40 },
    ),
  )
  .map((drawn) => {
    const alive = new Set<string>();
    return drawn.map(({ key, value, isRemoval }) => {
      if (isRemoval && alive.delete(key)) return { remove: key };
      alive.add(key);
      return { put: key, value };
    });
  });

const levels: fc.Arbitrary<readonly number[]> = fc.array(fc.integer({ min: 1, max: 31 }), {
  minLength: 41,
  maxLength: 41,
});

function expected(made: readonly TwoskipChange[]): ReadonlyMap<string, string> {
  const records = new Map<string, string>();
  for (const change of made) {
    if ("put" in change) records.set(change.put, change.value);
    else records.delete(change.remove);
  }
  return new Map([...records].toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

function found(bytes: Uint8Array): ReadonlyMap<string, string> {
  return new Map(readTwoskip(bytes).records.map(({ key, value }) => [key, value]));
}

test("records come as they were put, in order, without what was replaced or removed", () => {
  fc.assert(
    fc.property(changes, levels, (made, chosen) => {
      const bytes = twoskipFile(made, { level: (record) => chosen[record] ?? 1 });
      const { records, problems } = readTwoskip(bytes);
      assert.deepEqual(problems, []);
      assert.deepEqual(
        records.map(({ key, value }) => [key, value]),
        [...expected(made)],
      );
    }),
  );
});

test("one damaged byte costs at most the record that it lies in, and is said", () => {
  fc.assert(
    fc.property(changes, fc.nat(), fc.integer({ min: 1, max: 255 }), (made, place, change) => {
      const bytes = twoskipFile(made);
      const at = place % bytes.length;
      bytes[at] = (bytes[at] as number) ^ change;
      const { problems } = readTwoskip(bytes);
      const after = found(bytes);
      const lost = [...expected(made)].filter(([key, value]) => after.get(key) !== value);
      assert.ok(lost.length <= 1, `byte ${at} costs ${lost.length} records`);
      if (lost.length > 0 || after.size !== expected(made).size) assert.notDeepEqual(problems, []);
    }),
    { numRuns: 300 },
  );
});

test("a file that is cut off keeps what was written before the cut", () => {
  fc.assert(
    fc.property(changes, fc.nat(), fc.nat(500), (made, kept, more) => {
      const count = kept % made.length;
      const whole = twoskipFile(made);
      const length = Math.min(whole.length, twoskipFile(made.slice(0, count)).length + more);
      const after = found(whole.subarray(0, length));
      const later = new Set(
        made.slice(count).map((change) => ("put" in change ? change.put : change.remove)),
      );
      for (const [key, value] of expected(made))
        if (!later.has(key)) assert.equal(after.get(key), value, `${length} bytes`);
    }),
  );
});

test("a change that was never committed does not count", () => {
  const before = twoskipFile([{ put: "a", value: "1" }]);
  const after = twoskipFile([
    { put: "a", value: "1" },
    { put: "b", value: "2" },
  ]);
  // The header as it was before the second change, the rest as it is in the middle of it.
  const between = Buffer.concat([before.subarray(0, 64), after.subarray(64)]);
  assert.deepEqual([...found(between)], [["a", "1"]]);
});

test("keys of 64 KiB have their length apart", () => {
  const key = "k".repeat(0x1_0001);
  assert.deepEqual([...found(twoskipFile([{ put: key, value: "v" }]))], [[key, "v"]]);
});

test("any bytes whatever are read without an error, in a bounded time", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 4000 }), (bytes) => {
      readDatabase(bytes);
      readTwoskip(bytes);
    }),
  );
  const hostile = Buffer.alloc(1024 * 1024);
  for (let at = 0; at + 64 <= hostile.length; at += 8) {
    hostile.write("+\x1f", at, "latin1");
    hostile.writeUInt32BE(hostile.length - at - 400 > 0 ? hostile.length - at - 400 : 0, at + 4);
  }
  assert.deepEqual(readTwoskip(hostile).records, []);
});

test("a skiplist or zeroskip is named and not taken for lines", () => {
  const skiplist = Buffer.from("a1028b0d736b69706c6973742066696c65000000", "hex");
  assert.deepEqual(readDatabase(skiplist), {
    records: [],
    problems: ["The database is a skiplist, which is not read here"],
  });
});
