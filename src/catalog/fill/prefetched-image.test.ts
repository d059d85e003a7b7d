import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Image, memoryImage, type RawPath, type ReadFile } from "#image";
import { PrefetchedImage } from "./prefetched-image.ts";

const bytes = Buffer.from(Array.from({ length: 5000 }, (_, index) => index % 251));
const big = "big" as RawPath;
const store = (): Image => memoryImage({ big: bytes, other: bytes.toReversed() });

/** Gives its files in small pieces, and counts how often reading began. */
function inPieces(counts: { begun: number }): Image {
  return new Proxy(store(), {
    get: (target, name) => {
      if (name !== "read") {
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === "function" ? (value.bind(target) as unknown) : value;
      }
      return async function* (...given: Parameters<Image["read"]>): AsyncGenerator<Uint8Array> {
        counts.begun++;
        for await (const piece of target.read(...given))
          for (let at = 0; at < piece.length; at += 700) yield piece.subarray(at, at + 700);
      };
    },
  });
}

async function part(
  image: Image,
  path: RawPath,
  offset: number,
  lengthBytes: number,
): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(image.read(path, { offset, lengthBytes })));
}

test("whatever parts are read in whatever order, they are the file's own", async () => {
  const parts = fc.array(fc.tuple(fc.constantFrom("big", "other"), fc.nat(5200), fc.nat(1500)), {
    maxLength: 20,
  });
  await fc.assert(
    fc.asyncProperty(parts, fc.boolean(), async (some, atOnce) => {
      const { image } = new PrefetchedImage(inPieces({ begun: 0 }));
      await using plain = store();
      const read = some.map(([path, offset, length]) => async (): Promise<void> => {
        const expected = await part(plain, path as RawPath, offset, length);
        assert.deepEqual(await part(image, path as RawPath, offset, length), expected);
      });
      if (atOnce) await Promise.all(read.map((one) => one()));
      else for (const one of read) await one();
    }),
  );
});

test("parts one after another come out of one reading", async () => {
  const counts = { begun: 0 };
  const { image } = new PrefetchedImage(inPieces(counts));
  for (let at = 0; at < 5000; at += 100) await part(image, big, at, 90);
  assert.equal(counts.begun, 1);
});

test("what was fetched ahead is read out of memory; an error is thrown by who reads", async () => {
  const inner = Object.assign(store(), {
    async *readFiles(paths: readonly RawPath[]): AsyncGenerator<ReadFile> {
      for (const path of paths)
        yield path === big
          ? { path, bytes: Uint8Array.from([1, 2, 3, 4]) }
          : { path, error: new Error("lost") };
    },
  });
  const prefetched = new PrefetchedImage(inner);
  await prefetched.prefetch([big, "other" as RawPath]);
  assert.deepEqual([...(await part(prefetched.image, big, 1, 2))], [2, 3]);
  await assert.rejects(Array.fromAsync(prefetched.image.read("other" as RawPath)), /lost/);
  await prefetched.prefetch([]);
  assert.equal((await part(prefetched.image, big, 0, 9000)).length, 5000);
});
