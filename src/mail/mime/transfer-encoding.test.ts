import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { MailProblem } from "../mail-problem.ts";
import { decodeTransfer, type TransferEncoding, transferEncodingOf } from "./transfer-encoding.ts";
import { findUuencoded } from "./uuencode.ts";

const decode = (text: string, encoding: TransferEncoding, limitBytes?: number): string =>
  decodeTransfer(
    Buffer.from(text, "latin1"),
    encoding,
    limitBytes === undefined ? {} : { limitBytes },
  ).toString("latin1");

test("the name of an encoding is read with comments, case and parameters; others stay as they are", () => {
  const problems: MailProblem[] = [];
  const read = (field: string): string => transferEncodingOf(field, problems);
  assert.deepEqual(
    ["Base64", "quoted-printable (x)", "8BIT;", "x-uuencode", '"7bit"', ""].map(read),
    ["base64", "quoted-printable", "identity", "uuencode", "identity", "identity"],
  );
  assert.equal(problems.length, 0);
  assert.equal(read("iso-8859-1"), "identity");
  assert.match(problems.map(({ message }) => message).join(), /"iso-8859-1" is not known/);
});

describe("base64", () => {
  test("is read over line ends, without padding, with other characters between", () => {
    assert.equal(decode("SGVs\r\nbG8=\r\n", "base64"), "Hello");
    assert.equal(decode("SGVsbG8", "base64"), "Hello");
    assert.equal(decode("SG Vs!\n bG8=", "base64"), "Hello");
  });
  test("goes on after padding where base64 does, and ends at a footer", () => {
    assert.equal(decode("SGVsbG8=\nSGVsbG8=\n", "base64"), "HelloHello");
    assert.equal(decode("SGVsbG8=\n\n--\nlist mailing list\n", "base64"), "Hello");
    assert.equal(decode("SGVsbG8=\n_______________\nlist", "base64"), "Hello");
    assert.equal(decode("SGVsbG8h\n-------\nlist of\nGeeks\n", "base64"), "Hello!");
  });
  test("property: what was encoded comes back, in lines of any length", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 500 }),
        fc.integer({ min: 1, max: 76 }),
        (bytes, n) => {
          const lines = Buffer.from(bytes)
            .toString("base64")
            .replace(new RegExp(`.{1,${n}}`, "g"), "$&\r\n");
          assert.deepEqual(decodeTransfer(Buffer.from(lines), "base64"), Buffer.from(bytes));
        },
      ),
    );
  });
});

describe("quoted-printable", () => {
  test("is read with soft line ends, blanks at the end of lines, and errors left as they are", () => {
    assert.equal(
      decode("a=3Db=20\r\nc=\r\nd= \t\r\ne \t\r\nf", "quoted-printable"),
      "a=b \r\ncde\r\nf",
    );
    assert.equal(decode("=fc=FC", "quoted-printable"), "üü");
    assert.equal(decode("a=zz=4", "quoted-printable"), "a=zz=4");
    assert.equal(decode("a=", "quoted-printable"), "a");
  });
  test("property: what was encoded comes back", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const hex = Buffer.from(bytes).toString("hex").toUpperCase();
        const lines = hex
          .replace(/../g, "=$&")
          .replace(/.{1,75}/g, (line) => `${line.slice(0, 75)}=\r\n`);
        assert.deepEqual(
          decodeTransfer(Buffer.from(lines), "quoted-printable"),
          Buffer.from(bytes),
        );
      }),
    );
  });
});

describe("uuencode", () => {
  const encode = (bytes: Uint8Array): string => {
    let text = "";
    for (let from = 0; from < bytes.length; from += 45) {
      const line = bytes.subarray(from, from + 45);
      text += String.fromCharCode(32 + line.length);
      for (let index = 0; index < line.length; index += 3) {
        const bits =
          ((line[index] ?? 0) << 16) | ((line[index + 1] ?? 0) << 8) | (line[index + 2] ?? 0);
        for (const shift of [18, 12, 6, 0])
          text += String.fromCharCode(32 + ((bits >> shift) & 63) || 96);
      }
      text += "\n";
    }
    return `begin 644 a b.gif\n${text}\`\nend\n`;
  };
  test("property: what was encoded comes back, and is found within text", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 200 }), (bytes) => {
        const file = encode(bytes);
        assert.deepEqual(decodeTransfer(Buffer.from(file), "uuencode"), Buffer.from(bytes));
        const text = `before\n${file}after\n`;
        const [found] = findUuencoded(text);
        assert.equal(found?.name, "a b.gif");
        assert.equal(text.slice(0, found?.from) + text.slice(found?.to), "before\nafter\n");
      }),
    );
  });
  test("lines may end in CRLF", () => {
    const file = encode(Buffer.from("hello")).replaceAll("\n", "\r\n");
    assert.equal(decode(file, "uuencode"), "hello");
    assert.equal(findUuencoded(`x\r\n${file}`).length, 1);
  });
  test("text that only begins like one stays text", () => {
    for (const text of [
      "begin 644 x\nno data\nend\n",
      "begin 644 x\nend\n",
      "begin 644 x\n#86)C\n",
      "begin at 644 once\n",
    ])
      assert.deepEqual(findUuencoded(text), [], text);
  });
});

test("no more is decoded than the limit", () => {
  for (const encoding of ["identity", "base64", "quoted-printable", "uuencode"] as const)
    assert.ok(decode("YWJj".repeat(1000), encoding, 10).length <= 10, encoding);
  assert.equal(decode("=41".repeat(100), "quoted-printable", 10), "AAAAAAAAAA");
});

test("property: no bytes make any of them throw", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      for (const encoding of ["base64", "quoted-printable", "uuencode"] as const)
        decodeTransfer(Buffer.from(bytes), encoding);
    }),
  );
});
