import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { durationTicks, logAxis, spacedTicks, type Axis } from "./svg-scale.ts";

function axisOf(values: readonly number[], from = 0, to = 600): Axis {
  return logAxis(values, {
    ticks: durationTicks,
    from,
    to,
    smallest: 1 / 600,
    largest: 1e8,
    margin: 2,
    zero: { band: 60, label: "0" },
    unlimitedBand: 60,
  });
}

test("every value lies on the axis, and a larger one never before a smaller one", () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 0, noNaN: true }), { minLength: 2, maxLength: 8 }),
      (values) => {
        const axis = axisOf(values);
        const places = values.toSorted((one, other) => one - other).map(axis.position);
        for (const [index, place] of places.entries()) {
          assert.ok(place >= 0 && place <= 600, String(place));
          assert.ok(index === 0 || place >= (places[index - 1] ?? 0));
        }
      },
    ),
  );
});

test("0 and unlimited have a place of their own, apart from all numbers", () => {
  const axis = axisOf([0, 5, 1440, Infinity]);
  assert.equal(axis.position(0), 30);
  assert.equal(axis.position(Infinity), 570);
  assert.ok(axis.position(5) > axis.start && axis.position(1440) < axis.end);
  const labels = axis.ticks.map(({ label }) => label);
  assert.deepEqual(labels, ["0", "10 min", "1 h", "4 h", "1 d", "unlimited"]);
});

test("ten times as long is as far, wherever it is", () => {
  const axis = axisOf([1, 1000]);
  const first = axis.position(10) - axis.position(1);
  assert.ok(Math.abs(axis.position(1000) - axis.position(100) - first) < 1e-6);
});

test("an axis may go up, as pixels go down", () => {
  const axis = axisOf([1, 100], 400, 0);
  assert.ok(axis.position(0) > axis.position(1) && axis.position(1) > axis.position(100));
});

test("an axis without any value still has a place for 0", () => {
  assert.equal(axisOf([]).position(0), 30);
  assert.equal(axisOf([NaN]).position(NaN), 30);
});

test("labels of ticks do not touch each other", () => {
  const ticks = axisOf([1 / 60, 10_080], 0, 200).ticks;
  const kept = spacedTicks(ticks, 7);
  assert.ok(kept.length < ticks.length && kept.length > 2);
  for (const [index, { at, label }] of kept.entries()) {
    const before = kept[index - 1];
    if (before === undefined) continue;
    assert.ok(at - (label.length * 7) / 2 >= before.at + (before.label.length * 7) / 2);
  }
});
