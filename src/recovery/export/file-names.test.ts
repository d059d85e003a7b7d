import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { messageFileName, safeFileName, UniqueNames } from "./file-names.ts";

describe("messageFileName()", () => {
  test("is made of date and subject", () => {
    const dateNs = BigInt(Date.UTC(2026, 10, 25, 14, 3, 7)) * 1_000_000n;
    assert.equal(
      messageFileName({ dateNs, subject: "Re: Rechnung über 12,50 €" }),
      "20261125T140307Z Re Rechnung über 12,50 €",
    );
    assert.equal(messageFileName({ dateNs, subject: " \u202e../../ \0" }), "20261125T140307Z");
    assert.equal(messageFileName({ dateNs: 10n ** 40n, subject: "x" }), "undated x");
  });
});

describe("safeFileName()", () => {
  for (const [text, name] of [
    ["../../etc/passwd", "etc passwd"],
    ["CON", "_CON"],
    ["lpt1.txt", "_lpt1.txt"],
    [".hidden.", "hidden"],
    ["a\u0000b\nc\u202ed", "a b c d"],
    ["...", "_"],
    ["e\u0301", "é"],
    ["\ud800", "\ufffd"],
  ] as const) {
    test(`${JSON.stringify(text)} becomes ${JSON.stringify(name)}`, () =>
      assert.equal(safeFileName(text, { fallback: "_" }), name));
  }

  test("of any text is a name on every system, and fits", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 400 }), (text) => {
        const names = new UniqueNames();
        for (let again = 0; again < 3; again++) {
          const name = names.take(safeFileName(text, { fallback: "_" }), ".eml");
          assert.ok(Buffer.byteLength(name) <= 255);
          // oxlint-disable-next-line no-control-regex
          assert.doesNotMatch(name, /[\u0000-\u001f\u007f<>:"/\\|?*\u202e]|^[. ]|[. ]\.eml$/);
          assert.ok(name.isWellFormed());
        }
      }),
      { numRuns: 500 },
    );
  });
});

test("UniqueNames gives no name twice, whatever a filesystem takes for the same", () => {
  const names = new UniqueNames();
  const taken = ["a", "A", "a (2)", "ﬁ", "fi", "a", "a"].map((name) => names.take(name, ".eml"));
  assert.equal(new Set(taken.map((name) => name.normalize("NFKC").toLowerCase())).size, 7);
  assert.deepEqual(taken.slice(0, 2), ["a.eml", "A (2).eml"]);
});
