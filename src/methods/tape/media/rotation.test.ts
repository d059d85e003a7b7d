import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseBarcode } from "../drive/index.ts";
import type { SetManifest } from "../format/index.ts";
import {
  emptyCatalogue,
  type ListedSet,
  withForgotten,
  withoutSets,
  withSet,
} from "./catalogue.ts";
import { wornReason } from "./media-record.ts";
import { dayNs, labelExpiryNs, planTapeExpiry, poolOf, tapesToWrite } from "./rotation.ts";

const first = parseBarcode("RST001");
const second = parseBarcode("RST002");

function setOf(some: Partial<SetManifest> & { readonly set: string }): ListedSet {
  return {
    reconstructed: false,
    manifest: {
      group: "g",
      sequence: 1,
      generation: "1",
      fromNs: 0n,
      atNs: 0n,
      consistency: "offline",
      hostname: "mx1",
      paths: [],
      tags: [],
      volumes: [],
      files: 100,
      sizeBytes: 1000,
      problemCount: 0,
      problems: [],
      blockBytes: 4096,
      parts: [{ barcode: first, firstFile: 3, endFile: 9, data: [] }],
      indexFile: 7,
      pieces: [],
      ...some,
    },
  };
}

test("expiry never takes the newest of a group, nor what either rule keeps, whatever the clock", () => {
  const sets = fc.array(
    fc.record({ day: fc.integer({ min: 0, max: 40 }), group: fc.constantFrom("a", "b") }),
    { maxLength: 20 },
  );
  fc.assert(
    fc.property(
      sets,
      fc.nat(30),
      fc.nat(5),
      fc.integer({ min: -50, max: 100 }),
      (list, keepDays, keepLast, today) => {
        const listed = list.map(({ day, group }, index) =>
          setOf({ set: `${index}`, group, sequence: index + 1, atNs: BigInt(day) * dayNs }),
        );
        const nowNs = BigInt(today) * dayNs;
        const { expired } = planTapeExpiry(
          { sets: listed, clockNs: 0n },
          { keepDays, keepLast, nowNs },
        );
        for (const [, ofGroup] of Map.groupBy(listed, ({ manifest }) => manifest.group)) {
          const newestFirst = ofGroup.toReversed();
          for (const [index, { manifest }] of newestFirst.entries()) {
            const isKept =
              index < Math.max(1, keepLast) || nowNs - manifest.atNs <= BigInt(keepDays) * dayNs;
            assert.equal(expired.has(manifest.set), !isKept);
          }
        }
      },
    ),
  );
});

test("a set over two tapes keeps both, and is kept on neither once a part of it is gone", () => {
  const parts = [first, second].map((barcode) => ({ barcode, firstFile: 3, endFile: 9, data: [] }));
  let catalogue = withSet(emptyCatalogue, setOf({ set: "s", parts }), { lastIsFull: false });
  const facts = { media: new Map(), limits: {}, expired: new Set<string>() };
  assert.deepEqual(
    [first, second].map((barcode) => poolOf(barcode, { ...facts, catalogue })),
    ["full", "filling"],
  );
  catalogue = withoutSets(catalogue, new Set(["s"]));
  for (const barcode of [first, second]) {
    assert.equal(poolOf(barcode, { ...facts, catalogue }), "scratch");
    assert.deepEqual(catalogue.tapes.find((tape) => tape.barcode === barcode)?.forgotten, ["s"]);
  }
  const again = withForgotten(catalogue, { tapes: [{ barcode: first }], set: "s" });
  assert.deepEqual(again.tapes.find((tape) => tape.barcode === first)?.forgotten, ["s"]);
});

test("a tape with room comes first, then the least used empty one; retired ones never", () => {
  const third = parseBarcode("RST003");
  const catalogue = withSet(emptyCatalogue, setOf({ set: "s" }), { lastIsFull: false });
  const use = { mounts: 0, writes: 0, errors: 0 };
  const media = new Map([
    [second, { ...use, barcode: second, passes: 5 }],
    [third, { ...use, barcode: third, passes: 2 }],
  ]);
  const options = {
    catalogue,
    media,
    limits: {},
    expired: new Set<string>(),
    except: new Set<never>(),
  };
  const all = [first, second, third];
  assert.deepEqual(tapesToWrite(all, { ...options, append: true }), [first, third, second]);
  assert.deepEqual(tapesToWrite(all, { ...options, append: false }), [third, second]);
  assert.deepEqual(tapesToWrite(all, { ...options, append: true, except: new Set([first]) }), [
    third,
    second,
  ]);
  assert.deepEqual(tapesToWrite(all, { ...options, append: false, limits: { passes: 5 } }), [
    third,
  ]);
});

test("the label's date is the last day that a rule of days keeps", () => {
  assert.equal(labelExpiryNs(5n, { keepDays: 2 }), 5n + 2n * dayNs);
  assert.equal(labelExpiryNs(5n, { keepLast: 2 }), 0n);
  assert.equal(new Date(Number(labelExpiryNs(5n, {}) / 1_000_000n)).getUTCFullYear(), 2899);
});

test("a tape is worn by whichever limit comes first, and by none that is not set", () => {
  const use = { barcode: first, mounts: 100, passes: 100, writes: 100, errors: 2 };
  assert.equal(wornReason(use, {}), undefined);
  assert.match(wornReason(use, { mounts: 100 }) ?? "", /put into a drive 100 times/);
  assert.match(wornReason({ ...use, errors: 3 }, {}) ?? "", /failed 3 times, and 3 is the limit/);
});
