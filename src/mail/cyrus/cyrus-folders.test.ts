import assert from "node:assert/strict";
import { test } from "node:test";
import { cyrusFolders } from "./cyrus-folders.ts";
import { keyName } from "./cyrus.fixture.ts";
import { twoskipFile } from "./twoskip.fixture.ts";

const idOf = (letter: string): string => letter.repeat(24);

/** A list as 3.6 writes it: internal name → unique ID. */
function listOf(mailboxes: Readonly<Record<string, string>>): Buffer {
  return twoskipFile(
    Object.entries(mailboxes).map(([name, id]) => ({
      put: `N${keyName(name)}`,
      value: `%(T e I ${id} P default V 1 C 1 F 1 M 1 A %(cass lrs))`,
    })),
  );
}

const list = cyrusFolders(
  listOf({
    "user.cass": idOf("a"),
    "user.cass.x^y": idOf("b"),
    "example.org!user.john^doe": idOf("c"),
    "DELETED.user.cass.Old.6B084778": idOf("d"),
    "public.news": idOf("e"),
  }),
);

test("a mailbox is found by the name that Cyrus logs", () => {
  for (const [name, letter] of [
    ["user.cass", "a"],
    ["user.cass.x^y", "b"],
    ["example.org!user.john^doe", "c"],
    ["DELETED.user.cass.Old.6B084778", "d"],
    ["public.news", "e"],
  ] as const)
    assert.deepEqual(list.ofMailbox(name), [`uuid/${letter}/${letter}/${idOf(letter)}`], name);
  for (const name of ["user.joe", "cass", "user.cass.x.y", "", "user..", "!"])
    assert.deepEqual(list.ofMailbox(name), [], name);
  assert.deepEqual(list.problems, []);
});

test("an owner has all of its mailboxes but deleted ones, and a folder of its own", () => {
  assert.deepEqual(list.mailboxesOf("cass").toSorted(), ["user.cass", "user.cass.x^y"]);
  assert.deepEqual(list.mailboxesOf("john.doe@example.org"), ["example.org!user.john^doe"]);
  assert.deepEqual(list.mailboxesOf("joe"), []);
  assert.ok(list.ofUser("cass").includes(`user/uuid/a/a/${idOf("a")}` as never));
});

test("mailboxes that are kept by name may lie at several places", () => {
  const old = cyrusFolders(Buffer.from("user.cass.A\t%(T e P default V 1 A %(cass lrs))\n"));
  assert.deepEqual(old.ofMailbox("user.cass.A").slice(0, 2), ["user/cass/A", "c/user/cass/A"]);
});

test("a list that is damaged or hostile leads nowhere", () => {
  const hostile = cyrusFolders(listOf({ "user.cass": "../../../../../etc/passwd" }));
  assert.deepEqual(
    hostile.ofMailbox("user.cass").filter((path) => path.includes("..")),
    [],
  );
  for (const bytes of [Buffer.alloc(0), Buffer.alloc(1000, 0xff), Buffer.from("\xa1\x02\x8b\x0d")])
    assert.deepEqual(cyrusFolders(bytes).ofMailbox("user.cass"), []);
});
