import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { decodePart } from "./decode-part.ts";
import { type MimeOptions, type MimePart, readMime } from "./mime-structure.ts";

/** "1 text/plain", in order, parts that hold others left out. */
function leaves(part: MimePart): readonly string[] {
  if (part.parts.length > 0) return part.parts.flatMap(leaves);
  return [`${part.section} ${part.type} ${JSON.stringify(decodePart(part).toString())}`];
}
const read = (text: string, options?: MimeOptions) => {
  const { root, problems } = readMime(Buffer.from(text), options);
  return { leaves: leaves(root), problems: problems.map(({ message }) => message) };
};
const multipart = (type: string, boundary: string, ...parts: readonly string[]): string =>
  `Content-Type: multipart/${type}; boundary=${boundary}\n\n${parts.map((part) => `--${boundary}\n${part}\n`).join("")}--${boundary}--\n`;

test("a message without structure is one part of text", () => {
  assert.deepEqual(read("Subject: x\n\nhello\n").leaves, ['1 text/plain "hello\\n"']);
  assert.deepEqual(read("").leaves, ['1 text/plain ""']);
});

test("parts are numbered as IMAP numbers them, embedded messages too (RFC 9051 §6.4.5)", () => {
  const inner = `Subject: inner\n${multipart("mixed", "in", "\ni1", "\ni2")}`;
  const text = multipart(
    "mixed",
    "out",
    multipart("alternative", "alt", "\na1", "Content-Type: text/html\n\na2"),
    `Content-Type: message/rfc822\n\n${inner}`,
    "Content-Type: message/rfc822\n\nSubject: single\n\ns",
  );
  assert.deepEqual(read(text), {
    leaves: [
      '1.1 text/plain "a1"',
      '1.2 text/html "a2"',
      '2.1 text/plain "i1"',
      '2.2 text/plain "i2"',
      '3.1 text/plain "s"',
    ],
    problems: [],
  });
});

test("CRLF or LF, blanks after the boundary, preamble and epilogue make no difference", () => {
  const text = `Content-Type: multipart/mixed; boundary="a b"\n\npre\n--a b \t\n\none\n\n--a b\n\ntwo\n--a b--\nepi\n--a b\n\nno\n`;
  const expected = ['1 text/plain "one\\n"', '2 text/plain "two"'];
  assert.deepEqual(read(text).leaves, expected);
  assert.deepEqual(
    read(text.replaceAll("\n", "\r\n")).leaves,
    expected.map((leaf) => leaf.replace("\\n", "\\r\\n")),
  );
});

test("in a digest a part without a type is a message (RFC 2046 §5.1.5)", () => {
  assert.deepEqual(
    read(multipart("digest", "b", "\nSubject: a\n\nx", "\nSubject: b\n\ny")).leaves,
    ['1.1 text/plain "x"', '2.1 text/plain "y"'],
  );
});

describe("mail that breaks the rules", () => {
  const cases: readonly (readonly [string, string, readonly string[], RegExp | undefined])[] = [
    [
      "no closing boundary",
      "Content-Type: multipart/mixed; boundary=b\n\n--b\n\none\n--b\n\ntwo\n",
      ['1 text/plain "one"', '2 text/plain "two\\n"'],
      /closing boundary/,
    ],
    [
      "the boundary never comes",
      "Content-Type: multipart/mixed; boundary=b\n\nhello\n",
      ['1 multipart/mixed "hello\\n"'],
      /nowhere/,
    ],
    [
      "no boundary at all",
      "Content-Type: multipart/mixed\n\n--b\n\nhello\n",
      ['1 multipart/mixed "--b\\n\\nhello\\n"'],
      /no boundary/,
    ],
    [
      "a boundary that begins with another",
      multipart("mixed", "b", multipart("mixed", "b2", "\nx")),
      ['1.1 text/plain "x"'],
      undefined,
    ],
    [
      "an inner part without its end",
      `Content-Type: multipart/mixed; boundary=o\n\n--o\nContent-Type: multipart/mixed; boundary=i\n\n--i\n\nx\n--o\n\ny\n--o--`,
      ['1.1 text/plain "x"', '2 text/plain "y"'],
      /closing boundary/,
    ],
    [
      "the same boundary within",
      multipart("mixed", "b", "Content-Type: multipart/mixed; boundary=b\n", "\nx"),
      ['1 multipart/mixed ""', '2 text/plain "x"'],
      /nowhere/,
    ],
    [
      "a boundary twice",
      "Content-Type: multipart/mixed; boundary=b\n\n--b\n--b\n\nx\n--b--\n",
      ['1 text/plain "x"'],
      undefined,
    ],
    [
      "a boundary within a line",
      multipart("mixed", "b", "\nx --b y\n--bc\n --b"),
      ['1 text/plain "x --b y\\n--bc\\n --b"'],
      undefined,
    ],
    [
      "no blank line after the header",
      "Subject: x\nhello there\nworld\n",
      ['1 text/plain "hello there\\nworld\\n"'],
      /no field/,
    ],
    [
      "text that looks like no header, in a part",
      multipart("mixed", "b", "hello there\n\nworld"),
      ['1 text/plain "hello there\\n\\nworld"'],
      /no field/,
    ],
    [
      "a blank line that has a blank in it",
      "Subject: x\n \nhello: you\n\nworld",
      ['1 text/plain "world"'],
      undefined,
    ],
    [
      "a blank line that has a blank in it, before text",
      "Subject: x\n \nhello there\n\nworld",
      ['1 text/plain "hello there\\n\\nworld"'],
      /no field/,
    ],
    [
      "a line that is no field",
      "Subject: x\n>From y\nTo: z\n\nbody",
      ['1 text/plain "body"'],
      /no field/,
    ],
    ["a type that is none", "Content-Type: text\n\nx", ['1 text/plain "x"'], undefined],
    [
      "a message that is embedded in base64",
      `Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n${Buffer.from("Subject: i\n\nx").toString("base64")}`,
      ['1.1 text/plain "x"'],
      undefined,
    ],
  ];
  for (const [name, text, expected, problem] of cases) {
    test(name, () => {
      const found = read(text);
      assert.deepEqual(found.leaves, expected);
      if (problem === undefined) assert.deepEqual(found.problems, []);
      else assert.match(found.problems.join("\n"), problem);
    });
  }
});

describe("limits", () => {
  test("deeper parts stay one part", () => {
    let text = "\ninnermost";
    for (let depth = 0; depth < 10; depth++) text = multipart("mixed", `b${depth}x`, text);
    const found = read(text, { depthLimit: 4 });
    assert.match(found.leaves.join(), /^1\.1\.1\.1 multipart\/mixed /);
    assert.deepEqual(found.problems, ["Parts are nested more than 4 deep"]);
    assert.match(read(text).leaves.join(), /^1(?:\.1){9} text\/plain "innermost"$/);
  });
  test("more parts are left unread, of all multiparts together", () => {
    const many = multipart("mixed", "i", ...Array.from({ length: 10 }, () => "\nx"));
    const found = read(multipart("mixed", "o", many, many), { partLimit: 6 });
    assert.ok(found.leaves.length <= 6, found.leaves.join());
    assert.ok(found.problems.includes("The message has too many parts"));
  });
  test("embedded messages that are encoded share one limit", () => {
    const embedded = `Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n${Buffer.from(`Subject: i\n\n${"x".repeat(100)}`).toString("base64")}`;
    const found = read(multipart("mixed", "b", embedded, embedded), { embeddedLimitBytes: 50 });
    assert.equal(found.leaves.length, 2);
    assert.match(found.leaves[1] ?? "", /^2 message\/rfc822/);
  });
});
