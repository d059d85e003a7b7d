import assert from "node:assert/strict";
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { contentKindOf } from "#mail";
import type { RawPath } from "#image";
import { BlobWriter } from "./blob-writer.ts";
import { openCompressor } from "./compression.ts";
import { openReferenceSealer, sha256Hex } from "./crypto.ts";
import { batchStatus } from "./file-batch.ts";
import { FileReader } from "./file-reader.ts";
import { allocateKnownBlobs } from "./known-blobs.ts";
import { parsePackHeader } from "./pack-format.ts";
import type { FinishedPack } from "./packer.ts";
import { openPieceSplitter } from "./piece-splitter.ts";
import { fixedKey, pseudoRandom } from "./repository.fixture.ts";

const folder = realpathSync(mkdtempSync(join(tmpdir(), "restante-reader-")));
after(() => rmSync(folder, { recursive: true, force: true }));
const polynomial = 0x3da3358b4dc173n;

/** Two recipients of one message, attachments around every limit, and files that are no mail. */
function contents(): readonly Buffer[] {
  const body = Buffer.from(
    `Subject: all\r\nMessage-ID: <1@x>\r\n\r\n${"Hello there\r\n".repeat(300)}`,
  );
  const trace = (who: string): Buffer =>
    Buffer.from(`Return-Path: <a@example.org>\r\nDelivered-To: ${who}@example.org\r\n`);
  const sizes = [0, 1, 100, 262_143, 262_144, 262_145, 524_000, 600_000, 5_000_000];
  const plain = sizes.map((size) => pseudoRandom(size));
  const many = Array.from({ length: 300 }, (_, n) =>
    Buffer.concat([trace(`user${n}`), Buffer.from(`X: ${n % 50}\r\n`), body]),
  );
  const two = [trace("one"), trace("two")].map((one) => Buffer.concat([one, body]));
  return [...two, ...plain, ...many];
}

for (const [name, cutBatches] of [
  ["in one batch", 1000],
  ["a few at a time", 7],
] as const) {
  test(`files that are stored together have the pieces of each alone, ${name}`, () => {
    const packs: FinishedPack[] = [];
    const writer = new BlobWriter({
      masterKey: fixedKey(),
      version: 2,
      knownBlobs: allocateKnownBlobs(5000),
      onPack: (pack) => packs.push(pack),
    });
    const reader = new FileReader(writer, openPieceSplitter(polynomial));
    const files = contents().map((bytes, n) => {
      const path = join(folder, `${n}.M${n}`);
      writeFileSync(path, bytes);
      return { path, bytes, stat: lstatSync(path, { bigint: true }) };
    });
    const splitter = openPieceSplitter(polynomial);
    const expected = new Map<string, Buffer>();
    for (let from = 0; from < files.length; from += cutBatches) {
      const batch = files.slice(from, from + cutBatches);
      const result = reader.storeBatch({
        paths: batch.map(({ path }) => path),
        inodes: BigUint64Array.from(batch, ({ stat }) => stat.ino),
      });
      assert.equal(
        result.bytesRead,
        batch.reduce((sum, { bytes }) => sum + bytes.length, 0),
      );
      let at = 0;
      for (const [n, { path, bytes, stat }] of batch.entries()) {
        assert.equal(result.statuses[n], batchStatus.stored);
        const facts = [stat.ino, stat.size, stat.mtimeNs, stat.ctimeNs];
        assert.deepEqual([...result.stats.subarray(n * 4, n * 4 + 4)], facts);
        const ids: string[] = [];
        if (bytes.length > 0)
          splitter.splitWhole(contentKindOf(path as RawPath, bytes), bytes, (piece) => {
            const id = sha256Hex(piece);
            ids.push(id);
            expected.set(id, Buffer.from(piece));
          });
        const end = at + (result.blobCounts[n] ?? 0) * 32;
        assert.equal(Buffer.from(result.ids.subarray(at, end)).toString("hex"), ids.join(""));
        at = end;
      }
      assert.equal(at, result.ids.length);
    }
    writer.flush();
    assert.deepEqual(storedIn(packs), expected);
  });
}

test("what is no file, is gone or another one now, is told and leaves the others alone", () => {
  const writer = new BlobWriter({
    masterKey: fixedKey(),
    version: 2,
    knownBlobs: allocateKnownBlobs(100),
    onPack: () => undefined,
  });
  const reader = new FileReader(writer, openPieceSplitter(polynomial));
  const place = (name: string): string => join(folder, name);
  writeFileSync(place("first"), "one");
  mkdirSync(place("folder"));
  symlinkSync("first", place("link"));
  writeFileSync(place("last"), "two");
  const names = ["first", "folder", "absent", "link", "last"];
  const inodes = names.map((name) =>
    name === "absent" ? 1n : lstatSync(place(name), { bigint: true }).ino,
  );
  const paths = names.map((name) => place(name));
  const result = reader.storeBatch({ paths, inodes: BigUint64Array.from(inodes) });
  const { stored, notAFile, vanished } = batchStatus;
  assert.deepEqual([...result.statuses], [stored, notAFile, vanished, notAFile, stored]);
  assert.deepEqual([...result.blobCounts], [1, 0, 0, 0, 1]);
  const ids = Buffer.from(result.ids).toString("hex");
  assert.equal(ids, sha256Hex(Buffer.from("one")) + sha256Hex(Buffer.from("two")));
});

/** Every blob of the packs by its ID, read by Node's documented calls. */
function storedIn(packs: readonly FinishedPack[]): Map<string, Buffer> {
  const sealer = openReferenceSealer(fixedKey());
  const compressor = openCompressor();
  const blobs = new Map<string, Buffer>();
  for (const pack of packs) {
    for (const { id, offset, lengthBytes, rawLengthBytes } of parsePackHeader(pack.header, "1")) {
      const opened = sealer.open(pack.bytes.subarray(offset, offset + lengthBytes));
      assert.ok(opened !== undefined);
      const plain = rawLengthBytes === 0 ? opened : compressor.decompress(opened, rawLengthBytes);
      const key = Buffer.from(id).toString("hex");
      assert.ok(!blobs.has(key), "a blob is stored once");
      blobs.set(key, Buffer.from(plain as Uint8Array));
    }
  }
  return blobs;
}
