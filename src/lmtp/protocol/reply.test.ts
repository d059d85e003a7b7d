import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { encodeReply, maxLineBytes, type Reply, ReplyReader } from "./reply.ts";

function readReplies(chunks: readonly Buffer[]): readonly Reply[] {
  const reader = new ReplyReader();
  const found: Reply[] = [];
  for (const chunk of chunks) {
    reader.push(chunk);
    for (let next = reader.next(); next !== undefined; next = reader.next()) found.push(next);
  }
  return found;
}

test("replies come back as they were written, however the stream is cut", () => {
  const text = fc.stringMatching(/^[\x20-\x7e\x80-\xff]{0,30}$/);
  const one = fc.record(
    {
      code: fc.integer({ min: 200, max: 599 }),
      lines: fc.array(text, { minLength: 1, maxLength: 5 }),
    },
    { noNullPrototype: true },
  );
  fc.assert(
    fc.property(fc.array(one, { maxLength: 5 }), fc.array(fc.nat(300)), (replies, at) => {
      const bytes = Buffer.from(replies.map(encodeReply).join(""), "latin1");
      const places = [0, ...at.toSorted((a, b) => a - b), bytes.length];
      const chunks = places.slice(1).map((end, index) => bytes.subarray(places[index], end));
      assert.deepEqual(readReplies(chunks), replies);
    }),
  );
});

test("a code alone, and lines that end with LF, are understood", () => {
  assert.deepEqual(readReplies([Buffer.from("250\r\n250-a\n250 b\n")]), [
    { code: 250, lines: [""] },
    { code: 250, lines: ["a", "b"] },
  ]);
});

test("what no server says is refused: other codes, lines without end, replies without end", () => {
  for (const bytes of [
    "* OK IMAP4rev1\r\n",
    "999 x\r\n",
    "250-a\r\n550 b\r\n",
    "25x\r\n",
    "x".repeat(maxLineBytes + 1),
    "250-x\r\n".repeat(200),
  ]) {
    assert.throws(() => readReplies([Buffer.from(bytes)]), { code: "lmtp.bad-reply" });
  }
});
