import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { fitGrowth, slopeOfLogarithms } from "./fit.ts";
import { growthMarkdown, type GrowthSample, tabulateGrowth } from "./growth-table.ts";

const sizes = [10_000, 100_000, 1_000_000];

test("fitGrowth() finds the exponent of a power law beside any fixed cost", () => {
  fc.assert(
    fc.property(
      fc.double({ min: 0.2, max: 2.5, noNaN: true }),
      fc.double({ min: 0.001, max: 1000, noNaN: true }),
      (exponent, factor) => {
        const beyond = (size: number): number => factor * size ** exponent;
        const fixed = beyond(sizes[0] as number) * 2;
        const points = sizes.map((size) => ({ size, cost: fixed + beyond(size) }));
        const { beyondFixed, whole } = fitGrowth(points, fixed);
        assert.ok(Math.abs((beyondFixed ?? NaN) - exponent) < 1e-6);
        assert.ok(whole < exponent, "the fixed cost hides a part of the growth");
      },
    ),
  );
});

test("fitGrowth() takes no noise around a fixed cost for growth", () => {
  const points = sizes.map((size, at) => ({ size, cost: 100 + [3, -2, 4][at]! }));
  const growth = fitGrowth(points, 100);
  assert.equal(growth.beyondFixed, undefined);
  assert.ok(Math.abs(growth.whole) < 0.01);
});

test("slopeOfLogarithms() is the least squares line, not the line through the ends", () => {
  const points = [1, 10, 100].map((size, at) => ({ size, cost: [1, 100, 100][at]! }));
  assert.ok(Math.abs(slopeOfLogarithms(points) - 1) < 1e-9);
});

function sample(figure: string, fields: Partial<GrowthSample>): GrowthSample {
  return { series: "messages", figure, size: 1, round: 0, wallMs: 0, peakMemoryKiB: 0, ...fields };
}

test("growthMarkdown() judges those that look at all beyond their fixed cost, the others whole", () => {
  const walls: readonly (readonly [string, readonly number[]])[] = [
    ["first capture", [500, 600, 1500, 10_500]],
    ["moments", [500, 505, 510, 505]],
    ["verify", [100, 200, 10_100, 1_000_100]],
    ["one message", [100, 200, 400, 800]],
  ];
  const samples = walls.flatMap(([figure, costs]) =>
    costs.map((wallMs, at) => sample(figure, { wallMs, size: [10, ...sizes][at] as number })),
  );
  const spec = { series: "messages", quantity: "wall" } as const;
  const rows = tabulateGrowth(samples, [
    { ...spec, figure: "first capture", duty: "all" },
    { ...spec, figure: "moments", duty: "few" },
    { ...spec, figure: "verify", duty: "all" },
    { ...spec, figure: "one message", duty: "few" },
    { ...spec, figure: "never measured", duty: "few" },
  ]);
  assert.equal(
    growthMarkdown(rows),
    "| messages | 10 | 10,000 | 100,000 | 1,000,000 | each | k | k beyond fixed | goal |\n" +
      "|---|---|---|---|---|---|---|---|---|\n" +
      "| first capture, wall | 0.50 s | 0.60 s | 1.50 s | 10.5 s | 10.0 µs | 0.62 | 1.00 | ≤ 1.1 ✓ |\n" +
      "| moments, wall | 0.50 s | 0.51 s | 0.51 s | 0.51 s | – | 0.00 | – | ≤ 0.1 ✓ |\n" +
      "| verify, wall | 0.10 s | 0.20 s | 10.1 s | 1000.1 s | 1000.0 µs | 1.85 | 2.00 | ≤ 1.1 ✗ |\n" +
      "| one message, wall | 0.10 s | 0.20 s | 0.40 s | 0.80 s | – | 0.30 | 0.42 | ≤ 0.1 ✗ |\n",
  );
});

test("tabulateGrowth() takes the median of a size's rounds and leaves out what has too few sizes", () => {
  const samples = [
    sample("unchanged", { size: 1, wallMs: 1 }),
    ...[30, 10, 900].map((wallMs, round) => sample("unchanged", { size: 10, wallMs, round })),
    sample("unchanged", { size: 100, wallMs: 300 }),
    sample("moments", { size: 1, wallMs: 1 }),
    sample("moments", { size: 10, wallMs: 1 }),
  ];
  const rows = tabulateGrowth(samples, [
    { series: "messages", figure: "unchanged", quantity: "wall", duty: "all" },
    { series: "messages", figure: "moments", quantity: "wall", duty: "few" },
  ]);
  assert.deepEqual(
    rows.map(({ figure, points }) => [figure, points.map(({ cost }) => cost)]),
    [["unchanged", [1, 30, 300]]],
  );
});
