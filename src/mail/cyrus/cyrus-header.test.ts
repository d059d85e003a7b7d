import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { type FixtureMailbox, headerFile, oldHeaderFile } from "./cyrus.fixture.ts";
import { parseCyrusHeader } from "./cyrus-header.ts";

const mailbox = (change: Partial<FixtureMailbox> = {}): FixtureMailbox => ({
  name: "user.cass",
  uniqueId: "a1inbox",
  uidValidity: 17,
  messages: [],
  ...change,
});

describe("cyrus.header", () => {
  const flag = fc.stringMatching(/^[$A-Za-z0-9_-]{1,20}$/).filter((name) => name !== "NIL");
  const flags = fc.array(fc.option(flag, { nil: undefined }), { maxLength: 128 });

  test("names, IDs and flags are read from both notations", () => {
    fc.assert(
      fc.property(flags, fc.constantFrom("user.cass", 'user.cass.A "b" (c)'), (flagNames, name) => {
        const made = mailbox({ flagNames, name });
        const read = parseCyrusHeader(headerFile(made));
        assert.deepEqual([read.name, read.uniqueId, read.type], [name, "a1inbox", "e"]);
        assert.deepEqual([read.flagNames, read.problems], [flagNames, []]);
        const old = parseCyrusHeader(oldHeaderFile(made));
        assert.deepEqual([old.name, old.uniqueId, old.problems], [undefined, "a1inbox", []]);
        const trimmed = (names: readonly (string | undefined)[]): readonly (string | undefined)[] =>
          names.slice(0, names.findLastIndex((one) => one !== undefined) + 1);
        assert.deepEqual(trimmed(old.flagNames), trimmed(flagNames));
      }),
    );
  });

  test("a damaged magic is said and the rest is read", () => {
    const bytes = headerFile(mailbox({ flagNames: ["Wichtig"] }));
    bytes[3] = 0;
    const { flagNames, problems } = parseCyrusHeader(bytes);
    assert.deepEqual([flagNames, problems.length], [["Wichtig"], 1]);
  });

  test("any bytes whatever are read without an error", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => void parseCyrusHeader(bytes)),
    );
  });
});
