import assert from "node:assert/strict";
import { test } from "node:test";
import { openReferenceSealer, openSealer, sha256Hex } from "./crypto.ts";
import { parsePackHeader } from "./pack-format.ts";
import { type FinishedPack, openSlabs, Packer, packTargetBytes } from "./packer.ts";
import { fixedKey, idOf, pseudoRandom } from "./repository.fixture.ts";

const sealer = openSealer(fixedKey());
const newPacker = (type: "data" | "tree" = "data"): Packer =>
  new Packer(type, { sealer, reference: openReferenceSealer(fixedKey()), slabs: openSlabs() });

/** The plain blobs of a pack, through its own header. */
function contentOf(pack: FinishedPack): { id: string; plain: string; rawLengthBytes: number }[] {
  const bytes = Buffer.from(pack.bytes);
  assert.equal(sha256Hex(bytes), pack.packId);
  const headerLength = bytes.readUInt32LE(bytes.length - 4);
  const header = sealer.open(bytes.subarray(bytes.length - 4 - headerLength, bytes.length - 4));
  assert.deepEqual(Buffer.from(header!), Buffer.from(pack.header));
  let end = 0;
  const content = parsePackHeader(header!, pack.packId).map((blob) => {
    assert.equal(blob.type, pack.type);
    assert.equal(blob.offset, end);
    end += blob.lengthBytes;
    const plain = sealer.open(bytes.subarray(blob.offset, end));
    return {
      id: Buffer.from(blob.id).toString("hex"),
      plain: Buffer.from(plain!).toString("latin1"),
      rawLengthBytes: blob.rawLengthBytes,
    };
  });
  assert.equal(end + headerLength + 4, bytes.length);
  return content;
}

const blob = (n: number, rawLengthBytes = 0): Parameters<Packer["add"]>[0] => ({
  id: idOf(n),
  stored: Buffer.from(`blob ${n}`),
  rawLengthBytes,
});

const shown = (n: number, rawLengthBytes = 0): object => ({
  id: idOf(n).toString("hex"),
  plain: `blob ${n}`,
  rawLengthBytes,
});

test("a pack holds its blobs in order and is named by its hash", () => {
  const packer = newPacker();
  packer.add(blob(1));
  packer.add(blob(2, 500));
  packer.add(blob(3));
  assert.deepEqual(contentOf(packer.finish()), [shown(1), shown(2, 500), shown(3)]);
});

test("add() returns the sealed bytes as they lie in the pack", () => {
  const packer = newPacker("tree");
  packer.add(blob(1));
  const sealed = Buffer.from(packer.add(blob(2)));
  const pack = packer.finish();
  assert.ok(Buffer.from(pack.bytes).includes(sealed));
  assert.equal(Buffer.from(sealer.open(sealed)!).toString(), "blob 2");
});

test("a packer is empty after finish() and can be filled again", () => {
  const packer = newPacker();
  assert.equal(packer.isEmpty, true);
  packer.add(blob(1));
  assert.equal(packer.isEmpty, false);
  const first = packer.finish();
  assert.equal(packer.isEmpty, true);
  packer.add(blob(2));
  assert.deepEqual(contentOf(packer.finish()), [shown(2)]);
  assert.deepEqual(contentOf(first), [shown(1)]);
});

test("absorb() takes over the other's blobs and leaves it empty", () => {
  const [packer, other] = [newPacker(), newPacker()];
  packer.add(blob(1));
  other.add(blob(2, 20));
  other.add(blob(3));
  packer.absorb(other);
  packer.add(blob(4));
  assert.equal(other.isEmpty, true);
  assert.deepEqual(contentOf(packer.finish()), [shown(1), shown(2, 20), shown(3), shown(4)]);
  other.add(blob(5));
  assert.deepEqual(contentOf(other.finish()), [shown(5)]);
});

test("absorb() by an empty packer is a move", () => {
  const [packer, other] = [newPacker(), newPacker()];
  other.add(blob(1));
  packer.absorb(other);
  assert.deepEqual(contentOf(packer.finish()), [shown(1)]);
});

test("a packer is full at its target, and takes blobs larger than what it had room for", () => {
  const packer = newPacker();
  const large = pseudoRandom(packTargetBytes / 2 - 4096);
  let added = 0;
  while (!packer.isFull) packer.add({ id: idOf(added++), stored: large, rawLengthBytes: 0 });
  assert.equal(added, Math.ceil(packTargetBytes / large.length));
  const pack = packer.finish();
  assert.ok(pack.bytes.length > packTargetBytes);
  assert.equal(contentOf(pack).length, added);
  assert.equal(packer.isFull, false);
});
