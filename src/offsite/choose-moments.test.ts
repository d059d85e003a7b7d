import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { inOrder, type RecoveryPoint, recoveryPointOf } from "#copies";
import { snapshotForTest } from "../copies/snapshot.fixture.ts";
import { chooseMoments, momentKey, type MomentChoice } from "./choose-moments.ts";
import { offsiteState } from "./offsite-state.ts";

function pointAt(
  sequence: number,
  { group = "g", second = sequence }: { readonly group?: string; readonly second?: number } = {},
): RecoveryPoint {
  const tags = [`group:${group}`, `sequence:${sequence}`, "generation:1"];
  const timeNs = BigInt(second) * 1_000_000_000n;
  return recoveryPointOf(snapshotForTest({ id: `${group} ${sequence}`, timeNs, tags }));
}

/** The same moment in another copy: another ID. */
const copied = (point: RecoveryPoint): RecoveryPoint => ({ ...point, id: `copy of ${point.id}` });
const ids = (points: readonly RecoveryPoint[]): string[] => points.map(({ id }) => id);
const sinceLast: MomentChoice = { kind: "since-last" };

test("all, the newest of each group, or what a rule keeps", () => {
  const here = [pointAt(1), pointAt(1, { group: "h" }), pointAt(2), pointAt(3)];
  const options = { here, there: [] };
  assert.deepEqual(chooseMoments({ kind: "all" }, options), here);
  assert.deepEqual(ids(chooseMoments({ kind: "newest" }, options)), ["h 1", "g 3"]);
  const keeps = (points: readonly RecoveryPoint[]): readonly RecoveryPoint[] => points.slice(0, 1);
  assert.deepEqual(ids(chooseMoments({ kind: "rule", keeps }, options)), ["g 1", "h 1"]);
});

test("since the last: what is after the newest that is there, and all of a group that is new", () => {
  const here = [pointAt(1), pointAt(2), pointAt(3), pointAt(1, { group: "h", second: 9 })];
  const there = [copied(pointAt(2))];
  assert.deepEqual(ids(chooseMoments(sinceLast, { here, there })), ["g 3", "h 1"]);
});

test("since the last goes by the sequence where the clock was set back", () => {
  const here = inOrder([
    pointAt(1, { second: 10 }),
    pointAt(2, { second: 500 }),
    pointAt(3, { second: 20 }),
  ]);
  const there = [copied(pointAt(2, { second: 500 }))];
  assert.deepEqual(ids(chooseMoments(sinceLast, { here, there })), ["g 3"]);
});

test("since the last goes by the clock where what is there has expired here", () => {
  const here = [pointAt(4), pointAt(5), pointAt(6)];
  assert.deepEqual(ids(chooseMoments(sinceLast, { here, there: [pointAt(3)] })), [
    "g 4",
    "g 5",
    "g 6",
  ]);
});

test("sending since the last, again and again, brings every moment there whatever was interrupted", () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(3), { maxLength: 8 }),
      fc.integer({ min: 1, max: 6 }),
      (arrivals, perRun) => {
        const here: RecoveryPoint[] = [];
        const there: RecoveryPoint[] = [];
        for (const taken of arrivals) {
          for (let more = 0; more < taken; more++) here.push(pointAt(here.length + 1));
          // Interrupted after some, in the order that was chosen.
          const chosen = chooseMoments(sinceLast, { here, there });
          there.push(...chosen.slice(0, perRun).map(copied));
        }
        there.push(...chooseMoments(sinceLast, { here, there }).map(copied));
        assert.deepEqual(there.map(momentKey), here.map(momentKey));
      },
    ),
  );
});

test("lag is the newest here minus the newest there, for each group, and never a lead", () => {
  const here = [pointAt(1), pointAt(2, { second: 70 }), pointAt(1, { group: "h" })];
  const there = [copied(pointAt(1))];
  const { groups } = offsiteState({ here, there, onTheirWay: [pointAt(2, { second: 70 })] });
  const [g, h] = groups;
  assert.deepEqual(
    [g?.group, g?.lagMs, ids(g?.waiting ?? []), ids(g?.onTheirWay ?? [])],
    ["g", 69_000, ["g 2"], ["g 2"]],
  );
  assert.deepEqual([h?.group, h?.lagMs, ids(h?.waiting ?? [])], ["h", undefined, ["h 1"]]);
  const setBack = offsiteState({
    here: [pointAt(1, { second: 90 }), pointAt(2, { second: 5 })],
    there: [pointAt(1, { second: 90 })],
  });
  assert.equal(setBack.groups[0]?.lagMs, 0);
  assert.equal(setBack.groups[0]?.waiting.length, 1);
});

test("after the first site is lost, what is there has no lag and nothing waits", () => {
  const { groups } = offsiteState({ here: [], there: [pointAt(1)] });
  assert.deepEqual([groups[0]?.lagMs, groups[0]?.waiting], [0, []]);
});
