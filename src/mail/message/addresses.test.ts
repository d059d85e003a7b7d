import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { readAddresses } from "./addresses.ts";

const read = (raw: string): readonly string[] =>
  readAddresses(raw).map(
    ({ name, address, group }) => `${group === undefined ? "" : `${group}: `}${name}|${address}`,
  );

const cases: readonly (readonly [string, string, readonly string[]])[] = [
  ["a bare address", "jane@example.org", ["|jane@example.org"]],
  ["a name", "Jane Doe <jane@example.org>", ["Jane Doe|jane@example.org"]],
  ["a comma within quotes", '"Doe, Jane" <jane@example.org>', ["Doe, Jane|jane@example.org"]],
  ["escaped quotes", '"Jane \\"J\\" Doe" <j@e.org>', ['Jane "J" Doe|j@e.org']],
  ["a list", "a@e.org, B <b@e.org>,c@e.org", ["|a@e.org", "B|b@e.org", "|c@e.org"]],
  [
    "groups",
    "Team: a@e.org, B <b@e.org>;, c@e.org",
    ["Team: |a@e.org", "Team: B|b@e.org", "|c@e.org"],
  ],
  ["nobody", "undisclosed-recipients:;", []],
  ["the name as a comment", "jane@e.org (Jane (the) Doe)", ["Jane (the) Doe|jane@e.org"]],
  ["comments beside a name", "(x) Jane (y) <jane@(z)e.org>", ["Jane|jane@e.org"]],
  ["encoded words", "=?utf-8?Q?J=C3=B6rg?= <j@e.org>", ["Jörg|j@e.org"]],
  ["encoded words in quotes", '"=?utf-8?Q?J=C3=B6rg?=" <j@e.org>', ["Jörg|j@e.org"]],
  ["all of it encoded", "=?utf-8?Q?J=C3=B6rg?=", ["Jörg|"]],
  ["an encoded address, which is none", "=?utf-8?Q?a=40b?=@e.org", ["|=?utf-8?Q?a=40b?=@e.org"]],
  ["a route", "<@relay.example,@b:jane@e.org>", ["|jane@e.org"]],
  ["a quoted local part", '"jane doe"@e.org', ['|"jane doe"@e.org']],
  ["blanks around dots", "jane . doe @ e . org", ["|jane.doe@e.org"]],
  ["forgotten commas", "a@e.org b@e.org", ["|a@e.org", "|b@e.org"]],
  ["no end of the brackets", "Jane <jane@e.org", ["Jane|jane@e.org"]],
  ["no domain", "root", ["|root"]],
  [
    "an address as a name",
    '"ceo@bank.example" <x@evil.example>',
    ["ceo@bank.example|x@evil.example"],
  ],
  ["nothing", " , ;, ", []],
];

for (const [name, raw, expected] of cases) {
  test(`an address list is read: ${name}`, () => assert.deepEqual(read(raw), expected));
}

test("bytes beyond ASCII are UTF-8 where they can be, else Windows-1252", () => {
  assert.deepEqual(read(Buffer.from("Jörg <jörg@e.org>").toString("latin1")), ["Jörg|jörg@e.org"]);
  assert.deepEqual(read("J\xf6rg <j@e.org>"), ["Jörg|j@e.org"]);
});

test("addresses beyond the limit are left out, and named as a problem", () => {
  const problems: { message: string }[] = [];
  const list = Array.from({ length: 20 }, (_, index) => `u${index}@e.org`).join();
  assert.equal(readAddresses(list, problems as never, { addressLimit: 7 }).length, 7);
  assert.match(problems[0]?.message ?? "", /more than 7 addresses/);
});

test("property: what was written in the plain form is read back, whatever the name is", () => {
  // Controls cannot stand in a quoted string, and "=?" begins an encoded word.
  const name = fc
    .string({ unit: "grapheme-ascii", minLength: 1, maxLength: 30 })
    .map((text) => text.trim())
    .filter((text) => text !== "" && !text.includes("=?"));
  const local = fc.stringMatching(/^[a-z0-9.+_-]{1,20}$/);
  fc.assert(
    fc.property(fc.array(fc.tuple(name, local), { maxLength: 6 }), (people) => {
      const written = people
        .map(([text, user]) => `"${text.replace(/["\\]/g, "\\$&")}" <${user}@example.org>`)
        .join(", ");
      assert.deepEqual(
        readAddresses(written),
        people.map(([text, user]) => ({ name: text, address: `${user}@example.org` })),
      );
    }),
  );
});

test("property: no text makes it throw", () => {
  const piece = fc.constantFrom('"', "<", ">", "(", ")", ",", ";", ":", "@", "\\", " ", "a", "=?");
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 60 }), (all) => void readAddresses(all.join(""))),
  );
});
