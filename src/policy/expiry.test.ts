import assert from "node:assert/strict";
import { test } from "node:test";
import { parseRfc3339 } from "#time";
import fc from "fast-check";
import { type ExpiryPoint, planExpiry } from "./expiry.ts";
import { parseRetention } from "./retention-rule.ts";

const zone = "Europe/Berlin";
const now = parseRfc3339("2026-11-23T14:30:00+01:00");
const minuteNs = 60_000_000_000n;

function pointAt(time: string, changes: Partial<ExpiryPoint> = {}): ExpiryPoint {
  return { id: time, group: "mx1/sales", atNs: parseRfc3339(time), sequence: 0, ...changes };
}

function kept(points: readonly ExpiryPoint[], rules: readonly string[], at = now): string[] {
  const plan = planExpiry(points, parseRetention(rules), { now: at, zone });
  return plan.filter((decision) => decision.keep).map((decision) => decision.point.id);
}

function reasonsOf(
  points: readonly ExpiryPoint[],
  rules: readonly string[],
  id: string,
): readonly string[] {
  const plan = planExpiry(points, parseRetention(rules), { now, zone });
  return plan.find((decision) => decision.point.id === id)?.reasons ?? [];
}

test("planExpiry() keeps the newest of each slot and says why", () => {
  const points = [
    pointAt("2026-11-23T12:10:00+01:00"),
    pointAt("2026-11-23T12:50:00+01:00"),
    pointAt("2026-11-23T13:59:00+01:00"),
  ];
  const rules = ["one per hour for 14 days"];
  assert.deepEqual(kept(points, rules), ["2026-11-23T12:50:00+01:00", "2026-11-23T13:59:00+01:00"]);
  assert.deepEqual(reasonsOf(points, rules, "2026-11-23T12:10:00+01:00"), [
    "one per hour for 14 days: another moment of that hour is kept (Mon 23 Nov 2026 12:50:00 CET)",
  ]);
  assert.deepEqual(reasonsOf(points, rules, "2026-11-23T13:59:00+01:00"), [
    "the newest moment is always kept",
    "one per hour for 14 days (newest of 13:00 on 2026-11-23)",
  ]);
});

test("planExpiry() measures spans from now and drops what every rule is too short for", () => {
  const old = pointAt("2026-11-01T12:00:00+01:00");
  const points = [old, pointAt("2026-11-10T12:00:00+01:00"), pointAt("2026-11-23T12:00:00+01:00")];
  const rules = ["every change for 48 hours", "one per hour for 14 days"];
  assert.deepEqual(kept(points, rules), [points[1]?.id, points[2]?.id]);
  assert.deepEqual(reasonsOf(points, rules, old.id), ["older than every rule reaches"]);
});

test("planExpiry() makes slots by the calendar of the zone", () => {
  // 23:30 UTC is already the next day in Berlin.
  const points = [
    pointAt("2026-11-20T22:30:00Z"),
    pointAt("2026-11-20T23:30:00Z"),
    pointAt("2026-11-21T22:30:00Z"),
  ];
  assert.deepEqual(kept(points, ["one per day for 3 months"]), [points[0]?.id, points[2]?.id]);
  const weeks = [
    pointAt("2025-12-28T12:00:00Z"),
    pointAt("2025-12-29T12:00:00Z"),
    pointAt("2026-01-04T12:00:00Z"),
  ];
  assert.deepEqual(kept(weeks, ["one per week for 2 years"]), [weeks[0]?.id, weeks[2]?.id]);
  const years = [
    pointAt("2024-05-01T12:00:00Z"),
    pointAt("2024-12-31T22:59:00Z"),
    pointAt("2024-12-31T23:01:00Z"),
  ];
  assert.deepEqual(kept(years, ["one per year forever"]), [years[1]?.id, years[2]?.id]);
  const months = [
    pointAt("2026-09-30T21:00:00Z"),
    pointAt("2026-09-30T22:00:00Z"),
    pointAt("2026-10-31T12:00:00Z"),
  ];
  assert.deepEqual(kept(months, ["one per month for 7 years"]), [months[0]?.id, months[2]?.id]);
});

test("planExpiry() knows that the hour which the clocks repeat is two hours", () => {
  const points = [
    pointAt("2026-10-25T02:30:00+02:00"),
    pointAt("2026-10-25T02:30:00+01:00"),
    pointAt("2026-11-01T02:30:00Z"),
  ];
  assert.equal(kept(points, ["one per hour for 2 months"]).length, 3);
});

test("planExpiry() keeps the last ones by count", () => {
  const points = [1, 2, 3, 4].map((day) => pointAt(`2026-11-0${day}T12:00:00Z`));
  assert.deepEqual(kept(points, ["last 2"]), [points[2]?.id, points[3]?.id]);
  assert.deepEqual(reasonsOf(points, ["last 2"], points[0]?.id ?? ""), ["not among the last 2"]);
});

test("planExpiry() drops nothing without rules, nor while expiry is stopped", () => {
  const points = [pointAt("2001-01-01T00:00:00Z"), pointAt("2026-11-23T12:00:00Z")];
  assert.equal(kept(points, []).length, 2);
  const alarm = { stopped: true, reasons: ["the newest moment is empty"], hint: "Look." };
  const plan = planExpiry(points, parseRetention(["last 1"]), { now, zone, alarm });
  assert.ok(plan.every((decision) => decision.keep));
  assert.deepEqual(plan[0]?.reasons, ["expiry is stopped: the newest moment is empty"]);
});

test("planExpiry() never drops the newest moment, however old", () => {
  const points = [pointAt("2001-01-01T00:00:00Z"), pointAt("2002-01-01T00:00:00Z")];
  assert.deepEqual(kept(points, ["everything for 2 days"]), ["2002-01-01T00:00:00Z"]);
});

test("planExpiry() decides for each group by itself", () => {
  const points = [
    pointAt("2001-01-01T00:00:00Z", { group: "mx1/a" }),
    pointAt("2002-01-01T00:00:00Z", { group: "mx1/b" }),
  ];
  assert.equal(kept(points, ["last 1"]).length, 2);
});

test("planExpiry() keeps moments of the future and lets them displace nothing", () => {
  const forged = pointAt("2126-01-01T00:00:00Z");
  const points = [pointAt("2026-11-23T12:00:00Z"), forged];
  assert.equal(kept(points, ["last 1"]).length, 2);
  assert.deepEqual(reasonsOf(points, ["last 1"], forged.id), [
    "its time is in the future, so its age is unknown",
  ]);
});

test("planExpiry() keeps what was captured after the clock was set back, and says so", () => {
  const points = [
    pointAt("2026-11-23T11:10:00Z", { sequence: 1 }),
    pointAt("2026-11-23T12:50:00Z", { sequence: 2 }),
    pointAt("1970-01-01T00:05:00Z", { sequence: 3 }),
    pointAt("1970-01-01T00:06:00Z", { sequence: 4 }),
    pointAt("2026-11-23T12:55:00Z", { sequence: 5 }),
  ];
  assert.deepEqual(
    kept(points, ["one per hour for 14 days"]),
    points.map((point) => point.id),
  );
  assert.match(reasonsOf(points, ["last 1"], "2026-11-23T12:55:00Z").join(), /newest moment/);
  const [why] = reasonsOf(points, ["one per hour for 14 days"], "1970-01-01T00:05:00Z");
  assert.match(
    why ?? "",
    /^the clock was set back: it was captured after the moment of Mon 23 Nov 2026 13:50:00 CET/,
  );
});

test("planExpiry() lets go of them when no rule reaches the moment before the clock was set back", () => {
  const points = [
    pointAt("2020-01-01T12:00:00Z", { sequence: 1 }),
    pointAt("1970-01-01T00:05:00Z", { sequence: 2 }),
    pointAt("2026-11-23T12:00:00Z", { sequence: 3 }),
  ];
  assert.deepEqual(kept(points, ["one per hour for 14 days"]), ["2026-11-23T12:00:00Z"]);
});

test("planExpiry() does not compare the order of captures across generations", () => {
  const points = [
    pointAt("2026-11-20T12:00:00Z", { sequence: 90, generation: "old" }),
    pointAt("2026-11-20T11:00:00Z", { sequence: 91, generation: "other" }),
    pointAt("2026-11-23T12:00:00Z", { sequence: 1, generation: "new" }),
  ];
  const plan = planExpiry(points, parseRetention(["one per day for 14 days"]), { now, zone });
  assert.ok(plan.every((decision) => !decision.reasons.join().includes("clock")));
});

test("planExpiry() lets what another program wrote displace nothing of ours, whenever it claims to be", () => {
  const ours = [1, 2, 3].map((day) =>
    pointAt(`2026-11-2${day}T12:00:00Z`, { sequence: day, generation: "g" }),
  );
  const foreign = ["1970-01-01T00:00:00Z", "2126-01-01T00:00:00Z"]
    .concat(ours.map(({ id }) => id.replace("12:00", "12:30")))
    .map((time) => pointAt(time));
  for (const rules of [
    ["one per day for 3 months"],
    ["last 3"],
    ["one per year forever", "last 2"],
  ])
    assert.deepEqual(
      kept([...ours, ...foreign], rules).filter((id) => ours.some((one) => one.id === id)),
      kept(ours, rules),
      rules.join(),
    );
  assert.deepEqual(
    kept([...ours, ...foreign], ["last 3"]).filter((id) => id.includes(":30:")),
    foreign.slice(2).map(({ id }) => id),
  );
});

test("planExpiry() lets what another program wrote age out beside ours, unless it is the newest of all", () => {
  const [old, newest] = ["2020-01-01T00:00:00Z", "2026-11-23T12:00:00Z"];
  const capture = pointAt("2026-11-22T12:00:00Z", { sequence: 1, generation: "g" });
  assert.deepEqual(kept([pointAt(old), capture], ["last 1"]), [old, capture.id]);
  assert.deepEqual(kept([pointAt(old), capture], ["everything for 1 hour"]), [capture.id]);
  const both = [capture, pointAt(newest)];
  assert.deepEqual(kept(both, ["everything for 1 hour"]), [capture.id, newest]);
  assert.deepEqual(reasonsOf(both, ["everything for 1 hour"], newest), [
    "the newest moment, of another program, is always kept",
  ]);
});

test("planExpiry() drops no genuine moment for one of the past with a number that lies, and keeps what contradicts", () => {
  const genuine = [1, 2, 3, 4].map((hour) =>
    pointAt(`2026-11-23T0${hour}:00:00Z`, { sequence: hour * 10, generation: "g" }),
  );
  const ids = genuine.map(({ id }) => id);
  for (const sequence of [1, 10, 25, 99]) {
    // Far in the past: it is kept where its number says that it came later, as after a clock that was wrong.
    const old = pointAt("1971-01-01T00:00:00Z", { sequence, generation: "g" });
    const rules = ["one per hour for 14 days"];
    assert.deepEqual(
      kept([...genuine, old], rules).filter((id) => id !== old.id),
      ids,
      `past, ${sequence}`,
    );
    assert.equal(kept([...genuine, old], rules).includes(old.id), sequence > 10, `${sequence}`);
  }
  // Just now, with the number of the first: all that came after it contradict it, so nothing of them is thinned.
  const early = pointAt("2026-11-23T13:00:00Z", { sequence: 1, generation: "g" });
  assert.deepEqual(kept([...genuine, early], ["last 1"]), [...ids, early.id]);
});

const ruleTexts = [
  "everything for 2 hours",
  "one per minute for 3 hours",
  "one per hour for 14 days",
  "one per day for 3 months",
];
const anyRules = fc
  .subarray([...ruleTexts, "one per week forever", "last 1", "last 7"], { minLength: 1 })
  .map(parseRetention);
const anyPoints = fc
  .array(
    fc.record({
      minutesAgo: fc.oneof(
        fc.integer({ min: -500, max: 500 }),
        fc.integer({ min: -100_000, max: 300_000 }),
      ),
      sequence: fc.integer({ min: 0, max: 40 }),
      generation: fc.constantFrom("one", "two"),
      group: fc.constantFrom("mx1/a", "mx1/a", "mx1/b"),
    }),
    { maxLength: 40 },
  )
  .map((list) =>
    list.map(({ minutesAgo, ...rest }, index): ExpiryPoint => ({
      ...rest,
      id: `${index}`,
      atNs: now - BigInt(minutesAgo) * minuteNs,
    })),
  );

function survivors(
  points: readonly ExpiryPoint[],
  rules: ReturnType<typeof parseRetention>,
): readonly ExpiryPoint[] {
  const plan = planExpiry(points, rules, { now, zone });
  assert.deepEqual(
    plan.map((decision) => decision.point),
    points,
  );
  assert.ok(plan.every((decision) => decision.reasons.length > 0));
  return plan.filter((decision) => decision.keep).map((decision) => decision.point);
}

test("planExpiry() applied again drops nothing more", () => {
  fc.assert(
    fc.property(anyPoints, anyRules, (points, rules) => {
      const once = survivors(points, rules);
      assert.deepEqual(survivors(once, rules), once);
    }),
    { numRuns: 200 },
  );
});

test("planExpiry() with another rule never drops more", () => {
  fc.assert(
    fc.property(anyPoints, anyRules, anyRules, (points, rules, more) => {
      const both = new Set(survivors(points, [...rules, ...more]));
      assert.ok(survivors(points, rules).every((point) => both.has(point)));
    }),
    { numRuns: 200 },
  );
});

test("planExpiry() keeps the newest of every group and all of the future", () => {
  fc.assert(
    fc.property(anyPoints, anyRules, (points, rules) => {
      const left = new Set(survivors(points, rules));
      for (const group of Map.groupBy(points, (point) => point.group).values()) {
        const past = group.filter((point) => point.atNs <= now);
        const newestNs = past.reduce((best, point) => (point.atNs > best ? point.atNs : best), 0n);
        assert.ok(
          past.length === 0 || past.some((point) => point.atNs === newestNs && left.has(point)),
        );
        assert.ok(group.every((point) => point.atNs <= now || left.has(point)));
      }
    }),
    { numRuns: 200 },
  );
});

test("planExpiry() keeps the same of ours with and without any moments of another program", () => {
  fc.assert(
    fc.property(anyPoints, anyRules, (points, rules) => {
      const ours = points.filter(({ sequence }) => sequence > 0);
      assert.deepEqual(
        survivors(points, rules).filter(({ sequence }) => sequence > 0),
        survivors(ours, rules),
      );
    }),
    { numRuns: 200 },
  );
});

test("planExpiry() drops no more of a steady lineage for a forged moment of long ago", () => {
  const gaps = fc.array(fc.integer({ min: 1, max: 3000 }), { minLength: 1, maxLength: 30 });
  fc.assert(
    fc.property(gaps, anyRules, fc.integer({ min: 1, max: 60 }), (minutes, rules, sequence) => {
      let ago = minutes.reduce((sum, gap) => sum + gap, 0);
      const genuine = minutes.map((gap, index): ExpiryPoint => {
        ago -= gap;
        const atNs = now - BigInt(ago) * minuteNs;
        return { id: `${index}`, group: "g", atNs, sequence: index + 1, generation: "one" };
      });
      const forged = pointAt("1970-06-01T00:00:00Z", { group: "g", sequence, generation: "one" });
      const left = new Set(survivors([...genuine, forged], rules));
      assert.ok(survivors(genuine, rules).every((point) => left.has(point)));
    }),
    { numRuns: 200 },
  );
});

test("planExpiry() drops the same with and without moments of the future", () => {
  fc.assert(
    fc.property(anyPoints, anyRules, (points, rules) => {
      const past = points.filter((point) => point.atNs <= now);
      assert.deepEqual(
        survivors(points, rules).filter((point) => point.atNs <= now),
        survivors(past, rules),
      );
    }),
    { numRuns: 200 },
  );
});
