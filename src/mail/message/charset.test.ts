import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { MailProblem } from "../mail-problem.ts";
import { decodeCharset } from "./charset.ts";

const cases: readonly (readonly [string, string, string])[] = [
  ["utf-8", "e282ac", "€"],
  ["UTF8", "efbbbf41", "A"],
  ["iso-8859-1", "8093e9", "€“é"],
  ["us-ascii", "e282ac", "€"],
  ["us-ascii", "e9", "é"],
  ["", "e9", "é"],
  ["unknown-8bit", "c3a9", "é"],
  ["koi8-r", "f0d2c9d7c5d4", "Привет"],
  ["cp932", "93fa967b", "日本"],
  ["ks_c_5601-1987", "c7d1b1db", "한글"],
  ["gb2312", "d6d0cec4", "中文"],
  ["utf-16be", "00e9", "é"],
  // 日本, back to ASCII, at once to JIS again and 語: as two joined encoded words have it.
  ["iso-2022-jp", "1b2442467c4b5c1b28421b244238 6c1b2842".replaceAll(" ", ""), "日本語"],
  ["csISO2022JP", "1b2442467c4b5c1b2842", "日本"],
  ["utf-16le", "4100", "A"],
  ["utf-7", Buffer.from("A+ImIDkQ- +- x+2D3eAA-").toString("hex"), "A≢Α + x😀"],
];
for (const [charset, hex, text] of cases) {
  test(`${JSON.stringify(charset)} is read: ${text}`, () => {
    const problems: MailProblem[] = [];
    assert.equal(decodeCharset(Buffer.from(hex, "hex"), charset, problems), text);
    assert.deepEqual(problems, []);
  });
}

test("an unknown name is a problem, and the bytes are read all the same", () => {
  const problems: MailProblem[] = [];
  assert.equal(decodeCharset(Buffer.from("Grüße"), "x-klingon", problems), "Grüße");
  assert.deepEqual(
    problems.map(({ code }) => code),
    ["charset"],
  );
});

test("UTF-8 that was cut keeps its text; Windows-1252 that says UTF-8 is read as what it is", () => {
  const cut = Buffer.from(`${"Grüße ".repeat(10)}€`).subarray(0, -1);
  assert.equal(decodeCharset(cut, "utf-8"), `${"Grüße ".repeat(10)}\ufffd`);
  const problems: MailProblem[] = [];
  const wrong = Buffer.from("Größe für Käse, Öl", "latin1");
  assert.equal(decodeCharset(wrong, "utf-8", problems), "Größe für Käse, Öl");
  assert.equal(problems.length, 1);
});

test("property: text in UTF-8 is read back, and no name or bytes make it throw", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), fc.string(), (text, name) => {
      const whole = text.toWellFormed();
      if (!whole.startsWith("\ufeff"))
        assert.equal(decodeCharset(Buffer.from(whole), "utf-8"), whole);
      decodeCharset(Buffer.from(text, "latin1"), name);
    }),
  );
});

test("seven bits are the same in every character set that does not shift", () => {
  const bytes = Buffer.from(Array.from({ length: 128 }, (_, byte) => byte));
  for (const charset of ["iso-8859-15", "windows-1251", "koi8-r", "shift_jis", "big5", "gb18030"])
    assert.equal(decodeCharset(bytes, charset), bytes.toString("latin1"), charset);
});
