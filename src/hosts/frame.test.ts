import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ByteReader } from "./byte-reader.ts";
import {
  encodeFrame,
  type Frame,
  type FrameKind,
  frameKinds,
  largestBodyBytes,
  largestFrameBytes,
} from "./frame.ts";
import { readFrames } from "./frame-reader.ts";
import { HostError } from "./host-error.ts";

async function* chunksOf(bytes: Uint8Array, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  let at = 0;
  for (const size of sizes) {
    if (at < bytes.length) yield bytes.subarray(at, at + size);
    at += size;
  }
  if (at < bytes.length) yield bytes.subarray(at);
}

async function framesOf(bytes: Uint8Array, sizes: readonly number[] = []): Promise<Frame[]> {
  return await Array.fromAsync(readFrames(new ByteReader(chunksOf(bytes, sizes))));
}

async function refused(bytes: Uint8Array, code = "host.protocol"): Promise<void> {
  await assert.rejects(framesOf(bytes), (error) => {
    assert.ok(error instanceof HostError, String(error));
    assert.equal(error.code, code, error.message);
    return true;
  });
}

const frames = fc.array(
  fc.record({
    kind: fc.constantFrom(...(Object.keys(frameKinds) as FrameKind[])),
    requestId: fc.nat(0xffff_ffff),
    header: fc.dictionary(fc.string({ unit: "binary" }), fc.jsonValue(), { noNullPrototype: true }),
    body: fc.uint8Array({ maxLength: 200 }),
  }),
  { maxLength: 6 },
);

test("frames come out as they went in, however the bytes are divided", async () => {
  await fc.assert(
    fc.asyncProperty(frames, fc.array(fc.integer({ min: 1, max: 40 })), async (sent, sizes) => {
      const bytes = Buffer.concat(sent.flatMap((frame) => encodeFrame(frame)));
      const found = await framesOf(bytes, sizes);
      const plain = found.map((frame) => ({ ...frame, body: Uint8Array.from(frame.body) }));
      assert.deepEqual(
        plain,
        sent.map((frame) => ({
          ...frame,
          // JSON has no -0, and an own property "__proto__" is one like any other.
          header: JSON.parse(JSON.stringify(frame.header)) as object,
        })),
      );
    }),
  );
});

test("any bytes at all give frames or one of our errors, and never anything else", async () => {
  const parts = fc.oneof(
    fc.uint8Array({ maxLength: 60 }),
    frames.map((some) => Buffer.concat(some.flatMap((frame) => encodeFrame(frame)))),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(parts, { maxLength: 5 }), async (pieces) => {
      try {
        await framesOf(Buffer.concat(pieces));
      } catch (error) {
        assert.ok(error instanceof HostError, String(error));
      }
    }),
    { numRuns: 1000 },
  );
});

test("a frame with one byte changed is a frame or one of our errors", async () => {
  const whole = Buffer.concat(
    encodeFrame({ kind: "item", requestId: 7, header: { of: "bytes" }, body: Buffer.from("body") }),
  );
  for (let at = 0; at < whole.length; at++) {
    for (const value of [0, 1, 0x7f, 0x80, 0xff]) {
      const bytes = Buffer.from(whole);
      bytes[at] = value;
      await framesOf(bytes).catch((error) => assert.ok(error instanceof HostError, String(error)));
    }
  }
});

test("a length beyond the bound is refused before anything is read or allocated", async () => {
  for (const length of [0, 8, largestFrameBytes + 1, 0xffff_ffff]) {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(length);
    await refused(bytes);
  }
});

test("unknown kinds, headers beyond the frame, and headers that are no object are refused", async () => {
  const frame = (kind: number, headerBytes: number, rest: string): Buffer => {
    const head = Buffer.alloc(13);
    head.writeUInt32BE(9 + rest.length, 0);
    head.writeUInt8(kind, 4);
    head.writeUInt32BE(headerBytes, 9);
    return Buffer.concat([head, Buffer.from(rest)]);
  };
  assert.equal((await framesOf(frame(2, 2, "{}"))).length, 1);
  await refused(frame(0, 2, "{}"));
  await refused(frame(9, 2, "{}"));
  await refused(frame(2, 3, "{}"));
  await refused(frame(2, 0xffff_ffff, "{}"));
  for (const header of ["[]", "1", "null", "{", "\xff"])
    await refused(frame(2, Buffer.byteLength(header), header));
  await refused(frame(2, 2000, "[".repeat(2000)));
});

test("a stream that ends within a frame was cut, and may be tried again", async () => {
  const whole = Buffer.concat(encodeFrame({ kind: "ping", requestId: 0, header: { a: 1 } }));
  for (let length = 1; length < whole.length; length++)
    await refused(whole.subarray(0, length), "host.disconnected");
});

test("a frame that nobody would take is never sent", () => {
  const body = new Uint8Array(largestBodyBytes + 1);
  assert.throws(() => encodeFrame({ kind: "item", requestId: 1, body }), { code: "host.protocol" });
  const header = { text: "x".repeat(300_000) };
  assert.throws(() => encodeFrame({ kind: "item", requestId: 1, header }), {
    code: "host.protocol",
  });
});
