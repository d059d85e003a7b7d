import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { formatFromLine, parseFromLine } from "./from-line.ts";

const utc = (line: string): string | undefined => {
  const dateNs = parseFromLine(line)?.dateNs;
  return dateNs === undefined ? undefined : new Date(Number(dateNs / 1_000_000n)).toISOString();
};

describe("parseFromLine()", () => {
  for (const [line, expected] of [
    ["From user@domain Thu Nov 29 23:33:09 1973 +0200", "1973-11-29T21:33:09.000Z"],
    ['From "user name"@domain  Fri Jan  2 10:13:52 UTC 1970', "1970-01-02T10:13:52.000Z"],
    ["From user  Fri Jan  2 10:14 1970 +0000", "1970-01-02T10:14:00.000Z"],
    ["From user Fri, 2 Jan 1970 10:14:00 +0000", "1970-01-02T10:14:00.000Z"],
    ["From  Fri Jan  2 10:14 1970 +0000", "1970-01-02T10:14:00.000Z"],
    ["From a Fri Jan 2 10:14:01 +0530 1970", "1970-01-02T04:44:01.000Z"],
    ["From a Fri Jan 2 10:14:01 EST 1970", "1970-01-02T15:14:01.000Z"],
    ["From a Fri Jul 3 10:14:01 MET DST 1970", "1970-07-03T08:14:01.000Z"],
    ["From a Fri Jan  2 10:14:01 1970 +0000 remote from b", "1970-01-02T10:14:01.000Z"],
  ] as const) {
    test(`reads "${line}"`, () => assert.equal(utc(line), expected));
  }

  test("takes a date without a zone in the zone of this machine", () => {
    const local = new Date(2026, 10, 25, 14, 3, 7);
    assert.equal(utc("From a@b Wed Nov 25 14:03:07 2026"), local.toISOString());
  });

  for (const line of [
    "From the desk of Bob",
    "From user Fri, 2 Foo 1970 10:14:00",
    "From Fri Jan  2 10:14 1970 +0000",
    "From user  Fri Jan  x 10:14 1970 +0000",
    "From user  Fri Jan  2 0:14 1970 +0000",
    "From user  Fri Jan  2 10:xx +0000",
    ">From a@b Wed Nov 25 14:03:07 2026",
    `From ${"a".repeat(2000)} Wed Nov 25 14:03:07 2026`,
  ]) {
    test(`knows that "${line.slice(0, 60)}" is none`, () => assert.equal(utc(line), undefined));
  }
});

describe("formatFromLine()", () => {
  test("writes what it reads", () => {
    const dateNs = BigInt(Date.UTC(2026, 10, 5, 14, 3, 7)) * 1_000_000n;
    const line = formatFromLine({ sender: "a@example.org", dateNs });
    assert.equal(line, "From a@example.org Thu Nov  5 14:03:07 2026 +0000\n");
    assert.deepEqual(parseFromLine(line.trimEnd()), { sender: "a@example.org", dateNs });
  });

  test("has no sender in it that would end it early", () => {
    for (const sender of ["", "a b", "a\nFrom b", '"q"@x', "ü@example.org"])
      assert.match(formatFromLine({ sender, dateNs: 0n }), /^From MAILER-DAEMON Thu Jan  1 /);
  });
});
