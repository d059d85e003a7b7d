import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formatBaseName, journalFolderName, parseBaseName } from "./journal-place.ts";

test("each group has a folder name of its own that is no path", () => {
  assert.equal(journalFolderName("mx1/sales"), "mx1%2fsales");
  assert.equal(journalFolderName(".."), "%2e%2e");
  fc.assert(
    fc.property(fc.string(), fc.string(), (one, other) => {
      assert.match(journalFolderName(one), /^[A-Za-z0-9_%-]*$/);
      assert.equal(journalFolderName(one) === journalFolderName(other), one === other);
    }),
  );
});

test("a base's name comes back, whatever the copy is called", () => {
  for (const base of [
    { copy: "here", moment: "0123abcd" },
    { copy: "second site", moment: "mx1%2fall/00000012-20260723T140307Z" },
    { copy: "ssh://me@vault/srv/my copy", moment: "0123" },
  ])
    assert.deepEqual(parseBaseName(formatBaseName(base)), base);
  for (const text of ["", "x", " x", "x "]) assert.equal(parseBaseName(text), undefined);
});
