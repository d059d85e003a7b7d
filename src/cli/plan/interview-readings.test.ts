import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { equipmentNames, formatSpan } from "#planner";
import { formatBytes, parseBytes } from "#time";
import {
  readChoiceAnswer,
  readChoicesAnswer,
  readCountAnswer,
  readMoneyAnswer,
  readShareAnswer,
  readSizeAnswer,
  readSpanAnswer,
} from "./interview-readings.ts";
import { wrappedText } from "./interview-text.ts";

const hour = { form: { per: [["hour"]], example: "12000 EUR per hour" }, currency: "EUR" } as const;
const size = { leastBytes: 0, example: "60 GB" } as const;
const choices = equipmentNames.map((name) => ({ id: name, name }));

test("what stands in brackets means the same when it is typed", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 1e13 }), (value) => {
      assert.deepEqual(
        readSpanAnswer(formatSpan(value), { mayBeNothing: true, example: "1 hour" }),
        { value },
      );
      const shown = formatBytes(value);
      assert.deepEqual(readSizeAnswer(shown, size), { value: parseBytes(shown) });
    }),
  );
});

test("amounts are understood as people write them", () => {
  for (const typed of [
    "12000",
    "12,000",
    "12'000 EUR",
    "12000 EUR per hour",
    "12000 per hour",
    "12000/h",
    "12000EUR/h",
    "12000 EUR an hour",
  ])
    assert.deepEqual(
      readMoneyAnswer(typed, hour),
      { value: { amount: 12_000, currency: "EUR", per: ["hour"] } },
      typed,
    );
  for (const typed of ["-5", "1e9", "12000 EUR per year", "EUR", "12000 euros per hour"])
    assert.ok("wrong" in readMoneyAnswer(typed, hour), typed);
});

test("several of a list are taken once each, in the list's order", () => {
  assert.deepEqual(readChoicesAnswer("second site, 1, tape, 1", choices), {
    value: ["tape drive", "second site"],
  });
  assert.deepEqual(readChoicesAnswer("None", choices), { value: [] });
  assert.deepEqual(readChoicesAnswer(equipmentNames.join(", "), choices), {
    value: equipmentNames,
  });
  assert.ok("wrong" in readChoicesAnswer("tape, 99", choices));
  assert.ok("wrong" in readChoicesAnswer("0x1", choices));
});

test("whatever is typed is understood or explained in a few printable words", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 200 }), (typed) => {
      for (const read of [
        readSpanAnswer(typed, { example: "1 hour" }),
        readSizeAnswer(typed, size),
        readCountAnswer(typed, { most: 9, example: "4" }),
        readShareAnswer(typed),
        readMoneyAnswer(typed, hour),
        readChoiceAnswer(typed, choices),
        readChoicesAnswer(typed, choices),
      ]) {
        if (!("wrong" in read)) continue;
        assert.ok(read.wrong.length < 400, read.wrong);
        assert.doesNotMatch(read.wrong, /\p{Cc}/u);
      }
    }),
    { numRuns: 300 },
  );
});

test("text is broken between words, at the width of the terminal but never absurdly narrow", () => {
  const text = "word ".repeat(40).trim();
  for (const columns of [1, 50, 500, undefined]) {
    const lines = wrappedText(text, { indent: "  ", columns }).trimEnd().split("\n");
    const width = columns === 1 ? 40 : (columns ?? 80);
    assert.ok(lines.every((line) => line.length < Math.min(width, 96)));
    assert.equal(lines.map((line) => line.trim()).join(" "), text);
  }
  assert.equal(wrappedText("x".repeat(99), { indent: "", columns: 40 }), `${"x".repeat(99)}\n`);
});
