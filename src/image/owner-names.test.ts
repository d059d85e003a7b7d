import assert from "node:assert/strict";
import { test } from "node:test";
import { parseOwnerNames, readOwnerNames } from "./owner-names.ts";

test("the first name of a number wins and damaged lines are left out", () => {
  const text =
    "root:x:0:0:root:/root:/bin/sh\ntoor:x:0:0::/:/bin/sh\n# note\nmail:x:8:8\n+::::::\n:x:9:\nbad:x:-1:\n";
  assert.deepEqual(
    [...parseOwnerNames(text)],
    [
      [0, "root"],
      [8, "mail"],
    ],
  );
});

test("files that are not there give no names", async () => {
  const names = await readOwnerNames({
    passwordFile: "/absent/passwd",
    groupFile: "/absent/group",
  });
  assert.equal(names.userOf(0), undefined);
  assert.equal(names.groupOf(0), undefined);
});
