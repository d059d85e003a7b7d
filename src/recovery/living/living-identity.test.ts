import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { messageIdentityOf } from "#mail";
import { livingIdentityOf, withCrlf } from "./living-identity.ts";

const mail = fc
  .array(fc.constantFrom("\r", "\n", "a", "From ", "\0", ": ", "\x80"), { maxLength: 60 })
  .map((parts) => Buffer.from(parts.join(""), "latin1"));

test("withCrlf() leaves no bare line feed and keeps the identity", () => {
  fc.assert(
    fc.property(mail, (bytes) => {
      const whole = Buffer.from(withCrlf(bytes));
      assert.doesNotMatch(whole.toString("latin1"), /(?<!\r)\n/);
      assert.equal(
        whole.toString("latin1"),
        bytes.toString("latin1").replace(/(?<!\r)\n/g, "\r\n"),
      );
      assert.equal(messageIdentityOf(whole), messageIdentityOf(bytes));
    }),
  );
});

test("a NUL and what Dovecot sends in its place are one identity; without them it is the message's", () => {
  fc.assert(
    fc.property(mail, (bytes) => {
      const shown = Buffer.from(bytes.map((byte) => (byte === 0 ? 0x80 : byte)));
      assert.equal(livingIdentityOf(bytes), livingIdentityOf(shown));
      if (!bytes.includes(0)) assert.equal(livingIdentityOf(bytes), messageIdentityOf(bytes));
    }),
  );
});
