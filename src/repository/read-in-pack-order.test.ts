import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { sha256 } from "./crypto.ts";
import { captureNodes, coreOfRepository, duplicateScene, messages } from "./duplicate.fixture.ts";
import { blobMarks, DuplicateMarks } from "./duplicate-marks.ts";
import { loadIndex } from "./load-index.ts";
import { readInPackOrder } from "./read-in-pack-order.ts";

test("readInPackOrder() gives each wanted blob once, whole, one pack after the other", async () => {
  const { from } = await duplicateScene();
  await captureNodes(from, messages(40));
  await captureNodes(from, messages(40, 40), { second: 60 });
  const core = coreOfRepository(from);
  const { index } = await loadIndex({ context: core.context, cache: core.cache });
  const all = Array.from({ length: index.length }, (_, blob) => blob);
  const { signal } = new AbortController();
  await fc.assert(
    fc.asyncProperty(fc.shuffledSubarray(all), fc.boolean(), async (wanted, asViews) => {
      const seen: number[] = [];
      const places: number[] = [];
      const blobs = Uint32Array.from(wanted);
      const options = { index, blobs, asViews, signal };
      for await (const { blob, bytes } of readInPackOrder(core, options)) {
        assert.deepEqual(bytes && sha256(bytes), Buffer.from(index.idOf(blob)));
        seen.push(blob);
        places.push(index.packNumberOf(blob) * 2 ** 32 + index.offsetOf(blob));
      }
      assert.deepEqual(
        seen.toSorted((a, b) => a - b),
        wanted.toSorted((a, b) => a - b),
      );
      assert.deepEqual(
        places,
        places.toSorted((a, b) => a - b),
      );
    }),
    { numRuns: 50 },
  );
});

test("marks are counted as they are set, and found again", async () => {
  const { from } = await duplicateScene();
  await captureNodes(from, messages(10));
  const core = coreOfRepository(from);
  const { index } = await loadIndex({ context: core.context, cache: core.cache });
  const mark = fc.constantFrom(...Object.values(blobMarks));
  const steps = fc.array(fc.tuple(fc.nat(index.length - 1), mark), { maxLength: 60 });
  fc.assert(
    fc.property(steps, (sets) => {
      const marks = new DuplicateMarks(index);
      const model = new Map<number, number>();
      for (const [blob, value] of sets) {
        marks.set(blob, value);
        model.set(blob, value);
      }
      for (const value of Object.values(blobMarks)) {
        const expected = Array.from({ length: index.length }, (_, blob) => blob).filter(
          (blob) => (model.get(blob) ?? blobMarks.unseen) === value,
        );
        assert.deepEqual([...marks.all(value)], expected);
        assert.equal(marks.count(value), expected.length);
      }
    }),
  );
});
