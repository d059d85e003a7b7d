import assert from "node:assert/strict";
import { test } from "node:test";
import { zstdCompressSync } from "node:zlib";
import fc from "fast-check";
import { sha256Hex } from "./crypto.ts";
import { memoryContext } from "./repository.fixture.ts";
import {
  decodeUnpacked,
  encodeUnpacked,
  loadUnpacked,
  parseJson,
  saveUnpacked,
} from "./unpacked-file.ts";

const json = Buffer.from(JSON.stringify({ text: "x".repeat(500) }));

for (const version of [1, 2] as const) {
  test(`a file of version ${version} is stored under its hash and read again`, async () => {
    const context = await memoryContext(version);
    const name = await saveUnpacked(context, "index", { json });
    const stored = await context.storage.load({ type: "index", name });
    assert.equal(sha256Hex(stored), name);
    const plain = context.sealer.open(stored)!;
    assert.equal(plain[0], version === 1 ? 0x7b : 2);
    assert.equal(plain.length < json.length, version === 2);
    assert.deepEqual(Buffer.from(await loadUnpacked(context, "index", { name })), json);
  });
}

test("any JSON goes through either encoding", () => {
  fc.assert(
    fc.property(fc.object(), fc.constantFrom(1 as const, 2 as const), (value, version) => {
      const bytes = Buffer.from(JSON.stringify(value));
      assert.deepEqual(Buffer.from(decodeUnpacked(encodeUnpacked(bytes, version), "file")), bytes);
    }),
  );
});

test("a version 2 repository may hold uncompressed files of before its upgrade", () => {
  for (const text of ["{}", "[1]"])
    assert.equal(decodeUnpacked(Buffer.from(text), "f").toString(), Buffer.from(text).toString());
});

test("an unknown encoding is unsupported, and damaged compression is damage", () => {
  for (const bytes of [
    Buffer.alloc(0),
    Buffer.from([1, 2]),
    Buffer.from([3]),
    Buffer.from("x"),
    Buffer.from(" {}"),
  ]) {
    assert.throws(() => decodeUnpacked(bytes, "index 1"), { code: "repository.unsupported" });
  }
  const packed = Buffer.concat([Uint8Array.of(2), zstdCompressSync(json)]);
  assert.deepEqual(decodeUnpacked(packed, "index 1"), json);
  for (const bytes of [
    packed.subarray(0, 1),
    packed.subarray(0, packed.length - 3),
    Buffer.concat([Uint8Array.of(2), json]),
  ]) {
    assert.throws(() => decodeUnpacked(bytes, "index 1"), { code: "repository.damaged" });
  }
});

test("a file whose bytes changed, or that lies under another name, is damaged", async () => {
  const context = await memoryContext();
  const name = await saveUnpacked(context, "snapshot", { json });
  const bytes = Buffer.from(await context.storage.load({ type: "snapshot", name }));
  const other = "0".repeat(64);
  await context.storage.save({ type: "snapshot", name: other }, [bytes]);
  await assert.rejects(loadUnpacked(context, "snapshot", { name: other }), {
    code: "repository.damaged",
    message: "Cannot read snapshot 00000000: its bytes do not match its name",
  });
  bytes[20]! ^= 1;
  const named = sha256Hex(bytes);
  await context.storage.save({ type: "snapshot", name: named }, [bytes]);
  await assert.rejects(loadUnpacked(context, "snapshot", { name: named }), {
    code: "repository.damaged",
  });
});

test("parseJson() refuses what is not JSON and names it", () => {
  assert.deepEqual(parseJson(Buffer.from('{"a":1}'), "x"), { a: 1 });
  assert.throws(() => parseJson(Buffer.from('{"a":'), "lock 1"), {
    message: "Cannot read lock 1: it is not JSON",
  });
});
