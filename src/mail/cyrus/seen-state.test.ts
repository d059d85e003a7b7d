import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { parseSeenState } from "./seen-state.ts";

describe("the seen state", () => {
  test("ranges say which UIDs were seen", () => {
    const range = fc.tuple(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 60 }));
    fc.assert(
      fc.property(fc.array(range, { maxLength: 8 }), (ranges) => {
        const sequence = ranges.map(([from, to]) => (from === to ? `${from}` : `${from}:${to}`));
        const state = parseSeenState(`1 1700000000 42 1700000001 ${sequence.join(",")}`);
        assert.equal(state?.lastUid, 42);
        for (let uid = 1; uid <= 61; uid++) {
          const isIn = ranges.some(
            ([from, to]) => uid >= Math.min(from, to) && uid <= Math.max(from, to),
          );
          assert.equal(state.hasSeen(uid), isIn, `${uid} in ${sequence.join(",")}`);
        }
      }),
    );
  });

  test("what is no seen state is undefined", () => {
    for (const value of ["", "2 1 1 1 1", "1 x 1 1 1", "1 1 1 1 1:2:3x"])
      assert.equal(parseSeenState(value), undefined, value);
  });
});
