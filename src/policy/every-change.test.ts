import assert from "node:assert/strict";
import { test } from "node:test";
import { parseRfc3339 } from "#time";
import { everyChangeSince } from "./every-change.ts";
import { planExpiry } from "./expiry.ts";
import { parseRetention } from "./retention-rule.ts";

const zone = "Europe/Berlin";
const now = parseRfc3339("2026-03-30T12:00:00Z");
const since = (...rules: string[]): bigint | undefined =>
  everyChangeSince(parseRetention(rules), { now, zone });

test("the rule that reaches back furthest says since when every change stays", () => {
  assert.equal(
    since("every change for 2 days", "every change for 3 hours", "one per day for 3 months"),
    // Two days by the calendar: an hour less on the clock.
    parseRfc3339("2026-03-28T11:00:00Z") + 2n * 3_600_000_000_000n,
  );
  assert.equal(since("every change for 48 hours", "every change forever"), undefined);
  for (const rules of [[], ["one per day for 3 months"], ["everything for 2 days"], ["last 3"]])
    assert.equal(since(...rules), undefined);
});

test("the moment before that time is kept: the first changes are replayed on it", () => {
  const hour = 3_600_000_000_000n;
  const points = [10n, 40n, 50n, 60n].map((ageHours) => {
    const atNs = now - ageHours * hour;
    return { id: `${ageHours}`, group: "g", sequence: Number(100n - ageHours), atNs };
  });
  const kept = (rule: string): readonly string[] =>
    planExpiry(points, parseRetention([rule]), { now, zone })
      .filter(({ keep }) => keep)
      .map(({ point }) => point.id);
  assert.deepEqual(kept("every change for 48 hours"), ["10", "40", "50"]);
  assert.deepEqual(kept("everything for 48 hours"), ["10", "40"]);
});
