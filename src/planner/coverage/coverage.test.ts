import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseRetention } from "#policy";
import {
  finenessAt,
  lapsesOf,
  rotationOfRules,
  segmentsOf,
  shareBetween,
  shareOfRecoveries,
  type Window,
  windowsOf,
} from "./index.ts";

const clones = windowsOf([{ untilHours: 24, everyHours: 12 }], {
  layer: "operational",
  label: "clones",
});
const tapes = windowsOf([{ untilHours: 30 * 24, everyHours: 24 }], {
  layer: "disaster",
  label: "tapes",
  delayHours: 28,
});

test("56% of recoveries fall within 48 hours (§1.4.2), none before now and all at last", () => {
  assert.ok(Math.abs(shareOfRecoveries(48) - 0.56) < 1e-12);
  assert.equal(shareOfRecoveries(0), 0);
  assert.equal(shareOfRecoveries(Infinity), 1);
  assert.ok(Math.abs(shareBetween(0, 48) + shareBetween(48, Infinity) - 1) < 1e-12);
});

test("two clones in 24 hours promise the last 12 hours, in whatever phase the rotation stands", () => {
  assert.deepEqual(
    clones.map(({ fromHours, toHours, everyHours }) => [fromHours, toHours, everyHours]),
    [[0, 12, 12]],
  );
});

test("a lapse between the operational and the disaster window is found, with its smallest change", () => {
  const [lapse, ...others] = lapsesOf([...clones, ...tapes], 20 * 24);
  assert.deepEqual(others, []);
  assert.deepEqual([lapse?.fromHours, lapse?.toHours], [12, 28]);
  assert.equal(lapse?.changes[0]?.kind, "begin sooner");
  assert.equal(lapse?.changes[0]?.byHours, 16);
  const further = lapse?.changes.find(({ kind }) => kind === "reach further back");
  assert.equal(further?.images, 2);
  assert.match(further?.text ?? "", /clones reach back 40 hours instead of a day/);
});

test("the change that is named closes the lapse, and nothing smaller does", () => {
  const extended = windowsOf([{ untilHours: 40, everyHours: 12 }], {
    layer: "operational",
    label: "clones",
  });
  assert.deepEqual(lapsesOf([...extended, ...tapes], 20 * 24), []);
  const short = windowsOf([{ untilHours: 39.9, everyHours: 12 }], {
    layer: "operational",
    label: "clones",
  });
  assert.equal(lapsesOf([...short, ...tapes], 20 * 24).length, 1);
});

test("history that ends before it must is a lapse, and without any layer everything is one", () => {
  const [lapse] = lapsesOf([...clones, ...tapes], 60 * 24).slice(-1);
  assert.deepEqual([lapse?.fromHours, lapse?.toHours], [29 * 24, 60 * 24]);
  assert.deepEqual(lapsesOf([], 48), [{ fromHours: 0, toHours: 48, changes: [] }]);
});

const window: fc.Arbitrary<Window> = fc
  .record({
    layer: fc.constantFrom("operational" as const, "disaster" as const),
    label: fc.constantFrom("a", "b", "c"),
    fromHours: fc.integer({ min: 0, max: 100 }),
    length: fc.integer({ min: 0, max: 400 }),
    everyHours: fc.integer({ min: 0, max: 50 }),
  })
  .map(({ length, ...rest }) => ({ ...rest, toHours: rest.fromHours + length }));
const windows = fc.array(window, { maxLength: 6 });

test("adding a layer never removes a covered moment and never makes one coarser", () => {
  fc.assert(
    fc.property(windows, window, fc.integer({ min: 0, max: 600 }), (before, added, age) => {
      const without = finenessAt(before, age);
      const withIt = finenessAt([...before, added], age);
      if (without !== undefined) assert.ok(withIt !== undefined && withIt <= without);
    }),
  );
});

test("lapses and covered segments together are the whole time, without overlap", () => {
  fc.assert(
    fc.property(windows, fc.integer({ min: 1, max: 600 }), (some, horizon) => {
      const segments = segmentsOf(some, horizon);
      let at = 0;
      for (const { fromHours, toHours, everyHours } of segments) {
        assert.equal(fromHours, at);
        at = toHours;
        // Between whole hours: a window may be as short as one instant, which is no segment.
        const within = fromHours + (toHours - fromHours) * Math.SQRT1_2;
        assert.equal(finenessAt(some, within), everyHours);
      }
      assert.equal(at, horizon);
    }),
  );
});

test("rules of retention become windows; no rules keep everything", () => {
  const rules = parseRetention([
    "every change for 48 hours",
    "one per day for 3 months",
    "last 10",
  ]);
  assert.deepEqual(rotationOfRules(rules, 2), [
    { fromHours: 0, untilHours: 48, everyHours: 2 },
    { fromHours: 0, untilHours: 3 * 28 * 24, everyHours: 24 },
    { fromHours: 0, untilHours: 20, everyHours: 2 },
  ]);
  assert.equal(rotationOfRules([], 2)[0]?.untilHours, Infinity);
});
