import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { durationFigure, measurementOf, rateFigure, shareFigure, valueText } from "./figure.ts";

const label = { name: "capture", title: "capture", parameter: "capture_rate" } as const;

test("a figure has the least, the middle and the most of its runs", () => {
  const runs = [100, 300, 200, 400].map((bytes) => ({ bytes, ms: 1000 }));
  const figure = rateFigure(label, runs);
  assert.deepEqual(
    [figure?.low, figure?.median, figure?.high, figure?.runs, figure?.bytes, figure?.seconds],
    [100, 200, 400, 4, 200, 1],
  );
});

test("nothing that took no time, or was nothing, has a rate", () => {
  assert.equal(rateFigure(label, []), undefined);
  assert.equal(rateFigure(label, [{ bytes: 5, ms: 0 }]), undefined);
  assert.equal(rateFigure(label, [{ bytes: 0, ms: 5 }]), undefined);
  fc.assert(
    fc.property(fc.array(fc.record({ bytes: fc.nat(), ms: fc.nat(9) })), (runs) => {
      const figure = rateFigure(label, runs);
      assert.ok(figure === undefined || Number.isFinite(figure.high));
      assert.equal(figure?.runs ?? 0, runs.filter(({ bytes, ms }) => bytes > 0 && ms > 0).length);
    }),
  );
});

test("times and shares are figures too", () => {
  assert.equal(durationFigure(label, [{ bytes: 1, ms: 90_000 }])?.median, 1.5);
  assert.equal(shareFigure(label, [{ bytes: 200, ms: 1, part: 50 }])?.median, 0.25);
  assert.equal(valueText(1.5, "minutes"), "1 min 30 s");
  assert.equal(valueText(0.2512, "share"), "25.1 %");
  assert.equal(valueText(45e6, "bytes/s"), "45 MB/s");
});

test("the planner is given what a figure is a measurement of, and nothing else", () => {
  const runs = [{ bytes: 100, ms: 1000 }];
  const where = { id: "r1", now: 0n, of: "a sample of 100 B" };
  const figure = rateFigure({ ...label, note: "from memory" }, runs);
  assert.ok(figure !== undefined);
  assert.deepEqual(measurementOf(figure, where), {
    parameter: "capture_rate",
    low: 100,
    high: 100,
    kind: "bench",
    at: "1970-01-01T00:00:00Z",
    id: "r1",
    bytes: 100,
    seconds: 1,
    about: "capture, once, a sample of 100 B; from memory",
  });
  const forPeople = rateFigure({ name: "hash", title: "hashing" }, runs);
  assert.ok(forPeople !== undefined);
  assert.equal(measurementOf(forPeople, where), undefined);
});
