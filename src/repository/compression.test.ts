import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { zstdCompressSync, zstdDecompressSync } from "node:zlib";
import fc from "fast-check";
import { decompressUnbounded, oneShotCompressor, openCompressor } from "./compression.ts";
import { pseudoRandom } from "./repository.fixture.ts";

const text = (lengthBytes: number): Buffer =>
  Buffer.alloc(
    lengthBytes,
    "Received: from mx1.example.org by mx2.example.org; Mon, 23 Nov 2026\r\n",
  );

for (const [name, open] of [
  ["the reusing compressor", openCompressor],
  ["the one-shot compressor", oneShotCompressor],
] as const) {
  describe(name, () => {
    test("gives back what it took, and Node's zstd reads what it wrote", () => {
      const compressor = open();
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 3000 }), fc.nat(40), (bytes, repeat) => {
          const whole = Buffer.concat(Array.from({ length: repeat + 1 }, () => bytes));
          const packed = Buffer.from(compressor.compress(whole));
          assert.deepEqual(zstdDecompressSync(packed), whole);
          assert.deepEqual(Buffer.from(compressor.decompress(packed, whole.length)!), whole);
        }),
      );
    });

    test("handles the longest blobs, compressible and not, and shorter ones after them", () => {
      const compressor = open();
      for (const bytes of [
        text(8 << 20),
        pseudoRandom(8 << 20),
        text(1),
        Buffer.alloc(0),
        text(9000),
      ]) {
        const packed = Buffer.from(compressor.compress(bytes));
        assert.ok(zstdDecompressSync(packed).equals(bytes));
        const own = compressor.decompressOwn(packed, bytes.length)!;
        assert.ok(bytes.equals(compressor.decompress(packed, bytes.length)!));
        assert.ok(bytes.equals(own));
      }
    });

    test("refuses content that is longer or shorter than it should be", () => {
      const compressor = open();
      const packed = zstdCompressSync(text(300_000));
      for (const length of [0, 1, 299_999, 300_001, 600_000]) {
        assert.equal(compressor.decompress(packed, length), undefined);
        assert.equal(compressor.decompressOwn(packed, length), undefined);
      }
      assert.ok(text(300_000).equals(compressor.decompress(packed, 300_000)!));
    });

    test("refuses long content that is longer or shorter than it should be", () => {
      const compressor = open();
      const bytes = text(3 << 20);
      const packed = zstdCompressSync(bytes);
      for (const length of [(2 << 20) + 7, bytes.length - 1, bytes.length + 1])
        assert.equal(compressor.decompressOwn(packed, length), undefined);
      assert.ok(bytes.equals(compressor.decompressOwn(packed, bytes.length)!));
    });

    // The stream under the reusing compressor closed its handle at the first error, and the next use of it ended the process.
    test("survives damaged input, and works on after it", () => {
      const compressor = open();
      const bytes = text(20_000);
      const packed = Buffer.from(compressor.compress(bytes));
      for (let at = 0; at < packed.length; at++) {
        const damaged = Buffer.from(packed);
        damaged[at]! ^= 0x55;
        const read = compressor.decompress(damaged, bytes.length);
        assert.ok(read === undefined || read.length === bytes.length);
        assert.ok(bytes.equals(compressor.decompress(packed, bytes.length)!));
        assert.ok(zstdDecompressSync(compressor.compress(bytes)).equals(bytes));
      }
      for (const hostile of [
        Buffer.alloc(0),
        Buffer.alloc(100),
        pseudoRandom(100),
        packed.subarray(0, 10),
      ]) {
        assert.equal(compressor.decompress(hostile, bytes.length), undefined);
      }
    });

    test("does not unpack a bomb", () => {
      const bomb = zstdCompressSync(Buffer.alloc(64 << 20));
      assert.equal(open().decompress(bomb, 1000), undefined);
    });
  });
}

test("the reusing compressor is what openCompressor() opens in this Node", () => {
  const compressor = openCompressor();
  const first = compressor.compress(text(100));
  const second = compressor.compress(text(100));
  // One buffer for all calls, which the one-shot calls do not have.
  assert.equal(first.buffer, second.buffer);
});

test("decompressUnbounded() refuses damage and what is beyond the limit", () => {
  const packed = zstdCompressSync(text(10_000));
  assert.ok(text(10_000).equals(decompressUnbounded(packed, "index 1", 10_000)));
  assert.throws(() => decompressUnbounded(packed, "index 1", 9_999), {
    code: "repository.damaged",
  });
  assert.throws(() => decompressUnbounded(packed.subarray(1), "index 1", 10_000), {
    code: "repository.damaged",
  });
});
