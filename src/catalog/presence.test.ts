import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  type Interval,
  type PlacementRun,
  presenceNow,
  presenceOf,
  type Sighting,
  type SightingKind,
} from "./presence.ts";

/** What one moment says of a mailbox, and how often it lists the message. */
type Said = { readonly kind: SightingKind; readonly count: number };

/** As a catalog keeps it that is told one moment after another: equal ones one after another are one sighting. */
function kept(history: readonly Said[]): {
  readonly sightings: readonly Sighting[];
  readonly runs: readonly PlacementRun[];
} {
  const sightings: {
    number: number;
    firstOrder: number;
    lastOrder?: number;
    kind: SightingKind;
  }[] = [];
  const runs: { firstSighting: number; lastSighting?: number }[] = [];
  let listed = 0;
  for (const [order, { kind, count }] of history.entries()) {
    const last = sightings.at(-1);
    const lists = kind === "complete" || kind === "partial";
    if (last?.kind === kind && (!lists || count === listed)) continue;
    if (last !== undefined) last.lastOrder = order - 1;
    const number = sightings.length + 1;
    sightings.push({ number, firstOrder: order, kind });
    if (!lists) continue;
    const open = runs.filter(({ lastSighting }) => lastSighting === undefined);
    for (const run of open.slice(count)) run.lastSighting = number - 1;
    for (let more = open.length; more < count; more++) runs.push({ firstSighting: number });
    listed = count;
  }
  return { sightings, runs };
}

/** The same answer moment by moment, from the facts of the moments that are there alone. */
function expected(
  moments: readonly (Said & { readonly order: number })[],
  times: number,
): readonly Interval[] {
  const intervals: Interval[] = [];
  let hasBeenFull = false;
  const knows = moments.map(({ kind, count, order }) => {
    const lists = kind === "complete" || kind === "partial";
    const isProof = kind === "complete" || (kind === "empty" && !hasBeenFull);
    hasBeenFull ||= lists;
    return { order, is: lists && count >= times, isNot: isProof && (!lists || count < times) };
  });
  for (const [index, { order, is }] of knows.entries()) {
    if (!is) continue;
    const last = intervals.at(-1);
    const before = knows.slice(0, index);
    const absentBefore = before.findLast(({ isNot }) => isNot)?.order;
    if (last !== undefined && (absentBefore ?? -1) < last.until) {
      intervals[intervals.length - 1] = { ...last, until: order };
      continue;
    }
    intervals.push({
      ...(absentBefore === undefined ? {} : { notBefore: absentBefore }),
      from: order,
      until: order,
    });
  }
  return intervals.map((interval) => {
    const goneBy = knows.find(({ order, isNot }) => isNot && order > interval.until)?.order;
    return goneBy === undefined ? interval : { ...interval, goneBy };
  });
}

const said: fc.Arbitrary<Said> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("complete" as const), count: fc.nat(3) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("partial" as const), count: fc.nat(3) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constantFrom("empty" as const, "absent" as const, "failed" as const),
      count: fc.constant(0),
    }),
  },
);

test("whatever moments say, and whichever of them are forgotten, the rest alone decides", () => {
  fc.assert(
    fc.property(
      fc.array(said, { minLength: 1, maxLength: 14 }),
      fc.array(fc.boolean(), { minLength: 14, maxLength: 14 }),
      (history, survives) => {
        const moments = history
          .map((one, order) => ({ ...one, order }))
          .filter(({ order }) => survives[order] === true);
        const orders = moments.map(({ order }) => order);
        const found = presenceOf({ orders, ...kept(history) });
        const most = Math.max(0, ...moments.map(({ count }) => count));
        assert.equal(found.length, most);
        for (const [index, intervals] of found.entries())
          assert.deepEqual(intervals, expected(moments, index + 1));
        // The same moments, told to a catalog that never knew the others.
        const rebuilt = presenceOf({ orders: orders.map((_, order) => order), ...kept(moments) });
        const renumbered = found.map((intervals) =>
          intervals.map((interval) =>
            Object.fromEntries(
              Object.entries(interval).map(([key, order]) => [key, orders.indexOf(order)]),
            ),
          ),
        );
        assert.deepEqual(rebuilt, renumbered);
      },
    ),
    { numRuns: 2000 },
  );
});

function now(history: readonly Said[]): string {
  const orders = history.map((_, order) => order);
  const [intervals = []] = presenceOf({ orders, ...kept(history) });
  return presenceNow(intervals, orders.at(-1) ?? 0);
}

test("a mailbox that is missing, fails, or is empty after it was full says nothing about its mail", () => {
  const full: Said = { kind: "complete", count: 1 };
  for (const kind of ["absent", "failed", "empty"] as const)
    assert.equal(now([full, { kind, count: 0 }]), "unknown", kind);
  assert.equal(now([full, { kind: "partial", count: 0 }]), "unknown");
  assert.equal(now([full, { kind: "complete", count: 0 }]), "gone");
  assert.equal(now([full, { kind: "empty", count: 0 }, full]), "present");
});

test("the bounds of an interval are the moments that prove it", () => {
  const [intervals] = presenceOf({
    orders: [0, 1, 2, 3, 4, 5],
    ...kept([
      { kind: "empty", count: 0 },
      { kind: "failed", count: 0 },
      { kind: "complete", count: 1 },
      { kind: "complete", count: 1 },
      { kind: "absent", count: 0 },
      { kind: "complete", count: 0 },
    ]),
  });
  assert.deepEqual(intervals, [{ notBefore: 0, from: 2, until: 3, goneBy: 5 }]);
});

test("a message that is there twice counts twice", () => {
  const levels = presenceOf({
    orders: [0, 1, 2],
    ...kept([
      { kind: "complete", count: 1 },
      { kind: "complete", count: 2 },
      { kind: "complete", count: 1 },
    ]),
  });
  assert.deepEqual(levels, [
    [{ from: 0, until: 2 }],
    [{ notBefore: 0, from: 1, until: 1, goneBy: 2 }],
  ]);
});
