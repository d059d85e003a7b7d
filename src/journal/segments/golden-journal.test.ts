/** The format is what docs/formats/journal.md says, and stays so: what was written once can be read for ever. */
import assert from "node:assert/strict";
import { createDecipheriv, createHash, createHmac, hkdfSync } from "node:crypto";
import { test } from "node:test";
import { zstdDecompressSync } from "node:zlib";
import { decodeEvent } from "./event-codec.ts";
import { goldenBytes, goldenEvents, goldenName } from "./golden-journal.fixture.ts";
import {
  codesOf,
  openReader,
  openWriter,
  recordsOf,
  testKey,
} from "./journal-in-memory.fixture.ts";
import { UnreliableFiles } from "./unreliable-files.fixture.ts";

const filesOf = (): UnreliableFiles => {
  const files = new UnreliableFiles(() => 0);
  files.put(goldenName, goldenBytes());
  return files;
};
const all = [
  { type: "mark", name: "start" },
  ...goldenEvents,
  { type: "mark", name: "clean-stop" },
] as const;

test("a segment of the first day is read", async () => {
  const reader = await openReader(filesOf());
  const records = await recordsOf(reader);
  assert.deepEqual(
    records.map(({ event }) => event),
    all,
  );
  assert.deepEqual([records[1]?.atNs, reader.group], [1_700_000_000_500_000_000n, "support"]);
  assert.equal((await recordsOf(reader, { withoutData: true })).length, all.length);
  const parts: Uint8Array[] = [];
  for await (const part of reader.content([{ data: 2, offset: 9, lengthBytes: 5 }]))
    parts.push(part);
  assert.equal(Buffer.concat(parts).toString(), "hello");
  assert.deepEqual(codesOf(reader.problems), []);
});

test("a segment of the first day is gone on from", async () => {
  const files = filesOf();
  await using journal = await openWriter(files, { group: "support" });
  assert.equal(journal.lastSequence, all.length + 1);
  await journal.close();
  assert.equal((await (await openReader(files)).spans()).length, 1);
});

/** By the tables of the document alone. */
function keysOf(salt: Uint8Array, purpose: string): readonly [key: Buffer, tagKey: Buffer] {
  const bytes = Buffer.from(hkdfSync("sha256", testKey, salt, `restante journal ${purpose} 1`, 64));
  return [bytes.subarray(0, 32), bytes.subarray(32)];
}

function opened(
  sealed: Buffer,
  { key, nonce, associated = Buffer.alloc(0) }: { key: Buffer; nonce: Buffer; associated?: Buffer },
): Buffer {
  const decipher = createDecipheriv("aes-256-gcm", key, nonce, { authTagLength: 16 });
  decipher.setAAD(associated);
  decipher.setAuthTag(sealed.subarray(-16));
  return Buffer.concat([decipher.update(sealed.subarray(0, -16)), decipher.final()]);
}

const nonceOf = (part: number, number: number): Buffer => {
  const nonce = Buffer.alloc(12);
  nonce.writeUInt32LE(part, 0);
  nonce.writeBigUInt64LE(BigInt(number), 4);
  return nonce;
};

test("header, frames, index and trailer are what the document says", () => {
  const bytes = goldenBytes();
  assert.equal(bytes.toString("latin1", 0, 8), "RESTJRNL");
  assert.ok(bytes.subarray(0, 2048).equals(bytes.subarray(2048, 4096)));
  assert.ok(bytes.subarray(0, 2048).equals(bytes.subarray(-2048)));
  assert.equal(bytes.toString("utf8", 120, 120 + bytes.readUInt32LE(12)), "support");
  const [key, tagKey] = keysOf(bytes.subarray(88, 120), "segment");
  const proof = createHmac("sha256", tagKey).update(bytes.subarray(0, 2016)).digest();
  assert.ok(proof.equals(bytes.subarray(2016, 2048)));

  let at = 4096;
  let previousTag: Buffer = proof.subarray(0, 16);
  for (const [index, event] of all.entries()) {
    const head = bytes.subarray(at, at + 64);
    assert.equal(head.toString("latin1", 0, 4), "RJF1");
    const [metadataBytes, dataBytes] = [head.readUInt32LE(4), head.readUInt32LE(8)];
    assert.equal(Number(head.readBigUInt64LE(16)), index + 1);
    assert.ok(head.subarray(24, 40).equals(previousTag));
    const sealed = bytes.subarray(at + 64, at + 80 + metadataBytes);
    const nonce = nonceOf(0, index + 1);
    const metadata = opened(sealed, { key, nonce, associated: head });
    const from = at + 80 + metadataBytes;
    const sealedData = Buffer.concat([
      bytes.subarray(from, from + dataBytes),
      head.subarray(40, 56),
    ]);
    const data =
      dataBytes === 0 ? Buffer.alloc(0) : opened(sealedData, { key, nonce: nonceOf(1, index + 1) });
    assert.deepEqual(decodeEvent(metadata, data)?.event, event);
    previousTag = sealed.subarray(-16);
    at = from + dataBytes;
  }

  const trailer = bytes.subarray(-4096);
  assert.equal(trailer.toString("latin1", 0, 8), "RESTJEND");
  const [indexKey, indexTagKey] = keysOf(trailer.subarray(96, 128), "index");
  const trailerProof = createHmac("sha256", indexTagKey).update(trailer.subarray(0, 2016)).digest();
  assert.ok(trailerProof.equals(trailer.subarray(2016, 2048)));
  assert.deepEqual(
    [16, 24, 48, 56].map((offset) => Number(trailer.readBigUInt64LE(offset))),
    [at, at, 1, all.length],
  );
  const digest = createHash("sha256").update(bytes.subarray(0, at)).digest();
  assert.ok(digest.equals(trailer.subarray(128, 160)));
  const directoryAt = Number(trailer.readBigUInt64LE(32));
  const sealed = bytes.subarray(directoryAt, directoryAt + trailer.readUInt32LE(40));
  const nonce = nonceOf(2, 0xffff_ffff);
  const plain = opened(sealed, { key: indexKey, nonce });
  const plainBytes = trailer.readUInt32LE(44);
  const directory = plain.length === plainBytes ? plain : zstdDecompressSync(plain);
  // One block, of all sequences, whose first frame stands behind the header.
  assert.deepEqual([...directory.subarray(0, 5)], [1, 0, all.length - 1, 0x80, 0x20]);
});
