import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { JournalEvent } from "../journal-event.ts";
import { decodeEvent, encodeEvent } from "./event-codec.ts";
import { FieldWriter } from "./field-writer.ts";
import { anyEvent, anyInstant } from "./journal-events.fixture.ts";

function encoded(event: JournalEvent, atNs: bigint): Buffer {
  const writer = new FieldWriter(1);
  encodeEvent(writer, event, atNs);
  return Buffer.from(writer.written());
}

const dataOf = (event: JournalEvent): Uint8Array =>
  event.type === "data" ? event.bytes : new Uint8Array(0);

test("every event is what it was when it is decoded", () => {
  fc.assert(
    fc.property(anyEvent, anyInstant, (event, atNs) => {
      assert.deepEqual(decodeEvent(encoded(event, atNs), dataOf(event)), { atNs, event });
    }),
    { numRuns: 500 },
  );
});

test("an event that is cut short, goes on, or has another bit is none, or another, and never a crash", () => {
  fc.assert(
    fc.property(anyEvent, fc.nat(), (event, number) => {
      const bytes = encoded(event, 1n);
      const cut = number % bytes.length;
      assert.equal(decodeEvent(bytes.subarray(0, cut), dataOf(event)), undefined);
      assert.equal(decodeEvent(Buffer.concat([bytes, Buffer.of(0)]), dataOf(event)), undefined);
      bytes[cut] = (bytes[cut] ?? 0) ^ (1 << (number % 8));
      decodeEvent(bytes, dataOf(event));
    }),
    { numRuns: 500 },
  );
});

test("a count that promises more than there is allocates nothing", () => {
  const outcome: JournalEvent = {
    type: "outcome",
    delivery: "",
    recipient: "",
    reply: { code: 250, lines: [] },
  };
  const bytes = encoded(outcome, 1n);
  const hostile = Buffer.concat([bytes.subarray(0, -1), Buffer.from("ffffffffffffff0f", "hex")]);
  assert.equal(decodeEvent(hostile, new Uint8Array(0)), undefined);
});

test("a value that its field cannot hold is refused", () => {
  const path = "a" as JournalEvent & string;
  const refused = { code: "journal.not-storable" };
  for (const event of [
    { type: "remove", path: "Entwürfe – alt" },
    { type: "gap", fromNs: 1n << 64n, toNs: 0n, why: "stalled" },
    { type: "rename", path, to: path, file: { inode: -1n, sizeBytes: 1, mtimeNs: 0n } },
    { type: "rename", path, to: path, file: { inode: 1n, sizeBytes: -1, mtimeNs: 0n } },
    { type: "rename", path, to: path, file: { inode: 1n, sizeBytes: 1.5, mtimeNs: 0n } },
  ] as JournalEvent[])
    assert.throws(() => encoded(event, 1n), refused);
});
