import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { PolicyError } from "./policy-error.ts";
import { parseRetention, parseRetentionRule } from "./retention-rule.ts";

test("parseRetention() reads plain English", () => {
  assert.deepEqual(
    parseRetention(["every change for 48 hours", "one per year forever", "the newest 5"]),
    [
      { kind: "everything", text: "every change for 48 hours", span: { amount: 48, unit: "hour" } },
      { kind: "one-per", text: "one per year forever", slot: "year", span: "forever" },
      { kind: "last", text: "last 5", count: 5 },
    ],
  );
});

test("parseRetentionRule() accepts the ways people write the same rule", () => {
  const same: readonly (readonly [string, string])[] = [
    ["everything for 2 days", "everything for 2 days"],
    ["Everything  forever", "everything forever"],
    ["one per hour for 14 days", "one per hour for 14 days"],
    ["1 per day for three months", "one per day for 3 months"],
    ["one per week for 1 year", "one per week for 1 year"],
    ["one per week for a year", "one per week for 1 year"],
    ["one per minute for an hour", "one per minute for 1 hour"],
    ["last 10", "last 10"],
    ["the last 10 moments", "last 10"],
  ];
  for (const [written, canonical] of same)
    assert.equal(parseRetentionRule(written).text, canonical);
});

test("parseRetentionRule() suggests the rule that was meant", () => {
  const slips: readonly (readonly [string, string])[] = [
    ["one per hours for 14 days", "one per hour for 14 days"],
    ["one per huor for 14 dyas", "one per hour for 14 days"],
    ["one every hour for 14 days", "one per hour for 14 days"],
    ["one per hour 14 days", "one per hour for 14 days"],
    ["hourly for 14 days", "one per hour for 14 days"],
    ["every chnage for 48 hours", "every change for 48 hours"],
    ["one per year for ever", "one per year forever"],
    ["lst 10", "last 10"],
    ["all for 2 days", "every change for 2 days"],
  ];
  for (const [written, suggestion] of slips) {
    assert.throws(
      () => parseRetentionRule(written),
      { code: "retention.rule", suggestion },
      written,
    );
  }
});

test("parseRetentionRule() refuses nonsense and amounts that no calendar reaches", () => {
  const texts = [
    "",
    "keep it",
    "one per hour",
    "last 0",
    "last -1",
    "one per day for 0 days",
    "one per day for 99999999 years",
  ];
  for (const text of [...texts, "one per century forever", "a".repeat(100_000), "last 1e3"]) {
    assert.throws(() => parseRetentionRule(text), PolicyError, text.slice(0, 50));
  }
});

test("parseRetentionRule() throws nothing but PolicyError, and what it suggests is a rule", () => {
  const words = fc.constantFrom(
    "one",
    "per",
    "every",
    "hour",
    "hours",
    "for",
    "14",
    "days",
    "last",
    "forever",
    "x",
    "__proto__",
  );
  const text = fc.oneof(
    fc.string(),
    fc.array(words, { maxLength: 8 }).map((list) => list.join(" ")),
  );
  fc.assert(
    fc.property(text, (rule) => {
      try {
        assert.equal(
          parseRetentionRule(parseRetentionRule(rule).text).text,
          parseRetentionRule(rule).text,
        );
      } catch (error) {
        assert.ok(error instanceof PolicyError);
        if (error.suggestion !== undefined)
          assert.equal(parseRetentionRule(error.suggestion).text, error.suggestion);
      }
    }),
    { numRuns: 300 },
  );
});
