import assert from "node:assert/strict";
import { test } from "node:test";
import type { RawPath } from "#image";
import { isAddressOf, mailboxAddress } from "./mailbox-address.ts";

test("mailboxAddress() reads the layouts that servers use", () => {
  const expected: Readonly<Record<string, string>> = {
    "/srv/mail/example.org/support/Maildir": "support@example.org",
    "/srv/mail/example.org/support": "support@example.org",
    "/srv/mail/support@example.org": "support@example.org",
    "/srv/mail/support@example.org/mail": "support@example.org",
    "/home/support/Maildir": "support",
    "/home/support/.maildir": "support",
    "/var/vmail/mail.example.org/mail/Maildir": "mail.example.org",
    "/": "",
  };
  for (const [path, address] of Object.entries(expected))
    assert.equal(mailboxAddress(path as RawPath), address, path);
});

test("isAddressOf() takes a name without a domain for any domain's, and cares for no case", () => {
  assert.equal(isAddressOf("Support@Example.org", "support@example.org"), true);
  assert.equal(isAddressOf("support", "support@example.org"), true);
  assert.equal(isAddressOf("support", "supporter@example.org"), false);
  assert.equal(isAddressOf("support@example.com", "support@example.org"), false);
});
