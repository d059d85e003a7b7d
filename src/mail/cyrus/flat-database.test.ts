import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { readFlatDatabase } from "./flat-database.ts";

const latin1 = (maxLength: number): fc.Arbitrary<string> =>
  fc
    .array(fc.integer({ min: 0, max: 255 }), { maxLength })
    .map((bytes) => String.fromCharCode(...bytes));

test("flat databases are read as they were written", () => {
  const encode = (text: string): string =>
    text.replace(/[\0\t\r\n\xff]/g, (byte) =>
      byte === "\xff" ? "\xff\xff" : `\xff${String.fromCharCode(0x80 | byte.charCodeAt(0))}`,
    );
  const record = fc.record({ key: latin1(12), value: latin1(20) }, { noNullPrototype: true });
  fc.assert(
    fc.property(fc.uniqueArray(record, { selector: ({ key }) => key }), (records) => {
      const text = records.map(({ key, value }) => `${encode(key)}\t${encode(value)}\n`).join("");
      assert.deepEqual(readFlatDatabase(Buffer.from(text, "latin1")), { records, problems: [] });
    }),
  );
  assert.equal(readFlatDatabase(Buffer.from("no value\n")).problems.length, 1);
});
