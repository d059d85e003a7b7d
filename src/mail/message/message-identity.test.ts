import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { messageIdentity, messageIdentityOf } from "#mail";

const rest = "Received: from a by b with ESMTP\nSubject: x\n\nbody\n";
const expected = createHash("sha256").update(rest).digest("hex");

test("every recipient's copy has the digest of what follows the trace", () => {
  for (const trace of [
    "",
    "Return-Path: <a@b>\nDelivered-To: c@d\nReceived: by s with LMTP id 1\n\tfor <c@d>; now\n",
    "X-Original-To: e@f\r\nENVELOPE-TO : e@f\r\n",
    "From a@b Mon Jan  1 00:00:00 2024\n",
  ]) {
    assert.equal(messageIdentityOf(Buffer.from(trace + rest)), expected);
    assert.equal(messageIdentityOf(Buffer.from((trace + rest).replaceAll("\n", "\r\n"))), expected);
  }
});

test("another body has another identity, and a lone carriage return counts", () => {
  assert.notEqual(messageIdentityOf(Buffer.from(`${rest}!`)), expected);
  assert.notEqual(messageIdentityOf(Buffer.from(`${rest}\r`)), expected);
  assert.notEqual(messageIdentityOf(Buffer.from(rest.replace("body", "bo\rdy"))), expected);
});

test("property: a stream has the identity of its bytes, however it is divided, also when buffers are reused", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.constantFrom(
          "\r",
          "\n",
          "\r\n",
          "Return-Path: x",
          "Received: for <x",
          " ",
          "body".repeat(9000),
        ),
        {
          maxLength: 30,
        },
      ),
      fc.integer({ min: 1, max: 40_000 }),
      async (fragments, size) => {
        const bytes = Buffer.from(fragments.join(""));
        const step = bytes.length > 1000 ? Math.max(size, 50) : size;
        const shared = Buffer.alloc(step);
        async function* chunks(): AsyncIterable<Uint8Array> {
          for (let from = 0; from < bytes.length; from += step) {
            yield shared.subarray(0, bytes.copy(shared, 0, from, from + step));
          }
        }
        assert.equal(await messageIdentity(chunks()), messageIdentityOf(bytes));
        const lineFeeds = Buffer.from(bytes.toString().replaceAll("\r\n", "\n"));
        const normalised = messageIdentityOf(bytes);
        // A second pass may find CRLF that the first one made of CR CR LF.
        if (!lineFeeds.includes("\r\n")) assert.equal(messageIdentityOf(lineFeeds), normalised);
      },
    ),
    { numRuns: 100 },
  );
});
