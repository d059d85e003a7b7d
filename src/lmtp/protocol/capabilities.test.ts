import assert from "node:assert/strict";
import { test } from "node:test";
import { offeredLines, readCapabilities } from "./capabilities.ts";

const ours = { name: "mx1", maxMessageBytes: 1000, withStartTls: false, withXclient: false };

test("what is offered is what the mail server offers and we hand on", () => {
  const server = readCapabilities({
    code: 250,
    lines: ["srv", "8bitmime", "CHUNKING", "BINARYMIME", "AUTH EXTERNAL", "SIZE 500", "VRFY", "?"],
  });
  assert.equal(server.get("AUTH"), "EXTERNAL");
  assert.deepEqual(offeredLines({ ...ours, server }), [
    "mx1",
    "PIPELINING",
    "8BITMIME",
    "CHUNKING",
    "SIZE 500",
  ]);
});

test("the smaller limit of size counts, and none means ours", () => {
  for (const [size, offered] of [
    ["SIZE 5000", "SIZE 1000"],
    ["SIZE 0", "SIZE 1000"],
    ["SIZE", "SIZE 1000"],
  ] as const) {
    const server = readCapabilities({ code: 250, lines: ["srv", size] });
    assert.ok(offeredLines({ ...ours, server }).includes(offered), size);
  }
});

test("STARTTLS and XCLIENT are ours to offer, not the server's", () => {
  const server = readCapabilities({ code: 250, lines: ["srv", "STARTTLS", "XCLIENT ADDR"] });
  assert.deepEqual(offeredLines({ ...ours, server }), ["mx1", "PIPELINING"]);
  const lines = offeredLines({ ...ours, server, withStartTls: true, withXclient: true });
  assert.deepEqual(lines.slice(2), [
    "STARTTLS",
    "XCLIENT NAME ADDR PORT PROTO HELO LOGIN DESTADDR DESTPORT",
  ]);
});
