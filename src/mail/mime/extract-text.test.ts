import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { extractText } from "#mail";

const mixed = Buffer.from(
  [
    "From: =?ISO-8859-1?Q?Jos=E9?= Bank <bank@example.com>",
    'To: "Doe, Jane" <jane@example.org>, team: a@example.org, b@example.org;',
    "Cc: old@example.org (Old Style)",
    "Subject: =?utf-8?B?S29udG8=?= =?utf-8?B?YXVzenVn?=",
    "Date: Tue, 3 Nov 2026 09:15:00 +0100 (CET)",
    "Message-ID: <one@example.com>",
    "References: <zero@example.com> <half@example.com>",
    "List-Id: Customers <customers.example.com>",
    'Content-Type: multipart/mixed; boundary="outer"',
    "",
    "preamble",
    "--outer",
    "Content-Type: multipart/alternative; boundary=inner",
    "",
    "--inner",
    "Content-Type: text/plain; charset=iso-8859-1",
    "Content-Transfer-Encoding: quoted-printable",
    "",
    "Gr=FC=DFe, your statement is attached=20",
    "and one line that is =",
    "long.",
    "--inner",
    "Content-Type: text/html",
    "",
    "<p>Gr&uuml;&szlig;e</p>",
    "--inner--",
    "--outer",
    "Content-Type: application/pdf",
    "Content-Transfer-Encoding: base64",
    "Content-Disposition: attachment; filename*0*=utf-8''Kontoauszug%20; filename*1*=%E2%82%AC.pdf",
    "",
    "JVBERi0xLjQK",
    "--outer--",
    "",
  ].join("\r\n"),
);

test("extractText() tells who wrote what to whom, when, with which files", () => {
  const { bodyText, ...known } = extractText(mixed);
  assert.deepEqual(known, {
    subject: "Kontoauszug",
    from: [{ name: "José Bank", address: "bank@example.com" }],
    sender: [],
    replyTo: [],
    to: [
      { name: "Doe, Jane", address: "jane@example.org" },
      { name: "", address: "a@example.org", group: "team" },
      { name: "", address: "b@example.org", group: "team" },
    ],
    cc: [{ name: "Old Style", address: "old@example.org" }],
    bcc: [],
    dateMs: Date.UTC(2026, 10, 3, 8, 15),
    messageId: "one@example.com",
    inReplyTo: [],
    references: ["zero@example.com", "half@example.com"],
    listId: "customers.example.com",
    attachmentNames: ["Kontoauszug €.pdf"],
    hasAttachment: true,
    isBodyCut: false,
    problems: [],
  });
  assert.equal(bodyText, "Grüße, your statement is attached \nand one line that is long.");
});

test("the body is cut at its limit, and says so", () => {
  const long = Buffer.from(`Subject: long\n\n${"word ".repeat(1000)}`);
  const { bodyText, isBodyCut } = extractText(long, { textLimit: 100 });
  assert.equal(bodyText.length, 100);
  assert.equal(isBodyCut, true);
  assert.equal(extractText(long).isBodyCut, false);
});

test("raw bytes of a header are in the character set of the text, unless they are UTF-8", () => {
  const koi8 = Buffer.from("f0d2c9d7c5d4", "hex");
  const message = (subject: Buffer): Buffer =>
    Buffer.concat([
      Buffer.from("Subject: "),
      subject,
      Buffer.from('\nFrom: "'),
      subject,
      Buffer.from('" <a@example.org>\nContent-Type: text/plain; charset=koi8-r\n\n'),
      koi8,
    ]);
  const { subject, from, bodyText } = extractText(message(koi8));
  assert.deepEqual([subject, from[0]?.name, bodyText], ["Привет", "Привет", "Привет"]);
  assert.equal(extractText(message(Buffer.from("Grüße"))).subject, "Grüße");
  assert.equal(extractText(Buffer.from("Subject: Gr\xfc\xdfe\n\n", "latin1")).subject, "Grüße");
});

test("of two forms the one with words is read, and a stub together with what it points to", () => {
  const alternative = (plain: string, html: string): string =>
    extractText(
      Buffer.from(
        `Content-Type: multipart/alternative; boundary=b\n\n--b\n\n${plain}\n--b\nContent-Type: text/html\n\n${html}\n--b--\n`,
      ),
    ).bodyText;
  assert.equal(alternative("plain words", "<p>html words</p>"), "plain words");
  assert.equal(alternative("  \n", "<p>html words</p>"), "html words");
  const long = `<p>${"word ".repeat(1000)}</p>`;
  assert.match(alternative("See the HTML form.", long), /^See the HTML form\.\n\nword word/);
  assert.doesNotMatch(alternative("a long text ".repeat(30), long), /word word/);
});

test("what a reader lists is an attachment; signatures and pictures of the text are incidental", () => {
  const has = (...parts: readonly string[]): boolean =>
    extractText(
      Buffer.from(
        `Content-Type: multipart/${parts.length > 2 ? "related" : "mixed"}; boundary=b\n\n${parts.map((part) => `--b\n${part}\n\nx\n`).join("")}--b--\n`,
      ),
    ).hasAttachment;
  const text = "Content-Type: text/plain";
  assert.equal(has(text, text), false);
  assert.equal(has(text, "Content-Type: application/pgp-signature; name=signature.asc"), false);
  assert.equal(has(text, "Content-Type: application/pdf"), true);
  assert.equal(has(text, `${text}\nContent-Disposition: attachment`), true);
  assert.equal(has(text, `${text}; name=a.txt`), true);
  const picture = "Content-Type: image/png; name=logo.png";
  assert.equal(has(text, picture), true);
  assert.equal(has(text, text, `${picture}\nContent-ID: <a@b>`), false);
  assert.equal(
    has(text, text, `${picture}\nContent-ID: <a@b>\nContent-Disposition: attachment`),
    true,
  );
});

describe("hostile mail", () => {
  test("never throws, whatever the bytes are", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2000 }), (bytes) => {
        extractText(bytes);
      }),
    );
  });
});
