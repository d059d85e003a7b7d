import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decodeMailboxName, encodeMailboxName } from "#mail";

const golden: readonly (readonly [string, string])[] = [
  ["INBOX", "INBOX"],
  ["Entw&APw-rfe", "Entwürfe"],
  ["R&-D", "R&D"],
  // RFC 3501 §5.1.3
  ["~peter/mail/&U,BTFw-/&ZeVnLIqe-", "~peter/mail/台北/日本語"],
  ["&2D3cSw-", "👋"],
];
for (const [raw, name] of golden) {
  test(`${raw} is ${name}, both ways`, () => {
    assert.deepEqual(decodeMailboxName(raw), { name });
    assert.equal(encodeMailboxName(name), raw);
  });
}

for (const raw of [
  "&",
  "a&b",
  "&AGE-",
  "&U,BTFw-&ZeVnLIqe-",
  "&2D0-",
  "&APx-",
  "&A-",
  "a\x01b",
  "&U,BTFw",
]) {
  test(`${JSON.stringify(raw)} is not canonical: it survives and is reported`, () => {
    const decoded = decodeMailboxName(raw);
    assert.equal(decoded.name, raw);
    assert.ok(decoded.problem);
  });
}

test("a name in UTF-8 is shown as such and reported", () => {
  const decoded = decodeMailboxName(Buffer.from("Entwürfe", "utf8").toString("latin1"));
  assert.equal(decoded.name, "Entwürfe");
  assert.ok(decoded.problem);
});

test("property: every text survives encoding and decoding", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), (name) => {
      assert.deepEqual(decodeMailboxName(encodeMailboxName(name)), { name });
    }),
  );
});

test("property: no bytes at all make decoding throw", () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      assert.equal(typeof decodeMailboxName(Buffer.from(bytes).toString("latin1")).name, "string");
    }),
  );
});
