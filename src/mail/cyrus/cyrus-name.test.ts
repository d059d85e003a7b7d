import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { keyName } from "./cyrus.fixture.ts";
import {
  ownerOf,
  parseInternalName,
  parseKeyName,
  pathsOfName,
  pathsOfUserFile,
  shownName,
} from "./cyrus-name.ts";

describe("names", () => {
  test("internal names and keys say the same", () => {
    const part = fc.stringMatching(/^[A-Za-z0-9 ^&-]{1,12}$/);
    fc.assert(
      fc.property(
        fc.array(part, { minLength: 1, maxLength: 5 }),
        fc.constantFrom("", "example.org!"),
        fc.constantFrom("", "user.", "DELETED.user."),
        (parts, domain, front) => {
          const name = `${domain}${front}${parts.join(".")}`;
          assert.deepEqual(parseInternalName(name), parseKeyName(keyName(name)), name);
        },
      ),
    );
  });

  test("they are shown as the owner's clients show them", () => {
    const shown = (name: string): readonly unknown[] => {
      const parsed = parseInternalName(name);
      assert.ok(parsed !== undefined, name);
      return [ownerOf(parsed), shownName(parsed).name];
    };
    assert.deepEqual(shown("user.cass"), ["cass", "INBOX"]);
    assert.deepEqual(shown("user.cass.Archiv.M&APw-ll"), ["cass", "Archiv/Müll"]);
    assert.deepEqual(shown("example.org!user.john^doe.v1^2"), ["john.doe@example.org", "v1.2"]);
    assert.deepEqual(shown("public.news"), [undefined, "public/news"]);
    assert.deepEqual(shown("example.org!news"), [undefined, "@example.org/news"]);
    assert.deepEqual(shown("DELETED.user.cass.Weg.6B07BDDA"), ["cass", "DELETED/Weg/6B07BDDA"]);
    assert.deepEqual(shown("DELETED.user.cass.6B07BDDA"), ["cass", "DELETED/INBOX/6B07BDDA"]);
    assert.deepEqual(shown("user"), [undefined, "user"]);
  });

  test("what would lead out of the spool is no name", () => {
    for (const name of ["", "user..x", "user.a/b", "!user.x", "a/b!user.x", "user.x."])
      assert.equal(parseInternalName(name), undefined, name);
  });

  // The letters are what dir_hash_c of Cyrus 3.6.1 gives for these names.
  test("folders are found without hashing, by the first letter and by the whole name", () => {
    const paths = (name: string): readonly string[] =>
      pathsOfName(parseInternalName(name) ?? { folders: [] });
    assert.deepEqual(paths("user.cass.Sub"), [
      "user/cass/Sub",
      "c/user/cass/Sub",
      "O/user/cass/Sub",
    ]);
    assert.deepEqual(paths("example.org!user.john^doe"), [
      "domain/example.org/user/john^doe",
      "domain/e/example.org/j/user/john^doe",
      "domain/O/example.org/K/user/john^doe",
    ]);
    assert.deepEqual(paths("9lives").slice(0, 2), ["9lives", "q/9lives"]);
    assert.deepEqual(
      pathsOfUserFile({ user: "john.doe", folders: [] }, { kind: "sub", inboxId: "ab1" }),
      [
        "user/uuid/a/b/ab1/sub.db",
        "user/j/john.doe.sub",
        "user/j/john^doe.sub",
        "user/K/john.doe.sub",
        "user/K/john^doe.sub",
      ],
    );
  });
});
