import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { RecoveryError } from "#errors";
import { chooseCopy, type CopyCandidate, listCandidates } from "./choose-copy.ts";
import { type Copy, damagedTag, type Loss, losses, type RecoveryPoint } from "./copy.ts";

const minute = 60_000_000_000n;

function point(id: string, atMinutes: number, some: Partial<RecoveryPoint> = {}): RecoveryPoint {
  return {
    id,
    group: "g",
    sequence: 0,
    generation: "1",
    atNs: BigInt(atMinutes) * minute,
    consistency: "offline",
    paths: ["/mail"],
    hostname: "mx1",
    tags: [],
    ...some,
  };
}

function candidate(
  name: string,
  moments: readonly RecoveryPoint[],
  some: Partial<CopyCandidate> & { readonly reach?: Copy["reach"]; readonly method?: string } = {},
): CopyCandidate {
  const { reach = "at-hand", method = name, ...details } = some;
  return { copy: { name, method, reach }, moments, ...details };
}

const idOf = (choice: ReturnType<typeof chooseCopy>): string | undefined => choice.chosen?.point.id;

test("the newest moment at or before the one asked for is chosen, never a younger one", () => {
  const disk = candidate("disk", [point("a", 10), point("b", 20), point("c", 30)]);
  assert.equal(idOf(chooseCopy([disk], { atNs: 25n * minute })), "b");
  assert.equal(idOf(chooseCopy([disk], { atNs: 30n * minute })), "c");
});

test("a little more exactness is not worth a day until the shelf is emptied, a lot is", () => {
  const tape = candidate("tape", [point("t", 100)], { reach: "shelf" });
  const disk = candidate("disk", [point("d", 40)]);
  assert.equal(idOf(chooseCopy([tape, disk], { atNs: 101n * minute })), "d");
  const old = candidate("disk", [point("d", -5000)]);
  assert.equal(idOf(chooseCopy([tape, old], { atNs: 101n * minute })), "t");
});

test("of two as exact the one that was validated comes first, and the reason says so", () => {
  const plain = candidate("a", [point("plain", 10, { consistency: "crash" })]);
  const looked = candidate("b", [
    point("looked", 10, { consistency: "crash", validatedBy: ["doveadm"] }),
  ]);
  const { chosen, alternatives } = chooseCopy([plain, looked], { atNs: 12n * minute });
  assert.equal(chosen?.point.id, "looked");
  assert.equal(chosen.reason, "2 min before it, at hand, crash, validated by doveadm.");
  assert.deepEqual(
    alternatives.map(({ reason }) => reason),
    ["2 min before it, at hand, crash, not validated."],
  );
});

test("after the loss of production's volume a delta is not chosen, though it is nearest", () => {
  const delta = candidate("deltas", [point("delta", 59, { survives: ["user-error"] })]);
  const clone = candidate("clones", [point("clone", 10, { survives: ["user-error", "hardware"] })]);
  const choice = chooseCopy([delta, clone], { atNs: 60n * minute, lost: ["hardware"] });
  assert.equal(idOf(choice), "clone");
  assert.deepEqual(
    choice.leftOut.map(({ point: one, reason }) => `${one?.id}: ${reason}`),
    ["delta: It does not outlive this loss: hardware."],
  );
});

test("where nobody says what a copy outlives, how near it is decides", () => {
  const local = candidate("local", [point("l", 10)]);
  const shelf = candidate("shelf", [point("s", 5)], { reach: "shelf" });
  assert.equal(idOf(chooseCopy([local, shelf], { atNs: 10n * minute })), "l");
  assert.equal(idOf(chooseCopy([local, shelf], { atNs: 10n * minute, lost: ["site"] })), "s");
  const known = { ...local, survives: losses };
  assert.equal(idOf(chooseCopy([known, shelf], { atNs: 10n * minute, lost: ["site"] })), "l");
});

test("one method, or one copy by its name, can be insisted on", () => {
  const near = candidate("here", [point("d", 10)], { method: "backup to disk" });
  const tape = candidate("vault", [point("t", 5)], { method: "tape", reach: "shelf" });
  for (const from of ["tape", "vault"])
    assert.equal(idOf(chooseCopy([near, tape], { atNs: 10n * minute, from })), "t");
});

test("what was found damaged, or was tried in vain, is left out with its reason", () => {
  const disk = candidate(
    "disk",
    [point("a", 10), point("b", 20), point("c", 30, { tags: [damagedTag] })],
    {
      setAside: new Map([["b", "a pack is missing"]]),
    },
  );
  const choice = chooseCopy([disk], { atNs: 40n * minute });
  assert.equal(idOf(choice), "a");
  assert.deepEqual(
    choice.leftOut.map(({ reason }) => reason),
    ["It is of no use: a pack is missing.", "It was found damaged."],
  );
});

test("when nothing covers the moment, the nearest before and after are named", () => {
  const disk = candidate("disk", [point("later", 30), point("latest", 40)]);
  const tape = candidate("tape", [point("t", 5), point("u", 8)], { unavailable: "no drive" });
  const choice = chooseCopy([disk, tape], { atNs: 10n * minute });
  assert.equal(choice.chosen, undefined);
  assert.equal(choice.nearestBefore?.point.id, "u");
  assert.match(choice.nearestBefore.reason, /no drive/);
  assert.equal(choice.nearestAfter?.point.id, "later");
  const none = chooseCopy([candidate("empty", [])], { atNs: 10n * minute });
  assert.deepEqual(
    [none.nearestBefore, none.leftOut.map(({ reason }) => reason)],
    [undefined, ["It has no moment."]],
  );
});

test("a copy that cannot be listed does not keep the others from being chosen, and says why", async () => {
  const copyOf = (name: string, moments: Copy["moments"]): Copy => ({
    name,
    method: name,
    reach: "near",
    moments,
    open: async () => assert.fail("not opened"),
  });
  const candidates = await listCandidates(
    [
      copyOf("gone", async () => {
        throw new RecoveryError("x.unreachable", 'Cannot reach host "b": no route');
      }),
      copyOf("there", async () => [point("a", 1)]),
    ],
    { details: ({ name }) => (name === "there" ? { recallMinutes: 3 } : {}) },
  );
  const choice = chooseCopy(candidates, { atNs: minute });
  assert.deepEqual([idOf(choice), choice.chosen?.recallMinutes], ["a", 3]);
  assert.match(choice.leftOut[0]?.reason ?? "", /host "b": no route/);
});

test("an error that nobody foresaw is not taken for an unreachable copy", async () => {
  const broken: Copy = {
    name: "x",
    method: "x",
    reach: "near",
    moments: async () => {
      throw new TypeError("bug");
    },
    open: async () => assert.fail("not opened"),
  };
  await assert.rejects(listCandidates([broken]), TypeError);
});

const points = fc.record({
  atMinutes: fc.integer({ min: 0, max: 300 }),
  consistency: fc.constantFrom("offline", "application", "crash", "fuzzy", "unknown"),
  validatedBy: fc.constantFrom([], ["doveadm"]),
  survives: fc.option(fc.subarray([...losses]), { nil: undefined }),
  isDamaged: fc.boolean(),
});
const some = fc.array(
  fc.record({
    reach: fc.constantFrom("at-hand", "near", "shelf"),
    recallMinutes: fc.option(fc.integer({ min: 0, max: 5000 }), { nil: undefined }),
    points: fc.array(points, { maxLength: 6 }),
  }),
  { maxLength: 5 },
);
type Made = typeof some extends fc.Arbitrary<infer Value> ? Value : never;

function candidatesOf(made: Made): CopyCandidate[] {
  return made.map(({ reach, recallMinutes, points: all }, number) =>
    candidate(
      `copy ${number}`,
      all.map(({ atMinutes, isDamaged, survives, ...rest }, index) =>
        point(`${number}-${index}`, atMinutes, {
          ...(rest as Partial<RecoveryPoint>),
          ...(survives === undefined ? {} : { survives }),
          tags: isDamaged ? [damagedTag] : [],
        }),
      ),
      { reach, ...(recallMinutes === undefined ? {} : { recallMinutes }) },
    ),
  );
}
const asked = fc.record({
  atMinutes: fc.integer({ min: 0, max: 300 }),
  lost: fc.subarray<Loss>([...losses]),
});

test("whatever there is: nothing younger, lost or damaged is chosen, and every moment is accounted for or outdone", () => {
  fc.assert(
    fc.property(some, asked, (made, { atMinutes, lost }) => {
      const candidates = candidatesOf(made);
      const atNs = BigInt(atMinutes) * minute;
      const { chosen, alternatives, leftOut } = chooseCopy(candidates, { atNs, lost });
      const weighed = chosen === undefined ? [] : [chosen, ...alternatives];
      for (const { point: one, copy } of weighed) {
        assert.ok(one.atNs <= atNs && !one.tags.includes(damagedTag));
        const held = candidates.find((each) => each.copy.name === copy.name);
        assert.ok(held?.moments.includes(one));
        if (one.survives !== undefined)
          assert.ok(lost.every((loss) => one.survives?.includes(loss)));
      }
      for (let index = 1; index < weighed.length; index++)
        assert.ok((weighed[index - 1]?.totalMinutes ?? 0) <= (weighed[index]?.totalMinutes ?? 0));
      const out = new Set(leftOut.map(({ point: one }) => one?.id));
      const best = new Map(weighed.map((one) => [one.copy.name, one]));
      for (const { copy, moments } of candidates)
        for (const one of moments)
          if (!out.has(one.id) && one.atNs <= atNs) assert.ok(best.has(copy.name), one.id);
    }),
  );
});

test("whatever the order of the candidates, the choice is the same", () => {
  fc.assert(
    fc.property(some, asked, (made, { atMinutes, lost }) => {
      const candidates = candidatesOf(made);
      const options = { atNs: BigInt(atMinutes) * minute, lost };
      assert.deepEqual(
        chooseCopy(candidates.toReversed(), options).chosen,
        chooseCopy(candidates, options).chosen,
      );
    }),
  );
});

test("a moment that comes nearer, is validated, or is to be had sooner never ranks worse for it", () => {
  fc.assert(
    fc.property(some, asked, (made, { atMinutes, lost }) => {
      const candidates = candidatesOf(made);
      const options = { atNs: BigInt(atMinutes) * minute, lost };
      const { chosen } = chooseCopy(candidates, options);
      if (chosen === undefined) return;
      const better = candidates.map((one) =>
        one.copy.name === chosen.copy.name
          ? {
              ...one,
              recallMinutes: 0,
              moments: one.moments.map((each) =>
                each === chosen.point ? { ...each, atNs: options.atNs, validatedBy: ["x"] } : each,
              ),
            }
          : one,
      );
      const again = chooseCopy(better, options);
      assert.equal(again.chosen?.totalMinutes, 0);
      assert.ok(again.chosen.point.atNs === options.atNs);
    }),
  );
});
