import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formatShare, moneyFinding, parseMoney, parseShare, shareFinding } from "./index.ts";

test("parseMoney() reads an amount, its currency and what it is for", () => {
  assert.deepEqual(parseMoney("12000 EUR per hour"), {
    amount: 12_000,
    currency: "EUR",
    per: ["hour"],
  });
  assert.deepEqual(parseMoney("0.5USD/h")?.per, ["hour"]);
  assert.deepEqual(parseMoney("40 EUR per TB and year")?.per, ["tb", "year"]);
  assert.deepEqual(parseMoney("40 EUR per TB per year")?.per, ["tb", "year"]);
  assert.deepEqual(parseMoney("40 EUR a year")?.per, ["year"]);
  assert.deepEqual(parseMoney(" 70 CHF ")?.per, []);
});

test("parseMoney() refuses what it would have to guess", () => {
  for (const text of [
    "",
    "12000",
    "12,000 EUR",
    "1.200,50 EUR",
    "12000 eur",
    "12000 EURO",
    "12000 EUR hour",
    "12000 EUR per",
    "-5 EUR",
    "1e3 EUR",
    "5 EUR per h0ur",
    `5 EUR per ${"x".repeat(100)}`,
  ])
    assert.equal(parseMoney(text), undefined, text);
});

test("what moneyFinding() suggests is an amount it accepts", () => {
  const form = { per: [["year"], ["month"]], example: "5000 EUR per year" };
  assert.equal(moneyFinding("€ 5'000 per year", form)?.suggestion, "5000 EUR per year");
  assert.equal(moneyFinding("5 000 eur a month", form)?.suggestion, "5000 EUR per month");
  assert.equal(moneyFinding("5.000,00 eur", form)?.suggestion, undefined);
  assert.equal(moneyFinding("5,000 eur", form)?.suggestion, "5000 EUR per year");
  const texts = fc.oneof(
    fc.string({ maxLength: 30 }),
    fc.stringMatching(/^[€$]?\d{1,3}[,' ]?\d{3} ?(eur|EUR|)( per| a|) ?(year|month|)$/),
  );
  fc.assert(
    fc.property(texts, (text) => {
      const suggestion = moneyFinding(text, form)?.suggestion;
      if (suggestion !== undefined) assert.equal(moneyFinding(suggestion, form), undefined);
    }),
  );
});

test("a share survives being written, whatever it is", () => {
  assert.equal(formatShare(0.287), "28.7%");
  assert.equal(formatShare(1), "100%");
  assert.equal(formatShare(0), "0%");
  assert.equal(formatShare(0.005), "0.5%");
  const shares = fc.oneof(
    fc.double({ min: 0.000_001, max: 9999, noNaN: true }),
    fc.integer({ min: 0, max: 10_000 }).map((hundredths) => hundredths / 10_000),
  );
  fc.assert(fc.property(shares, (share) => assert.equal(parseShare(formatShare(share)), share)));
});

test("shareFinding() asks for the percent sign and minds what is more than all", () => {
  assert.equal(shareFinding("20%"), undefined);
  assert.equal(shareFinding(20)?.suggestion, "20%");
  assert.equal(shareFinding("0.2")?.suggestion, "20%");
  assert.match(shareFinding("101%")?.message ?? "", /more than 100%/);
  assert.equal(shareFinding("250%", { most: 10 }), undefined);
  assert.equal(shareFinding("a third")?.code, "config.share");
});
