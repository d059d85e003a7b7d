import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { RawPath } from "#image";
import { SampleChooser, slicesOf } from "./sample.ts";

const MB = 1024 ** 2;
type File = readonly [path: RawPath, sizeBytes: number];

function choose(files: readonly File[], sampleBytes: number, mostFiles?: number) {
  const chooser = new SampleChooser({
    sampleBytes,
    ...(mostFiles === undefined ? {} : { mostFiles }),
  });
  for (const [path, sizeBytes] of files) chooser.add(path, { sizeBytes });
  return chooser.files();
}

const someFiles = fc
  .uniqueArray(fc.tuple(fc.string({ minLength: 1 }), fc.nat(3 * MB)), {
    selector: ([path]) => path,
    maxLength: 60,
  })
  .map((files) => files as unknown as readonly File[]);

test("the same store gives the same sample in whatever order it is walked", () => {
  fc.assert(
    fc.property(someFiles, fc.nat(20 * MB), fc.gen(), (files, sampleBytes, gen) => {
      const order = gen(fc.shuffledSubarray, [...files], { minLength: files.length });
      assert.deepEqual(choose(order, sampleBytes, 12), choose(files, sampleBytes, 12));
    }),
  );
});

test("a sample is never larger than asked for, except for one single file, and never empty for nothing", () => {
  fc.assert(
    fc.property(someFiles, fc.integer({ min: 1, max: 20 * MB }), (files, sampleBytes) => {
      const chosen = choose(files, sampleBytes);
      const bytes = chosen.reduce((total, { takeBytes }) => total + takeBytes, 0);
      assert.ok(bytes <= sampleBytes || chosen.length === 1);
      assert.equal(chosen.length === 0, files.length === 0);
    }),
  );
});

test("a store that is smaller than the sample is taken whole", () => {
  const files = Array.from({ length: 50 }, (_, n): File => [`m${n}` as RawPath, 1000]);
  assert.equal(choose(files, 50_000).length, 50);
});

test("a sample is spread over the whole store", () => {
  const files = Array.from({ length: 10_000 }, (_, n): File => [`m${n}` as RawPath, 1000]);
  const numbers = choose(files, MB).map(({ path }) => Number(path.slice(1)));
  for (let tenth = 0; tenth < 10; tenth++)
    assert.ok(numbers.some((number) => Math.floor(number / 1000) === tenth));
});

test("of a file that is larger than the sample its beginning is taken", () => {
  assert.deepEqual(choose([["mbox" as RawPath, 1e12]], 80 * MB), [
    { path: "mbox", takeBytes: 10 * MB },
  ]);
});

test("parts of a sample have all of it, each once and in the order of its paths", () => {
  fc.assert(
    fc.property(someFiles, fc.integer({ min: 1, max: 9 }), (files, count) => {
      const chosen = choose(files, 200 * MB);
      const slices = slicesOf(chosen, count);
      assert.ok(slices.length <= count);
      const byPath = (list: readonly { readonly path: RawPath }[]): readonly string[] =>
        list.map(({ path }) => path).toSorted();
      assert.deepEqual(byPath(slices.flat()), byPath(chosen));
      for (const slice of slices)
        assert.deepEqual(
          slice.map(({ path }) => path),
          byPath(slice),
        );
    }),
  );
});
