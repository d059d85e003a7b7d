import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { goJsonString, goQuote, goUnquote } from "./go-json.ts";

/** One character per byte. */
const raw = (text: string): string => Buffer.from(text, "utf8").toString("latin1");

// What Go 1.19's strconv.Quote gives, without its quotes.
const quoted: readonly (readonly [raw: string, expected: string, what: string])[] = [
  ["", "", "nothing"],
  ["1700000000.M1P2.host,S=3:2,FS", "1700000000.M1P2.host,S=3:2,FS", "a Maildir name"],
  [".&BB0EMA-", ".&BB0EMA-", "modified UTF-7"],
  ["<a> & 'b'", "<a> & 'b'", "what JSON escapes and Go does not"],
  ['say "hi" \\ there', 'say \\"hi\\" \\\\ there', "quotes and backslashes"],
  ["\x07\b\f\n\r\t\v", "\\a\\b\\f\\n\\r\\t\\v", "controls that have letters"],
  ["\0\x01\x1b\x1f\x7f", "\\x00\\x01\\x1b\\x1f\\x7f", "other controls and DEL"],
  [raw("Grüße"), raw("Grüße"), "letters"],
  [raw("Входящие 受信箱 ✉ 📧"), raw("Входящие 受信箱 ✉ 📧"), "other scripts and symbols"],
  [raw("e\u0301"), raw("e\u0301"), "a combining mark"],
  [raw("a\u00a0b"), "a\\u00a0b", "a space that is not ASCII's"],
  [raw("a\u00adb"), "a\\u00adb", "a soft hyphen"],
  [raw("\u0080\u009f"), "\\u0080\\u009f", "C1 controls"],
  [raw("\u2028\u2029"), "\\u2028\\u2029", "line and paragraph separators"],
  [raw("\u200b\u200e\ufeff"), "\\u200b\\u200e\\ufeff", "format characters"],
  [raw("\ue000"), "\\ue000", "private use"],
  [raw("\u{10ffff}\u{f0000}"), "\\U0010ffff\\U000f0000", "beyond the first plane"],
  [raw("\ufffd"), raw("\ufffd"), "a real replacement character"],
  ["\xff\xfe", "\\xff\\xfe", "bytes that no UTF-8 has"],
  ["a\x80b", "a\\x80b", "a continuation alone"],
  ["\xc3", "\\xc3", "a sequence cut short"],
  ["\xe2\x82", "\\xe2\\x82", "a longer one cut short"],
  ["\xc0\xaf", "\\xc0\\xaf", "an overlong slash"],
  ["\xe0\x80\xaf", "\\xe0\\x80\\xaf", "an overlong one of three bytes"],
  ["\xed\xa0\x80", "\\xed\\xa0\\x80", "a surrogate"],
  ["\xed\x9f\xbf", "\\ud7ff", "the last before the surrogates"],
  ["\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80", "beyond Unicode"],
  ["\xf0\x9f\x93", "\\xf0\\x9f\\x93", "an emoji cut short"],
];

for (const [name, expected, what] of quoted) {
  test(`goQuote() quotes ${what} as Go does`, () => {
    assert.equal(goQuote(name), expected);
    assert.equal(goUnquote(Buffer.from(expected, "latin1").toString("utf8")), name);
  });
}

// What Go 1.19's encoding/json gives.
const jsonStrings: readonly (readonly [raw: string, expected: string, what: string])[] = [
  ["", '""', "nothing"],
  ["plain text", '"plain text"', "plain text"],
  ["<a>&b", '"\\u003ca\\u003e\\u0026b"', "what HTML would read"],
  ['"\\', '"\\"\\\\"', "quotes and backslashes"],
  ["\n\r\t", '"\\n\\r\\t"', "controls that have letters"],
  ["\b\f\v\x00\x1f", '"\\u0008\\u000c\\u000b\\u0000\\u001f"', "other controls"],
  ["\x7f", '"\x7f"', "DEL"],
  [raw("Grüße 📧"), `"${raw("Grüße 📧")}"`, "text"],
  [raw("\u2028\u2029"), '"\\u2028\\u2029"', "what JavaScript once took for line ends"],
  [raw("\u0080\u00a0\ufeff"), `"${raw("\u0080\u00a0\ufeff")}"`, "what is not printable"],
  ["\xff", '"\\ufffd"', "a byte that no UTF-8 has"],
  ["\xed\xa0\x80", '"\\ufffd\\ufffd\\ufffd"', "a surrogate"],
  [raw("\ufffd"), `"${raw("\ufffd")}"`, "a real replacement character"],
];

for (const [text, expected, what] of jsonStrings) {
  test(`goJsonString() writes ${what} as Go does`, () => {
    assert.equal(goJsonString(text), expected);
  });
}

test("goUnquote() gives back what goQuote() took, through JSON, for any bytes", () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 30 }),
    fc.string({ unit: "binary", maxLength: 30 }).map((text) => Buffer.from(text, "utf8")),
  );
  fc.assert(
    fc.property(bytes, (value) => {
      const name = Buffer.from(value).toString("latin1");
      const json = Buffer.from(goJsonString(goQuote(name)), "latin1").toString("utf8");
      assert.equal(goUnquote(JSON.parse(json) as string), name);
    }),
    { numRuns: 500 },
  );
});

test("goJsonString() is JSON of the same text wherever the bytes are text", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      const json = Buffer.from(goJsonString(raw(text)), "latin1").toString("utf8");
      assert.equal(JSON.parse(json), Buffer.from(text, "utf8").toString("utf8"));
    }),
  );
});

test("goUnquote() refuses what is not quoted text", () => {
  for (const text of [
    "\\",
    "a\\",
    "\\q",
    "\\x",
    "\\x1",
    "\\xg0",
    "\\u123",
    "\\U0011ffff",
    "\\U0000",
    "\\x-1",
    "\\u 123",
  ]) {
    assert.equal(goUnquote(text), undefined, text);
  }
});
