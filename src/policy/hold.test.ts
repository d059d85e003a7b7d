import assert from "node:assert/strict";
import { test } from "node:test";
import { planExpiry } from "./expiry.ts";
import { heldBy } from "./hold.ts";
import { parseRetentionRule } from "./retention-rule.ts";

const day = 86_400_000_000_000n;
const now = 1_764_160_000_000_000_000n;
const point = (daysAgo: bigint, group = "mx1/everyone") => ({
  id: `${group} ${daysAgo}`,
  group,
  atNs: now - daysAgo * day,
  sequence: Number(100n - daysAgo),
  generation: "g",
});
const rules = [parseRetentionRule("last 1")];

test("what precedes an alarm is kept until it is released, in its group alone", () => {
  const points = [5n, 4n, 3n, 2n].flatMap((days) => [point(days), point(days, "mx2/everyone")]);
  const holds = [
    { id: "hold-1", group: "mx1/everyone", untilNs: now - 4n * day, reason: "alarm-1" },
  ];
  const plan = (held: typeof holds): readonly string[] =>
    planExpiry(points, rules, { now, zone: "UTC", holds: held })
      .filter(({ keep }) => !keep)
      .map((decision) => decision.point.id);
  assert.deepEqual(plan(holds), [
    "mx2/everyone 5",
    "mx2/everyone 4",
    "mx1/everyone 3",
    "mx2/everyone 3",
  ]);
  assert.deepEqual(plan([]).length, 6);
  const [first] = planExpiry(points, rules, { now, zone: "UTC", holds });
  assert.deepEqual(first?.reasons, ["held by hold-1: alarm-1"]);
});

test("a hold without an end or a group holds all", () => {
  const holds = [{ id: "hold-2", reason: "a case" }];
  assert.equal(heldBy(point(0n), holds)?.id, "hold-2");
  assert.equal(heldBy(point(-100n, "other"), holds)?.id, "hold-2");
  assert.equal(heldBy(point(0n), []), undefined);
});
