import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decodeParameter, safeFileName } from "../mime/file-name.ts";
import { readParameters } from "./header-parameters.ts";

const fileName = (field: string): string | undefined => {
  const parameter = readParameters(field).parameters.get("filename");
  return parameter === undefined ? undefined : decodeParameter(parameter, []);
};

const cases: readonly (readonly [string, string, string])[] = [
  ["quoted", 'attachment; filename="a b.pdf"', "a b.pdf"],
  ["unquoted", "attachment; filename=a.pdf", "a.pdf"],
  ["unquoted with blanks", "attachment; filename=My old file.pdf; size=3", "My old file.pdf"],
  ["folded", 'attachment;\r\n\tfilename="a.pdf"', "a.pdf"],
  ["never closed", 'attachment; filename="a.pdf', "a.pdf"],
  ["with an escaped quote", 'attachment; filename="a\\"b.pdf"', 'a"b.pdf'],
  ["a path of Windows", 'attachment; filename="C:\\new\\a.pdf"', "C:\\new\\a.pdf"],
  ["after a comment", "attachment (c; filename=no); filename=a.pdf", "a.pdf"],
  ["without a semicolon", "attachment filename=a.pdf", "a.pdf"],
  ["before one without a semicolon", "attachment; filename=a.pdf size=3", "a.pdf"],
  ["with parentheses", "attachment; filename=a(1).pdf", "a(1).pdf"],
  ["with a semicolon", 'attachment; filename="a;b.pdf"', "a;b.pdf"],
  ["extended", "attachment; filename*=utf-8'en'%e2%82%ac.pdf", "€.pdf"],
  ["extended beside plain", "attachment; filename=x; filename*=utf-8''%e2%82%ac", "€"],
  ["in pieces", 'attachment; filename*0="a b"; filename*1=c.pdf', "a bc.pdf"],
  ["in pieces out of order", "attachment; filename*1=b; filename*0=a", "ab"],
  ["in encoded pieces, a character divided", "x; filename*0*=utf-8''%e2%82; filename*1*=%ac", "€"],
  ["in mixed pieces", "x; filename*0*=iso-8859-1''%fc; filename*1=%41", "ü%41"],
  ["with a piece missing", "x; filename*0=a; filename*2=c", "a"],
  ["as an encoded word", 'x; filename="=?iso-8859-1?Q?=FC.pdf?="', "ü.pdf"],
  ["as raw bytes", `x; filename="${Buffer.from("ü").toString("latin1")}"`, "ü"],
  ["in an unknown character set", "x; filename*=klingon''%fc", "ü"],
];
for (const [name, field, expected] of cases) {
  test(`a parameter is read: ${name}`, () => assert.equal(fileName(field), expected));
}

test("the value before the parameters is in lower case, and a token ends at a blank", () => {
  const { value, parameters } = readParameters(" Text/Plain ; Charset=UTF-8 x ; =; ;;b");
  assert.equal(value, "text/plain");
  assert.deepEqual(parameters.get("charset"), { plain: "UTF-8 x", token: "UTF-8" });
});

test("a file name is shown without path, controls and marks of direction", () => {
  const cases = {
    "../../etc/passwd": "passwd",
    "C:\\temp\\a.pdf": "a.pdf",
    "invoice\u202efdp.exe": "invoice fdp.exe",
    "a\u0000\r\nb.txt": "a b.txt",
    "  x  ": "x",
    [`${"long".repeat(100)}`]: "long".repeat(100).slice(0, 255),
  };
  for (const [name, shown] of Object.entries(cases)) assert.equal(safeFileName(name), shown);
  for (const nothing of ["", "..", ".", "a/", "/", "\u200b"])
    assert.equal(safeFileName(nothing), undefined);
});

test("property: a quoted value is read back", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme-ascii", maxLength: 80 }), (text) => {
      const written = text.replace(/["\\]/g, "\\$&");
      const { plain } = readParameters(`x; a="${written}"; b=2`).parameters.get("a") ?? {};
      assert.equal(plain, text);
    }),
  );
});

test("property: an extended value in pieces is read back, wherever it was divided", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", minLength: 1 }), fc.nat(), (text, seed) => {
      const encoded = Buffer.from(text.toWellFormed()).toString("hex").replace(/../g, "%$&");
      const each = 3 * (1 + (seed % 7));
      const pieces = (encoded.match(new RegExp(`.{1,${each}}`, "g")) ?? []).map(
        (piece, index) => `n*${index}*=${index === 0 ? "utf-8''" : ""}${piece}`,
      );
      const parameter = readParameters(`x; ${pieces.slice(0, 100).join("; ")}`).parameters.get("n");
      if (pieces.length <= 100 && !text.startsWith("\ufeff"))
        assert.equal(decodeParameter(parameter ?? {}, []), text.toWellFormed());
    }),
  );
});
