/** Hostile mail costs no more than its length, counted in work and not in time. */
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { WorkCounter } from "./work.fixture.ts";

const counter = new WorkCounter();
after(() => counter[Symbol.dispose]());
// After the counter: what is compiled before is counted less exactly.
const { extractText } = await import("#mail");

const header = (type: string): string => `Subject: x\nContent-Type: ${type}\n\n`;
const html = header("text/html");
const nested = (size: number): string =>
  Array.from(
    { length: size },
    (_, depth) => `Content-Type: multipart/mixed; boundary=b${depth}\n\n--b${depth}\n`,
  ).join("");

/** Each makes a message whose length grows with `size`. */
const attacks: Readonly<Record<string, (size: number) => string>> = {
  "many empty parts": (size) => `${header("multipart/mixed; boundary=b")}${"--b\n\n".repeat(size)}`,
  "parts without an end of the header": (size) =>
    header("multipart/mixed; boundary=b") + "--b\na: b\n".repeat(size),
  "one boundary after another, none closed": nested,
  "nested parts and much after them": (size) => nested(40) + "--b\n".repeat(size),
  "multiparts side by side, whose boundaries never come": (size) =>
    `${header("multipart/mixed; boundary=o")}${Array.from({ length: size / 10 }, (_, index) => `--o\nContent-Type: multipart/mixed; boundary=x${index}\n\ntext\n`).join("")}`,
  "what is almost a boundary": (size) =>
    `${header("multipart/mixed; boundary=b")}${"--bx\n".repeat(size)}`,
  "header lines that are no fields": (size) => "no field\n".repeat(size),
  "one header line": (size) => `Subject: ${"x".repeat(size)}`,
  "folded lines": (size) => `To: a@b,\n${" c@d,\n".repeat(size)}\nx`,
  "encoded words": (size) => `Subject: ${"=?utf-8?q?=41?= ".repeat(size)}\n\nx`,
  "encoded words of unknown character sets": (size) =>
    `Subject: ${Array.from({ length: size }, (_, index) => `=?x${index}?q?a?=`).join(" ")}\n\nx`,
  "encoded words that do not end": (size) => `Subject: ${"=?a?q?".repeat(size)}\n\nx`,
  "addresses with open brackets": (size) => `To: ${'<"\\">'.repeat(size)}\n\nx`,
  "addresses with open comments": (size) => `To: ${"(".repeat(size)}\n\nx`,
  "addresses with open quotes": (size) => `To: ${'a" '.repeat(size)}\n\nx`,
  "an address of blanks": (size) => `To: a@b${" ".repeat(size)}x\n\nx`,
  "groups in groups": (size) => `To: ${"a:".repeat(size)}\n\nx`,
  "parameters without end": (size) => `Content-Type: text/plain${"; a=".repeat(size)}\n\nx`,
  "a parameter in many pieces": (size) =>
    `Content-Type: text/plain${Array.from({ length: size }, (_, index) => `; name*${index}*=%41`).join("")}\n\nx`,
  "a parameter of blanks": (size) => `Content-Type: text/plain; name=a${" ".repeat(size)}b\n\nx`,
  "HTML tags that do not end": (size) => html + "<a ".repeat(size),
  "HTML attributes that do not end": (size) => html + `<a b="'`.repeat(size),
  "HTML apostrophes that do not end": (size) => `${html}<a b='>`.repeat(size),
  "HTML comments that do not end": (size) => html + "<!--".repeat(size),
  "HTML scripts that do not end": (size) => html + "<script>".repeat(size),
  "HTML elements that do not end": (size) => html + "<div><pre><li>x".repeat(size),
  "HTML references": (size) => html + "&amp;&#65;&x".repeat(size),
  "HTML links": (size) => html + `<a href="https://e.org">x</a>`.repeat(size),
  "uuencoded files that do not end": (size) =>
    `Subject: x\n\n${"begin 644 a\n#86)C\n".repeat(size)}`,
  "base64 in padded pieces": (size) =>
    `Content-Transfer-Encoding: base64\n\n${"YQ==\n".repeat(size)}`,
  "quoted-printable that is none": (size) =>
    `Content-Transfer-Encoding: quoted-printable\n\n${"= =\t=4".repeat(size)}`,
  "quoted-printable blanks": (size) =>
    `Content-Transfer-Encoding: quoted-printable\n\n=${" ".repeat(size)}x`,
  "messages within messages": (size) => "Content-Type: message/rfc822\n\n".repeat(size),
};

describe("twice as much hostile mail costs about twice the work", () => {
  const size = 4000;
  for (const [name, attack] of Object.entries(attacks)) {
    test(name, () => {
      const work = (text: string): number => {
        const bytes = Buffer.from(text);
        return counter.count(() => void extractText(bytes, { links: true }));
      };
      const once = work(attack(size));
      const twice = work(attack(2 * size));
      assert.ok(once > 0);
      // What is limited may not grow at all; what is quadratic would come to four.
      assert.ok(twice < 2.6 * once + 2000, `${once} → ${twice}`);
    });
  }
});

test("what is quadratic would be seen", () => {
  const quadratic = (size: number): number => {
    const text = Buffer.alloc(size, 0x20);
    return counter.count(() => {
      for (let from = 0; from < size; from++) text.indexOf(0x41, from);
    });
  };
  assert.ok(quadratic(4000) > 3.5 * quadratic(2000));
});
