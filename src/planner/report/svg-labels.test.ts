import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { overlaps, placeLabels } from "./svg-labels.ts";

const bounds = { left: 0, top: 0, right: 700, bottom: 400 };
const dot = fc.record({
  x: fc.integer({ min: 0, max: 700 }),
  y: fc.integer({ min: 0, max: 400 }),
  radius: fc.integer({ min: 4, max: 22 }),
});

test("labels that found a place overlap neither each other nor a mark, and lie in the plot", () => {
  fc.assert(
    fc.property(fc.array(dot, { maxLength: 20 }), (dots) => {
      const sizes = [{ width: 180, height: 15 }];
      const placed = placeLabels(
        dots.map((one) => ({ dot: one, sizes })),
        { bounds, dots },
      );
      assert.equal(placed.length, dots.length);
      const beside = placed.filter(({ left, right }) => right - left === 180);
      for (const [index, label] of beside.entries()) {
        assert.ok(label.left >= 0 && label.right <= 700 && label.top >= 0 && label.bottom <= 400);
        for (const other of beside.slice(index + 1)) assert.equal(overlaps(label, other), false);
        for (const { x, y, radius } of dots) {
          const mark = { left: x - radius, top: y - radius, right: x + radius, bottom: y + radius };
          assert.equal(overlaps(label, mark), false);
        }
      }
    }),
  );
});

test("a label that has no room takes its smaller size, and without any lies on its mark", () => {
  const sizes = [
    { width: 9000, height: 15 },
    { width: 10, height: 15 },
  ];
  const one = { x: 300, y: 200, radius: 10 };
  const [label] = placeLabels([{ dot: one, sizes }], { bounds, dots: [one] });
  assert.deepEqual(label, {
    left: 314,
    right: 324,
    top: 192.5,
    bottom: 207.5,
    size: 1,
    apart: false,
  });
  const [on] = placeLabels([{ dot: one, sizes: sizes.slice(0, 1) }], { bounds, dots: [one] });
  assert.deepEqual(on, { left: 290, right: 310, top: 190, bottom: 210, size: 0, apart: false });
});

test("who comes first has the better place", () => {
  const one = { x: 300, y: 200, radius: 10 };
  const sizes = [{ width: 100, height: 15 }];
  const [first, second] = placeLabels(
    [
      { dot: one, sizes },
      { dot: one, sizes },
    ],
    { bounds, dots: [one] },
  );
  assert.equal(first?.left, 314);
  assert.equal(second?.right, 286);
});
