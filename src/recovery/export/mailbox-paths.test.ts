import assert from "node:assert/strict";
import { test } from "node:test";
import { MailboxPaths } from "./mailbox-paths.ts";

test("MailboxPaths gives each mailbox a path of its own, and levels that are shared once", () => {
  const paths = new MailboxPaths("addresses");
  const given = (address: string, name: string): string => paths.path({ address, name });
  assert.equal(given("a@b", "Archive"), "a@b/Archive");
  assert.equal(given("a@b", "Archive/2024"), "a@b/Archive/2024");
  assert.equal(given("a@b", "archive/2024"), "a@b/archive (2)/2024");
  assert.equal(given("a@b", "Archive/2025/../x"), "a@b/Archive/2025/_/x");
  assert.equal(given("../b", "INBOX"), "b/INBOX");
  assert.equal(given("b", "INBOX"), "b (2)/INBOX");
});

test("two mailboxes of one owner and one name, in a spool and in a mail folder, have two paths", () => {
  const paths = new MailboxPaths("folders");
  const given = ["INBOX", "INBOX", "x.mbox/y", "x"].map((name) =>
    paths.path({ address: "a", name }),
  );
  assert.deepEqual(given, ["INBOX", "INBOX (2)", "x.mbox_/y", "x"]);
});

test("where nothing has to be told apart there is no path", () => {
  assert.equal(new MailboxPaths("none").path({ address: "a", name: "INBOX" }), "");
});
