import assert from "node:assert/strict";
import { test } from "node:test";
import { isImapUrl, parseImapUrl } from "./imap-url.ts";

test("a server's URL has a scheme, a host and perhaps a port", () => {
  assert.deepEqual(parseImapUrl("imap://mx1"), { scheme: "imap", host: "mx1", port: 143 });
  assert.deepEqual(parseImapUrl("imaps://mx1.example.org/"), {
    scheme: "imaps",
    host: "mx1.example.org",
    port: 993,
  });
  assert.deepEqual(parseImapUrl("imap://[::1]:11143"), {
    scheme: "imap",
    host: "::1",
    port: 11_143,
  });
});

test("what is no URL of a server is told without quoting it", () => {
  for (const text of [
    "mx1",
    "http://mx1",
    "imap://",
    "imap://me:geheim@mx1",
    "imap://mx1:0",
    "imap://mx1:99999",
    "imap://mx1/geheim",
    "imap://-mx1",
    "imap://[mx1]",
  ]) {
    const found = parseImapUrl(text);
    assert.ok("code" in found, text);
    assert.doesNotMatch(JSON.stringify(found), /geheim/);
  }
  assert.ok(isImapUrl("IMAP://x") && !isImapUrl("./imap") && !isImapUrl("imap"));
});
