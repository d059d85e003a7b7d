import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Edit, EditTable, type Extent } from "./edit-table.ts";

/** What the extents say, with bytes: data event n holds the letter of n. */
function textOf(extents: readonly Extent[], base: string): string {
  let text = "";
  for (const { start, end, from, at } of extents) {
    assert.equal(start, text.length, "extents follow each other");
    const length = end - start;
    if (from === "zeros") text += "0".repeat(length);
    else if (from === "unknown") text += "?".repeat(length);
    else if (from === "base") text += base.slice(at, at + length);
    else text += String.fromCharCode(97 + (from % 26)).repeat(length);
  }
  return text;
}

function plain(edits: readonly Edit[], base: string): string {
  let text = base;
  for (const { kind, offset, sizeBytes, content } of edits) {
    const bytes = content
      .map(({ data, lengthBytes }) => String.fromCharCode(97 + (data % 26)).repeat(lengthBytes))
      .join("");
    if (kind === "put") text = bytes;
    if (kind === "write")
      text = text.padEnd(offset, "0").slice(0, offset) + bytes + text.slice(offset + bytes.length);
    text = text.padEnd(sizeBytes, kind === "put" ? "?" : "0").slice(0, sizeBytes);
  }
  return text;
}

const edit: fc.Arbitrary<Edit> = fc
  .record({
    kind: fc.constantFrom<Edit["kind"]>("put", "write", "write", "write", "truncate"),
    offset: fc.nat(30),
    grow: fc.integer({ min: -4, max: 6 }),
    lengths: fc.array(fc.nat(8), { maxLength: 3 }),
    data: fc.integer({ min: 1, max: 26 }),
  })
  .map(({ kind, offset, grow, lengths, data }) => {
    const content =
      kind === "truncate"
        ? []
        : lengths.map((lengthBytes, index) => ({ data: data + index, offset: 0, lengthBytes }));
    const length = content.reduce((sum, { lengthBytes }) => sum + lengthBytes, 0);
    const start = kind === "write" ? offset : 0;
    return { kind, offset: start, sizeBytes: Math.max(0, start + length + grow), content };
  });

test("extents of any changes are the bytes that the same changes give", () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 24 }), fc.array(edit, { maxLength: 12 }), (base, edits) => {
      const table = new EditTable();
      let last = -1;
      for (const one of edits) last = table.add(one, last);
      assert.equal(textOf(table.extents(last, base.length), base), plain(edits, base));
    }),
    { numRuns: 500 },
  );
});

test("what no change gave of a file that the base has not is unknown", () => {
  const table = new EditTable();
  const content = [{ data: 1, offset: 0, lengthBytes: 4 }];
  const first = table.add({ kind: "write", offset: 3, sizeBytes: 9, content }, -1);
  assert.equal(textOf(table.extents(first, undefined), ""), "???bbbb??");
  const second = table.add({ kind: "put", offset: 0, sizeBytes: 4, content }, first);
  assert.equal(textOf(table.extents(second, undefined), ""), "bbbb");
});

test("one long file of many appends costs what they are, not their square", () => {
  const table = new EditTable();
  let last = -1;
  for (let n = 0; n < 100_000; n++) {
    const content = [{ data: n + 1, offset: 0, lengthBytes: 10 }];
    last = table.add({ kind: "write", offset: n * 10, sizeBytes: n * 10 + 10, content }, last);
  }
  assert.equal(table.extents(last, 0).length, 100_000);
});
