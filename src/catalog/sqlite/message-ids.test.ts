import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { messageNumber, numbersBetween } from "./message-ids.ts";

const identities = fc.string({
  unit: fc.constantFrom(...Array.from("0123456789abcdef")),
  minLength: 64,
  maxLength: 64,
});
const dates = fc.option(fc.integer({ min: 1, max: 2 ** 32 - 1 }), { nil: undefined });
const open = { isFree: () => true, lowest: () => 0 };
const numberOf = (identity: string, dateS: number | undefined): number =>
  messageNumber({ identity, ...(dateS === undefined ? {} : { dateS }) }, open);

test("a number grows with the date, undated messages come before all", () => {
  fc.assert(
    fc.property(identities, dates, identities, dates, (a, aDate, b, bDate) => {
      const [one, other] = [numberOf(a, aDate), numberOf(b, bDate)];
      assert.ok(Number.isSafeInteger(one));
      if (aDate !== bDate) assert.equal(one < other, (aDate ?? 0) < (bDate ?? 0));
      if (aDate === undefined) return;
      const { lowest, highest } = numbersBetween(aDate, aDate + 1);
      assert.ok(lowest <= one && one <= highest);
      assert.ok(numbersBetween(aDate + 1, undefined).lowest > one);
      assert.ok(numbersBetween(undefined, aDate).highest < one);
    }),
  );
});

test("where all its places are taken, a message gets one nobody has", () => {
  const taken = new Set<number>();
  const identity = "0123456789abcdef".repeat(4);
  for (let round = 0; round < 40; round++) {
    const id = messageNumber(
      { identity, dateS: 1_700_000_000 },
      { isFree: (one) => !taken.has(one), lowest: () => Math.min(0, ...taken) },
    );
    assert.ok(Number.isSafeInteger(id) && !taken.has(id));
    taken.add(id);
  }
});
