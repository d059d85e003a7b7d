import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { PackTally } from "./pack-tally.ts";
import { planPrune } from "./prune-plan.ts";

const mebi = 1024 * 1024;
const noLimit = { maxUnusedShare: 0, maxRepackBytes: Infinity } as const;

let packs = 0;
function pack(facts: Partial<PackTally> = {}): PackTally {
  const packNumber = packs++;
  const { usedBytes = 4 * mebi, unusedBytes = 4 * mebi } = facts;
  return {
    packId: String(packNumber).padStart(64, "0"),
    packNumber,
    usedBlobs: usedBytes === 0 ? 0 : 10,
    unusedBlobs: unusedBytes === 0 ? 0 : 10,
    usedBytes,
    unusedBytes,
    sizeBytes: usedBytes + unusedBytes,
    isShort: false,
    isMixed: false,
    ...facts,
  };
}

test("planPrune() removes what is not used, packs anew what is used in part, keeps the rest", () => {
  const [unused, part, whole] = [pack({ usedBytes: 0 }), pack(), pack({ unusedBytes: 0 })];
  const plan = planPrune([unused, part, whole], noLimit);
  assert.deepEqual([plan.remove, plan.repack, plan.unusedBytesLeft], [[unused], [part], 0]);
});

test("planPrune() takes the packs first that free the most for what is moved, and stops at the share", () => {
  const good = pack({ usedBytes: mebi, unusedBytes: 7 * mebi });
  const poor = pack({ usedBytes: 7 * mebi, unusedBytes: mebi });
  const plan = planPrune([poor, good], { ...noLimit, maxUnusedShare: 0.125 });
  assert.deepEqual([plan.repack, plan.unusedBytesLeft], [[good], mebi]);
});

test("planPrune() leaves to the next run what its budget does not cover", () => {
  const [first, second] = [pack({ unusedBytes: 5 * mebi }), pack()];
  const plan = planPrune([second, first], { ...noLimit, maxRepackBytes: 5 * mebi });
  assert.deepEqual([plan.repack, plan.left, plan.unusedBytesLeft], [[first], [second], 4 * mebi]);
});

test("planPrune() does not move what is missing or cut short: that is for repair", () => {
  const plan = planPrune([pack({ sizeBytes: undefined }), pack({ isShort: true })], noLimit);
  assert.deepEqual([plan.remove, plan.repack], [[], []]);
});

test("planPrune() packs very old packs of data and trees apart, whatever they hold", () => {
  const mixed = pack({ unusedBytes: 0, isMixed: true });
  assert.deepEqual(planPrune([mixed], { ...noLimit, maxUnusedShare: Infinity }).repack, [mixed]);
});

test("planPrune() joins small packs when there are many, or enough for a whole one", () => {
  const small = (): PackTally => pack({ usedBytes: 1000, unusedBytes: 0 });
  const few = Array.from({ length: 15 }, small);
  assert.deepEqual(planPrune(few, noLimit).repack, []);
  assert.equal(planPrune([...few, small()], noLimit).repack.length, 16);
  const halves = Array.from({ length: 5 }, () => pack({ usedBytes: 1.9 * mebi, unusedBytes: 0 }));
  assert.equal(planPrune(halves, noLimit).repack.length, 5);
});

const tally = fc
  .record({
    usedBytes: fc.nat(8 * mebi),
    unusedBytes: fc.nat(8 * mebi),
    isThere: fc.boolean(),
    isMixed: fc.boolean(),
    isShort: fc.boolean(),
  })
  .map(({ isThere, ...facts }) => pack({ ...facts, ...(isThere ? {} : { sizeBytes: undefined }) }));

test("planPrune() never removes a pack that is used, names each at most once, and keeps to its budget and share", () => {
  fc.assert(
    fc.property(
      fc.array(tally, { maxLength: 40 }),
      fc.constantFrom(0, 0.05, 1, Infinity),
      fc.constantFrom(0, 3 * mebi, 40 * mebi, Infinity),
      (tallies, maxUnusedShare, maxRepackBytes) => {
        const plan = planPrune(tallies, { maxUnusedShare, maxRepackBytes });
        assert.ok(plan.remove.every(({ usedBlobs }) => usedBlobs === 0));
        const named = [...plan.remove, ...plan.repack, ...plan.left];
        assert.equal(new Set(named).size, named.length);
        const sum = (list: readonly PackTally[], of: "usedBytes" | "unusedBytes"): number =>
          list.reduce((total, one) => total + one[of], 0);
        assert.ok(sum(plan.repack, "usedBytes") <= maxRepackBytes);
        const used = tallies.filter(({ usedBlobs }) => usedBlobs > 0);
        const left = used.filter((one) => !plan.repack.includes(one));
        assert.equal(plan.unusedBytesLeft, sum(left, "unusedBytes"));
        // What could not be moved aside, the share is kept where the budget allows it.
        const broken = used.filter((one) => one.sizeBytes === undefined || one.isShort);
        if (maxRepackBytes === Infinity) {
          const allowed = maxUnusedShare * sum(used, "usedBytes") + sum(broken, "unusedBytes");
          assert.ok(plan.unusedBytesLeft <= allowed || maxUnusedShare === Infinity);
        }
      },
    ),
  );
});
