import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decodeHeaderText, readHeaders } from "#mail";

test("folded fields are unfolded, encoded words decoded, the date read", () => {
  const headers = readHeaders(
    Buffer.from(
      "Subject: =?UTF-8?Q?Gr=C3?=\r\n =?utf-8?q?=BC=C3=9Fe_aus?= Wien\r\nFrom: =?ISO-8859-1?B?SvxyZ2Vu?= <j@example.test>\r\n" +
        "Date: Thu, 13 Feb 2020 23:02:24 -0130 (XYZ)\r\nMessage-ID: <1@x>\r\n\r\nbody",
    ),
  );
  assert.equal(headers.subject, "Grüße aus Wien");
  assert.equal(headers.from, "Jürgen <j@example.test>");
  assert.equal(headers.dateMs, Date.parse("2020-02-14T00:32:24Z"));
  assert.equal(headers.messageId, "<1@x>");
  assert.deepEqual(headers.problems, []);
  assert.deepEqual(
    headers.fields.map((field) => field.name),
    ["Subject", "From", "Date", "Message-ID"],
  );
});

test("raw 8-bit text is UTF-8 where it can be, else Windows-1252", () => {
  assert.equal(decodeHeaderText(Buffer.from("Grüße").toString("latin1")), "Grüße");
  assert.equal(decodeHeaderText("Gr\xfc\x80"), "Grü€");
});

test("what cannot be understood is kept and reported", () => {
  const headers = readHeaders(
    Buffer.from(" fold\nno field\n__proto__: x\nSubject: =?klingon?Q?a=62?=\nDate: soon\n"),
  );
  assert.equal(headers.subject, "ab");
  assert.equal(headers.dateMs, undefined);
  assert.deepEqual(headers.fields[0], { name: "__proto__", value: "x" });
  assert.deepEqual(
    headers.problems.map((problem) => problem.code),
    ["header", "header", "header", "encoded-word", "header"],
  );
});

test("endless headers are cut off", () => {
  const many = readHeaders(Buffer.from("A: b\n".repeat(5000)));
  assert.equal(many.fields.length, 1000);
  const long = readHeaders(Buffer.from(`A: ${"x".repeat(1_000_000)}\n\n`));
  assert.equal(long.fields[0]?.value.length, 16 * 1024 - 1);
  const folded = readHeaders(Buffer.from(`A: b\n${" x\n".repeat(80_000)}\n`));
  assert.ok((folded.fields[0]?.value.length ?? 0) <= 16 * 1024);
  assert.ok(folded.problems.length <= 100);
});

test("property: no bytes at all make reading throw", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => void readHeaders(bytes)));
  fc.assert(
    fc.property(
      fc.array(
        fc.constantFrom(
          "=?",
          "?=",
          "utf-8",
          "?B?",
          "?Q?",
          "=C3",
          "\n",
          " ",
          "Subject:",
          "Date:",
          "?",
          "=",
        ),
      ),
      (parts) => void readHeaders(Buffer.from(`Subject: ${parts.join("")}`)),
    ),
  );
});
