import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Entry, entryTypes } from "#image";
import { batchBytes, decodeEntries, encodeEntries } from "./listing-codec.ts";
import { isHostError } from "./host-error.ts";

const rawBytes = (most: number): fc.Arbitrary<string> =>
  fc
    .uint8Array({ minLength: 1, maxLength: most })
    .map((bytes) => Buffer.from(bytes.map((byte) => (byte === 0 || byte === 47 ? 255 : byte))))
    .map((bytes) => bytes.toString("latin1"))
    .filter((text) => text !== "." && text !== "..");
const unsigned64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const signed64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const unsigned32 = fc.nat(0xffff_ffff);

const entries = fc.array(
  fc.record(
    {
      name: rawBytes(300),
      type: fc.constantFrom(...entryTypes),
      mode: fc.nat(0o7777),
      uid: unsigned32,
      gid: unsigned32,
      user: fc.string({ maxLength: 40, unit: "grapheme" }),
      group: fc.string({ maxLength: 40, unit: "grapheme" }),
      sizeBytes: fc.maxSafeNat(),
      mtimeNs: signed64,
      ctimeNs: signed64,
      inode: unsigned64,
      deviceId: unsigned64,
      links: unsigned32,
      linkTarget: rawBytes(5000),
      device: unsigned64,
    },
    {
      requiredKeys: [
        "name",
        "type",
        "mode",
        "uid",
        "gid",
        "sizeBytes",
        "mtimeNs",
        "ctimeNs",
        "inode",
        "deviceId",
        "links",
      ],
      noNullPrototype: true,
    },
  ),
  { maxLength: 20 },
) as fc.Arbitrary<Entry[]>;

test("entries come back as they were", () => {
  fc.assert(
    fc.property(entries, (sent) => {
      const found = [...encodeEntries(sent)].flatMap((batch) => [...decodeEntries(batch)]);
      assert.deepEqual(found, sent);
    }),
  );
});

test("many entries go in batches that fit into frames", () => {
  const [entry] = [...decodeEntries(sample())];
  const many = Array.from({ length: 20_000 }, () => entry as Entry);
  const batches = [...encodeEntries(many)];
  assert.ok(batches.length > 1);
  for (const batch of batches) assert.ok(batch.length < batchBytes + 70_000);
});

test("any bytes give entries or host.protocol, and never a name that leads elsewhere", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(200), (noise, at) => {
      const bytes = sample();
      bytes.set(noise.subarray(0, Math.max(0, bytes.length - at)), Math.min(at, bytes.length));
      try {
        for (const { name } of decodeEntries(bytes))
          assert.ok(!["", ".", ".."].includes(name) && !/[/\0]/.test(name));
      } catch (error) {
        assert.ok(isHostError(error, "host.protocol"), String(error));
      }
    }),
    { numRuns: 1000 },
  );
  for (const name of ["", ".", "..", "a/b", "a\0"]) {
    const entry = { ...([...decodeEntries(sample())] as [Entry])[0], name } as Entry;
    assert.throws(() => [...encodeEntries([entry])].flatMap((batch) => [...decodeEntries(batch)]), {
      code: "host.protocol",
    });
  }
});

function sample(): Buffer {
  const entry = {
    name: "1:2,S",
    type: "file",
    mode: 0o600,
    uid: 1,
    gid: 2,
    user: "vmail",
    sizeBytes: 3,
    mtimeNs: 4n,
    ctimeNs: 5n,
    inode: 6n,
    deviceId: 7n,
    links: 1,
  } as Entry;
  return Buffer.concat([...encodeEntries([entry])]);
}
