import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseMessageDate } from "./message-date.ts";

const cases: readonly (readonly [string, string])[] = [
  ["Tue, 3 Nov 2026 09:15:00 +0100", "2026-11-03T08:15:00Z"],
  ["3 Nov 2026 09:15 +0100", "2026-11-03T08:15:00Z"],
  ["Tue, 03 Nov 2026 09:15:00 GMT", "2026-11-03T09:15:00Z"],
  ["Tue, 03 Nov 2026 09:15:00 (local) -0330 (NST (Newfoundland))", "2026-11-03T12:45:00Z"],
  ["Fri, 21 Nov 97 09:55:06 EST", "1997-11-21T14:55:06Z"],
  ["21 Nov 03 09:55:06 PDT", "2003-11-21T16:55:06Z"],
  ["Thu, 22 Aug 0102 12:07:35 +0800", "2002-08-22T04:07:35Z"],
  ["22 Aug 102 12:07:35 +0000", "2002-08-22T12:07:35Z"],
  ["Tue, 3 Nov 2026 09:15:00 Z", "2026-11-03T09:15:00Z"],
  ["Tue, 3 Nov 2026 09:15:00 XYZ", "2026-11-03T09:15:00Z"],
  ["Tue, 3 Nov 2026 09:15:00", "2026-11-03T09:15:00Z"],
  ["Tue, 3 Nov 2026 09:15:00 GMT+0200", "2026-11-03T07:15:00Z"],
  ["Tue,3 Nov 2026 9:5:7 +0000", "2026-11-03T09:05:07Z"],
  ["Tue, 3 Nov 2026 23:59:60 +0000", "2026-11-03T23:59:59Z"],
  ["Sunday, 06-Nov-94 08:49:37 GMT", "1994-11-06T08:49:37Z"],
  ["Sun Nov  6 08:49:37 1994", "1994-11-06T08:49:37Z"],
  ["Sun Nov  6 08:49:37 EST 1994", "1994-11-06T13:49:37Z"],
  ["Nov 6, 1994 08:49:37 +0100", "1994-11-06T07:49:37Z"],
  ["2026-11-03T09:15:00+01:00", "2026-11-03T08:15:00Z"],
  ["2026-11-03 09:15:00Z", "2026-11-03T09:15:00Z"],
  ["Thu, 29 Feb 2024 00:00:00 +0000", "2024-02-29T00:00:00Z"],
];
for (const [written, instant] of cases) {
  test(`a date is read: ${written}`, () =>
    assert.equal(parseMessageDate(written), Date.parse(instant)));
}

for (const written of [
  "",
  "yesterday",
  "Tue, 31 Feb 2026 09:15:00 +0000",
  "29 Feb 2025 00:00:00 +0000",
  "Tue, 0 Nov 2026 09:15:00 +0000",
  "Tue, 3 Nov 2026 25:15:00 +0000",
  "Tue, 3 Nov 2026 09:60:00 +0000",
  "Tue, 3 Foo 2026 09:15:00 +0000",
  "Wed, 15 Dec 2010    59:10 -0500",
  "2026-13-03T09:15:00Z",
]) {
  test(`no date: ${JSON.stringify(written)}`, () =>
    assert.equal(parseMessageDate(written), undefined));
}

test("property: every instant that RFC 5322 can write is read back", () => {
  const days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
  fc.assert(
    fc.property(
      fc.integer({ min: Date.UTC(1950, 0, 2) / 1000, max: Date.UTC(9999, 11, 30) / 1000 }),
      fc.integer({ min: -14 * 60, max: 14 * 60 }),
      (seconds, offset) => {
        const local = new Date((seconds + offset * 60) * 1000);
        const [, day, month, year, time] = local.toUTCString().split(" ");
        const zone = Math.abs(offset);
        const hours = String(Math.floor(zone / 60)).padStart(2, "0");
        const written = `${days[local.getUTCDay()]}, ${day} ${month} ${year} ${time} ${offset < 0 ? "-" : "+"}${hours}${String(zone % 60).padStart(2, "0")}`;
        assert.equal(parseMessageDate(written), seconds * 1000, written);
      },
    ),
  );
});
