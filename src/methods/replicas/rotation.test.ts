import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  cloneRotation,
  deltaRotation,
  planRotation,
  type Rotation,
  type RotationPoint,
  windowOf,
} from "./rotation.ts";

const hourNs = 3_600_000_000_000n;
const hourMs = 3_600_000;

function taken(sequence: number, atHours: number, isGood = true): RotationPoint {
  return {
    id: String(sequence),
    sequence,
    atNs: BigInt(Math.round(atHours * 60)) * (hourNs / 60n),
    isGood,
  };
}

function drop(points: readonly RotationPoint[], rotation: Rotation): RotationPoint[] {
  const gone = planRotation(points, rotation);
  return points.filter(({ id }) => !gone.includes(id));
}

for (const [name, rotation, everyHours] of [
  ["clones every 12 hours", cloneRotation, 12],
  ["deltas every 4 hours", deltaRotation, 4],
] as const) {
  test(`four weeks of ${name}: never more than the policy keeps, and no lapse once the window is full`, () => {
    let kept: RotationPoint[] = [];
    for (let hour = 0, sequence = 1; hour <= 28 * 24; hour++) {
      if (hour % everyHours === 0) kept = drop([...kept, taken(sequence, hour)], rotation);
      assert.ok(kept.length <= rotation.count);
      const { lapses, achievedMs } = windowOf(kept, { ...rotation, nowNs: BigInt(hour) * hourNs });
      if (hour >= 24) assert.deepEqual(lapses, [], `hour ${hour}`);
      if (hour >= 24) assert.ok(achievedMs >= rotation.windowMs - everyHours * hourMs);
      if (hour % everyHours === 0) sequence++;
    }
  });
}

test("a window that is not full yet, and images that came late, are named by their ages", () => {
  const now = { ...deltaRotation, nowNs: 24n * hourNs };
  assert.deepEqual(windowOf([], now).lapses, [{ fromAgeMs: 0, toAgeMs: 20 * hourMs }]);
  assert.deepEqual(windowOf([taken(1, 20), taken(2, 24)], now), {
    achievedMs: 4 * hourMs,
    promisedMs: 24 * hourMs,
    lapses: [{ fromAgeMs: 4 * hourMs, toAgeMs: 20 * hourMs }],
  });
  const late = [0, 4, 14, 18, 22].map((hour, index) => taken(index, hour));
  assert.deepEqual(windowOf(late, now).lapses, [{ fromAgeMs: 10 * hourMs, toAgeMs: 16 * hourMs }]);
});

test("images taken by hand within an hour do not push the day out", () => {
  let kept = [0, 4, 8, 12, 16, 20].map((hour, index) => taken(index, hour));
  for (let extra = 0; extra < 30; extra++)
    kept = drop([...kept, taken(100 + extra, 20.5 + extra / 60)], deltaRotation);
  assert.equal(kept.length, 6);
  assert.equal(kept[0]?.id, "1", "one of the day made room, however many were taken");
  assert.deepEqual(
    windowOf(kept, { ...deltaRotation, nowNs: 21n * hourNs }).lapses.filter(
      ({ fromAgeMs }) => fromAgeMs < 10 * hourMs,
    ),
    [],
  );
});

const rotations = fc.record({
  count: fc.integer({ min: 1, max: 8 }),
  windowMs: fc.integer({ min: 1, max: 72 }).map((hours) => hours * hourMs),
});
/** Clocks that jump as they like; the sequence alone is in order. */
const histories = fc
  .array(fc.record({ hours: fc.integer({ min: -1000, max: 1000 }), isGood: fc.boolean() }), {
    minLength: 1,
    maxLength: 12,
  })
  .map((all) => all.map(({ hours, isGood }, index) => taken(index + 1, hours, isGood)));

test("however the clock jumps: the newest and the newest good one stay, and no more goes than is too many", () => {
  fc.assert(
    fc.property(histories, rotations, (points, rotation) => {
      const gone = planRotation(points, rotation);
      const kept = points.filter(({ id }) => !gone.includes(id));
      assert.equal(new Set(gone).size, gone.length);
      assert.ok(kept.includes(points.at(-1) as RotationPoint));
      const good = points.findLast(({ isGood }) => isGood);
      if (good !== undefined) assert.ok(kept.includes(good));
      assert.ok(gone.length <= Math.max(0, points.length - rotation.count));
      assert.ok(kept.length <= Math.max(rotation.count, 2));
    }),
  );
});

test("what is taken one by one never goes below the policy, whatever is good", () => {
  fc.assert(
    fc.property(histories, rotations, (points, rotation) => {
      let kept: RotationPoint[] = [];
      for (const [index, point] of points.entries()) {
        kept = drop([...kept, point], rotation);
        assert.ok(kept.length >= Math.min(index + 1, rotation.count));
        assert.equal(
          kept.some(({ isGood }) => isGood),
          points.slice(0, index + 1).some(({ isGood }) => isGood),
        );
      }
    }),
  );
});
