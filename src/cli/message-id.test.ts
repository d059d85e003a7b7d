import assert from "node:assert/strict";
import { test } from "node:test";
import { messageId, parseMessageId } from "./message-id.ts";

test("a message's ID is the beginning of its identity, and is told from a path", () => {
  const identity = "0123456789abcdef".repeat(4);
  assert.equal(messageId(identity), "m:0123456789ab");
  assert.equal(parseMessageId(messageId(identity)), identity.slice(0, 12));
  assert.equal(parseMessageId("M:0123AB"), "0123ab");
  assert.equal(parseMessageId(`m:${identity}`), identity);
  for (const other of [
    "m:12345",
    `m:${identity}0`,
    "m:xyz123",
    "/mail/m:012345",
    "0123456789ab",
    "",
  ])
    assert.equal(parseMessageId(other), undefined, other);
});
