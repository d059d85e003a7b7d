import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { ServedContent } from "./served-content.ts";
import type { Served } from "./served-listing.ts";

type Message = { readonly mailbox: string; readonly uid: number; readonly bytes: Uint8Array };

function printed(messages: readonly Message[]): Buffer {
  return Buffer.concat(
    messages.flatMap(({ mailbox, uid, bytes }, index) => [
      Buffer.from(
        `${index === 0 ? "" : "\f\n"}mailbox: ${mailbox}\nuid: ${uid}\nsize.physical: ${bytes.length}\ntext:\n`,
      ),
      bytes,
    ]),
  );
}

function reader(): { readonly served: Served; readonly content: ServedContent } {
  const served: Served = new Map(
    ["INBOX", "Grüße ✉"].map((name) => [
      name,
      { messages: 0, uidValidity: 1, uidNext: 1, uids: new Map(), digests: new Map() },
    ]),
  );
  return { served, content: new ServedContent(served) };
}

const messages = fc.uniqueArray(
  fc.record({
    mailbox: fc.constantFrom("INBOX", "Grüße ✉"),
    uid: fc.integer({ min: 1, max: 2 ** 32 - 1 }),
    // Bytes that look like what stands between messages.
    bytes: fc
      .array(fc.constantFrom("\f\n", "text:\n", "mailbox: x\n", "\n", "\0", "\xff", "a"))
      .map((pieces) => Buffer.from(pieces.join(""), "latin1")),
  }),
  { selector: ({ uid }) => uid, maxLength: 8 },
);

test("each message gets the digest of its bytes, however the output is cut", () => {
  fc.assert(
    fc.property(messages, fc.integer({ min: 1, max: 40 }), (sent, pieceBytes) => {
      const { served, content } = reader();
      const bytes = printed(sent);
      for (let at = 0; at < bytes.length; at += pieceBytes)
        content.add(bytes.subarray(at, at + pieceBytes));
      assert.equal(content.broken, undefined);
      for (const { mailbox, uid, bytes: message } of sent)
        assert.equal(
          served.get(mailbox)?.digests.get(uid),
          createHash("sha256").update(message).digest("base64"),
        );
    }),
  );
});

for (const [name, text, why] of [
  ["a message that is cut off", "mailbox: INBOX\nuid: 1\nsize.physical: 9\ntext:\nabc", /early/],
  [
    "a message that is longer than its size",
    "mailbox: INBOX\nuid: 1\nsize.physical: 1\ntext:\nab\f\nmailbox: INBOX\n",
    /longer or shorter/,
  ],
  ["a UID that is no number", "mailbox: INBOX\nuid: x\nsize.physical: 1\ntext:\na", /missing/],
  ["no end of a name", `mailbox: ${"x".repeat(70_000)}`, /no end/],
] as const) {
  test(`${name} is found`, () => {
    const { content } = reader();
    content.add(Buffer.from(text));
    assert.match(content.broken ?? "", why);
  });
}
