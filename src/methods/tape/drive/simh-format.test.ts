import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { encodeMark, encodeRecord, encodeWord, scanSimh, type SimhScan } from "./simh-format.ts";

async function scan(bytes: Buffer): Promise<SimhScan> {
  return await scanSimh(
    (offset) =>
      offset >= 0 && offset + 4 <= bytes.length ? bytes.readUInt32LE(offset) : undefined,
    { sizeBytes: bytes.length },
  );
}

/** Undefined is a mark. */
const tapes = fc.array(
  fc.option(fc.uint8Array({ minLength: 1, maxLength: 40 }), { nil: undefined }),
  { maxLength: 12 },
);

function encode(tape: readonly (Uint8Array | undefined)[]): Buffer {
  return Buffer.concat(
    tape.flatMap((block) => (block === undefined ? [encodeMark()] : encodeRecord(block))),
  );
}

test("what was encoded is found again, in its order and at its place", async () => {
  await fc.assert(
    fc.asyncProperty(tapes, async (tape) => {
      const bytes = encode(tape);
      const { objects, endOffset, torn } = await scan(bytes);
      assert.deepEqual(
        objects.map(({ kind, offset, lengthBytes }) =>
          kind === "block" ? bytes.subarray(offset + 4, offset + 4 + lengthBytes) : undefined,
        ),
        tape.map((block) => (block === undefined ? undefined : Buffer.from(block))),
      );
      assert.deepEqual([endOffset, torn], [bytes.length, false]);
    }),
  );
});

test("a tape that is cut anywhere keeps all whole objects before the cut", async () => {
  await fc.assert(
    fc.asyncProperty(tapes, fc.nat(), async (tape, at) => {
      const bytes = encode(tape);
      const cut = bytes.length === 0 ? 0 : at % bytes.length;
      const whole = (await scan(bytes)).objects;
      const { objects, endOffset } = await scan(bytes.subarray(0, cut));
      assert.deepEqual(objects, whole.slice(0, objects.length));
      const next = whole[objects.length];
      assert.ok(next === undefined || next.offset === endOffset);
    }),
  );
});

test("one spoiled length word loses one record, and no other", async () => {
  const records = fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }), {
    minLength: 3,
    maxLength: 10,
  });
  await fc.assert(
    fc.asyncProperty(records, fc.nat(), fc.boolean(), async (blocks, which, leading) => {
      const bytes = encode(blocks);
      const whole = (await scan(bytes)).objects;
      const hit = which % (blocks.length - 1);
      const { offset, lengthBytes } = whole[hit]!;
      const at = leading ? offset : offset + 4 + lengthBytes + (lengthBytes % 2);
      bytes.writeUInt32LE(0x7badbad0, at);
      const { objects, torn } = await scan(bytes);
      assert.equal(torn, false);
      assert.deepEqual(
        objects.map(({ kind }) => kind),
        blocks.map((_, index) => (index === hit ? "damaged" : "block")),
      );
    }),
  );
});

test("gaps are passed over, records with an error are damaged, reserved words are damage", async () => {
  const gap = encodeWord(0xfffffffe);
  const [word, data, end] = [encodeWord(0x80000002), Buffer.from("xy"), encodeWord(0x80000002)];
  const tape = Buffer.concat([gap, word, data, end, gap, gap, ...encodeRecord(Buffer.from("ok"))]);
  assert.deepEqual(
    (await scan(tape)).objects.map(({ kind }) => kind),
    ["damaged", "block"],
  );
  const reserved = Buffer.concat([encodeWord(0x70000002), data, encodeWord(0x70000002)]);
  assert.deepEqual(await scan(reserved), { objects: [], endOffset: 0, torn: true });
});

test("any bytes at all are scanned to an end", async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
      const { objects, endOffset } = await scan(Buffer.from(bytes));
      assert.ok(endOffset <= bytes.length);
      for (const [index, object] of objects.entries())
        assert.ok(index === 0 || object.offset > objects[index - 1]!.offset);
    }),
  );
});

test("a record has at least one byte, and 24 bits of them", () => {
  assert.throws(() => encodeRecord(new Uint8Array()), RangeError);
  assert.throws(() => encodeRecord(new Uint8Array(0x1000000)), RangeError);
});
