import assert from "node:assert/strict";
import { test } from "node:test";
import { type MeasuredMoment, measureMoments } from "./measured-moments.ts";

const hourNs = 3_600_000_000_000n;
const startNs = 1_700_000_000_000_000_000n;

function moment(hours: number, sizeBytes?: number, group: string = "mx1/sales"): MeasuredMoment {
  return {
    group,
    atNs: startNs + BigInt(hours) * hourNs,
    ...(sizeBytes === undefined ? {} : { sizeBytes }),
  };
}

test("the RPO that was achieved is the worst gap, not the usual one, and counts until now", () => {
  const moments = [moment(0), moment(1), moment(2), moment(9), moment(10)];
  const { results } = measureMoments(moments, startNs + 11n * hourNs);
  assert.equal(results[0]?.measured.high, 7);
  assert.match(results[0]?.measured.basis ?? "", /worst gap of 5 moments of mx1\/sales/);
  const late = measureMoments(moments, startNs + 30n * hourNs);
  assert.equal(late.results[0]?.measured.high, 20);
});

test("the worst group speaks for the copy; moments in the future say nothing", () => {
  const moments = [moment(0), moment(1), moment(0, undefined, "mx1/rest"), moment(500)];
  const { results } = measureMoments(moments, startNs + 3n * hourNs);
  assert.equal(results.length, 1);
  assert.equal(results[0]?.measured.high, 3);
  assert.match(results[0]?.measured.basis ?? "", /mx1\/rest/);
});

test("growth comes from two weeks of moments at least, and shrinking is no growth", () => {
  const grown = [moment(0, 1000), moment(24 * 365, 1200)];
  const { measurements } = measureMoments(grown, startNs + 24n * 400n * hourNs);
  assert.equal(measurements[0]?.parameter, "growth_per_year");
  assert.ok(Math.abs((measurements[0]?.high ?? 0) - 0.2) < 1e-9);
  const short = measureMoments([moment(0, 1000), moment(24, 1200)], startNs + 25n * hourNs);
  assert.deepEqual(short.measurements, []);
  const shrunk = measureMoments([moment(0, 1000), moment(24 * 30, 10)], startNs + 800n * hourNs);
  assert.equal(shrunk.measurements[0]?.high, 0);
});

test("without moments nothing was measured", () => {
  assert.deepEqual(measureMoments([], startNs), { measurements: [], results: [] });
});

test("the worst gap says on how much mail and when it was found", () => {
  const moments = [moment(0, 1000), moment(2, 1500), moment(3)];
  const { results } = measureMoments(moments, startNs + 4n * hourNs);
  assert.equal(results[0]?.bytes, 1500);
  assert.equal(results[0]?.at, "2023-11-15T02:13:20Z");
  assert.ok(!("bytes" in (measureMoments([moment(0)], startNs).results[0] ?? {})));
});
