import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { hasDigest, nodeHasher, openHasher } from "./digest.ts";

test("digests are Node's, and nothing beside them is written", () => {
  const hasher = openHasher();
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 5000 }), fc.nat(40), (bytes, offset) => {
      const [one, other] = [new Uint8Array(80).fill(7), new Uint8Array(80).fill(7)];
      hasher(bytes, one, offset);
      nodeHasher(bytes, other, offset);
      assert.deepEqual(one, other);
    }),
  );
});

test("the hasher works on views into larger memory", () => {
  const memory = Buffer.from("abcdefghij");
  const [one, other] = [new Uint8Array(32), new Uint8Array(32)];
  openHasher()(memory.subarray(3, 6), one, 0);
  nodeHasher(Buffer.from("def"), other, 0);
  assert.deepEqual(one, other);
});

test("bytes have their own digest, and no other", () => {
  const digests = new Uint8Array(100).fill(9);
  nodeHasher(Buffer.from("this"), digests, 40);
  assert.equal(hasDigest(Buffer.from("this"), digests, 40), true);
  assert.equal(hasDigest(Buffer.from("that"), digests, 40), false);
  assert.equal(hasDigest(Buffer.from("this"), digests, 39), false);
  digests[71] = (digests[71] as number) ^ 1;
  assert.equal(hasDigest(Buffer.from("this"), digests, 40), false);
});
