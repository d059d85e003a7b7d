import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { ContentKind } from "#mail";
import { maxChunkBytes, minChunkBytes } from "./chunker.ts";
import { openPieceSplitter } from "./piece-splitter.ts";
import { collect, pseudoRandom } from "./repository.fixture.ts";

const splitter = openPieceSplitter(0x3da3358b4dc173n);

const trace = (n: number): string =>
  `Return-Path: <a@example.org>\r\nDelivered-To: user${n}@example.org\r\n` +
  `Received: from mx by mail with LMTP id ${n}\r\n\tfor <user${n}@example.org>; Mon, 23 Nov 2026 10:00:00 +0000\r\n`;

/** A message with an attachment of so many base64 bytes. */
function message(n: number, attachmentBytes: number): Buffer {
  const attachment = pseudoRandom(Math.ceil((attachmentBytes * 3) / 4), 77)
    .toString("base64")
    .replace(/.{76}/g, "$&\r\n");
  return Buffer.from(
    `${trace(n)}From: a@example.org\r\nSubject: test\r\nMIME-Version: 1.0\r\n` +
      `Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nHello ${n}\r\n` +
      `--b\r\nContent-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n${attachment}\r\n--b--\r\n`,
  );
}

const mbox = (attachments: readonly number[]): Buffer =>
  Buffer.concat(
    attachments.flatMap((size, n) => [
      Buffer.from("From a@example.org Mon Nov 23 10:00:00 2026\n"),
      message(n, size),
      Buffer.from("\n"),
    ]),
  );

const whole = (kind: ContentKind, bytes: Uint8Array): Buffer[] =>
  collect((onPiece) => splitter.splitWhole(kind, bytes, onPiece));

function streamed(kind: ContentKind, bytes: Uint8Array, steps: () => number): Buffer[] {
  return collect((onPiece) => {
    const stream = splitter.stream(kind, onPiece);
    for (let from = 0; from < bytes.length;) {
      const to = Math.min(bytes.length, from + steps());
      // A copy that is spoilt afterwards: nothing may hold on to what was pushed.
      const chunk = Uint8Array.from(bytes.subarray(from, to));
      stream.push(chunk);
      chunk.fill(0xee);
      from = to;
    }
    stream.end();
  });
}

const samples: readonly (readonly [name: string, kind: ContentKind, bytes: Buffer])[] = [
  ["nothing", "message", Buffer.alloc(0)],
  ["one byte", "other", Buffer.from("x")],
  ["a short message", "message", message(1, 0)],
  ["a message with an attachment", "message", message(2, 100_000)],
  ["a message with an attachment of 20 MB", "message", message(3, 20_000_000)],
  ["a message that is almost too long", "message", message(4, maxChunkBytes - 700)],
  ["an mbox", "mbox", mbox([0, 5_000, 70_000, 10, 300_000])],
  ["an mbox with a long message between short ones", "mbox", mbox([100, 11_000_000, 100, 9_000])],
  ["random bytes called a message", "message", pseudoRandom(300_000, 3)],
  ["another file of least length", "other", pseudoRandom(minChunkBytes, 4)],
  ["another file, long", "other", pseudoRandom(5 << 20, 5)],
  ["zeros", "other", Buffer.alloc(3 << 20)],
];

for (const [name, kind, bytes] of samples) {
  test(`the pieces of ${name} are its bytes, none empty and none over 8 MiB`, () => {
    const pieces = whole(kind, bytes);
    assert.ok(Buffer.concat(pieces).equals(bytes));
    assert.ok(pieces.every((piece) => piece.length > 0 && piece.length <= maxChunkBytes));
  });

  test(`the pieces of ${name} do not depend on how it arrives`, () => {
    const lengths = whole(kind, bytes).map((piece) => piece.length);
    const least = Math.max(1, Math.floor(bytes.length / 300));
    fc.assert(
      fc.property(fc.infiniteStream(fc.integer({ min: least, max: least * 40 + 10 })), (steps) => {
        const pieces = streamed(kind, bytes, () => steps.next().value);
        assert.deepEqual(
          pieces.map((piece) => piece.length),
          lengths,
        );
        assert.ok(Buffer.concat(pieces).equals(bytes));
      }),
      { numRuns: bytes.length > 1 << 20 ? 2 : 10 },
    );
  });
}

test("what follows the delivery trace is the same piece for every recipient", () => {
  const [first, second] = [
    whole("message", message(1, 60_000)),
    whole("message", message(2, 60_000)),
  ];
  assert.ok(first.length >= 3);
  assert.notDeepEqual(first[0], second[0]);
  assert.ok(
    first.some((piece) => piece.length > 50_000 && second.some((other) => other.equals(piece))),
  );
});

test("a long attachment is cut by content, so that a byte before it moves nothing", () => {
  const shifted = Buffer.concat([Buffer.from("X-One-More: header\r\n"), message(1, 20_000_000)]);
  const before = new Set(
    whole("message", message(1, 20_000_000)).map((piece) => piece.toString("latin1")),
  );
  const again = whole("message", shifted).filter((piece) => before.has(piece.toString("latin1")));
  const bytes = again.reduce((sum, piece) => sum + piece.length, 0);
  assert.ok(bytes > 15_000_000, `${bytes} bytes found again`);
});
