import assert from "node:assert/strict";
import { test } from "node:test";
import type { RawPath } from "#image";
import { OtherMailboxes } from "./other-mailboxes.ts";

function mailboxes(
  own: readonly string[],
  others: readonly string[],
  owner?: string,
): { readonly of: OtherMailboxes; readonly asked: string[] } {
  const asked: string[] = [];
  const of = new OtherMailboxes({
    accounts: [...own, ...others].map((path) => ({
      root: path as RawPath,
      ...(owner === undefined ? {} : { owner }),
    })),
    others: new Set(others as RawPath[]),
    has: (address) => {
      asked.push(address);
      return address.endsWith("@sales.org");
    },
    root: "/srv/mail" as RawPath,
  });
  return { of, asked };
}

test("a mailbox made later is its address's group's, and is asked about once", () => {
  const { of, asked } = mailboxes(["sales.org/ann"], ["example.org/bob"]);
  const answers = [
    "sales.org/ann/cur/1",
    "example.org/bob/cur/1",
    "sales.org/new/cur/1",
    "example.org/new/cur/1",
    "example.org/new",
    "other.org/eve/.Sent/cur/2",
    "example.org",
    "plain/folder/x",
  ].map((path) => of.has(path as RawPath));
  assert.deepEqual(answers, [false, true, false, true, true, true, false, false]);
  assert.deepEqual(asked, ["new@sales.org", "new@example.org", "eve@other.org"]);
});

test("a folder beside a mailbox's own is nobody else's mail", () => {
  const { of } = mailboxes(["sales.org/ann/Maildir"], ["example.org/bob/Maildir"]);
  assert.equal(of.has("example.org/new/Maildir/cur/1" as RawPath), true);
  assert.equal(of.has("example.org/new/sieve/main" as RawPath), false);
});

test("another group's mailbox within one of this group's stays the other's", () => {
  const { of } = mailboxes(["sales.org/ann"], ["sales.org/ann/shared"]);
  assert.equal(of.has("sales.org/ann/shared/cur/1" as RawPath), true);
  assert.equal(of.has("sales.org/ann/new/1" as RawPath), false);
});

test("where the store says whose mail it is, what is new is captured", () => {
  const { of, asked } = mailboxes(["user/a"], ["user/b"], "someone@example.org");
  assert.deepEqual([of.has("user/b/1" as RawPath), of.has("user/c/1" as RawPath)], [true, false]);
  assert.deepEqual(asked, []);
});
