import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { isCatalogError } from "../catalog-error.ts";
import { parseQuery } from "./parse-query.ts";

const now = BigInt(Date.UTC(2026, 10, 23, 14)) * 1_000_000n;
const parse = (text: string): readonly object[] =>
  parseQuery(text, { now, zone: "Europe/Berlin" }).conditions.map(({ isNot, ...rest }) =>
    isNot ? { not: rest } : rest,
  );
const words = (field: string, text: string, isPrefix = false): object => ({
  kind: "words",
  field,
  text,
  isPrefix,
});

test("words, phrases, fields and what must not be", () => {
  assert.deepEqual(parse('invoice "on time" from:bank -subject:"re run" filename:scan* body:x1'), [
    words("any", "invoice"),
    words("any", "on time"),
    words("from", "bank"),
    { not: words("subject", "re run") },
    words("filename", "scan", true),
    words("body", "x1"),
  ]);
  assert.deepEqual(parse('has:attachment in:INBOX/Old -in:"Sent Mail" IS:Missing keyword:$Junk'), [
    { kind: "has-attachment" },
    { kind: "in", mailbox: "INBOX/Old" },
    { not: { kind: "in", mailbox: "Sent Mail" } },
    { kind: "is", state: "missing" },
    { kind: "keyword", keyword: "$Junk" },
  ]);
  assert.deepEqual(parse("larger:2MB smaller:1KiB"), [
    { kind: "larger", sizeBytes: 2_000_000 },
    { kind: "smaller", sizeBytes: 1024 },
  ]);
});

test("days begin in the zone that is shown", () => {
  const day = BigInt(Date.UTC(2026, 10, 19, 23)) * 1_000_000n;
  assert.deepEqual(parse("after:2026-11-20"), [{ kind: "after", atNs: day }]);
  assert.deepEqual(parse('before:"20 Nov 2026"'), [{ kind: "before", atNs: day }]);
  assert.deepEqual(parse("after:-2h"), [{ kind: "after", atNs: now - 7_200_000_000_000n }]);
});

test("addresses, web addresses and other words with colons are words", () => {
  for (const text of ["ada@example.org", "http://example.org/a?b", "Fwd:offer", "c++", "12:30"])
    assert.deepEqual(parse(text), [words("any", text)]);
  assert.deepEqual(parse('"from:bank"'), [words("any", "from:bank")]);
  assert.deepEqual(parse(""), []);
});

test("an error says where, and what was probably meant", () => {
  const wrong = (text: string, message: RegExp, hint: RegExp): void => {
    assert.throws(
      () => parse(text),
      (error) => {
        assert.ok(isCatalogError(error, "catalog.query"));
        assert.match(error.message, message);
        assert.match(error.hint ?? "", hint);
        return true;
      },
    );
  };
  wrong("invoice form:bank", /at character 9, there is no field "form:"/, /Did you mean from:/);
  wrong('a "b', /at character 3, the quote \("\) has no end/, /help find/);
  wrong("is:lost", /at character 4, is: knows no "lost"/, /missing/);
  wrong("a from: b", /at character 8, nothing follows after from:/, /help find/);
  wrong("after:someday", /at character 7, .*someday/, /Write it like/);
  wrong("larger:huge", /at character 8, .*huge/, /500 MB/);
  wrong("...", /no letter and no digit/, /help find/);
  wrong("ab*", /fewer than 3/, /help find/);
  wrong('""', /nothing in the quotes/, /help find/);
  wrong("has:wings", /knows no "wings"/, /attachment/);
});

test("whatever is typed is understood, or refused with its place", () => {
  const pieces = fc.constantFrom(
    "a",
    " ",
    '"',
    "-",
    ":",
    "from:",
    "after:",
    "is:",
    "*",
    "x1",
    "\u0000",
    "é",
    "会議",
    "/",
    "\\",
    "in:",
  );
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 30 }), (some) => {
      try {
        parse(some.join(""));
      } catch (error) {
        assert.ok(isCatalogError(error, "catalog.query"));
        assert.match(error.message, /at character \d+/);
      }
    }),
    { numRuns: 2000 },
  );
});
