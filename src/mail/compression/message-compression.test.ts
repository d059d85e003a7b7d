import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { gzipSync, zstdCompressSync } from "node:zlib";
import fc from "fast-check";
import { compressionOf, decompressMessage, isMailError, type MessageCompression } from "#mail";
import { unpackBlock } from "./lz4.ts";

const message = Buffer.from(`Subject: packed\r\n\r\n${"0123456789 abc\r\n".repeat(300)}`);

/** Made with `bzip2 -9` of "Subject: packed\r\n\r\nhello hello hello\r\n". */
const bzip2 = Buffer.from(
  "QlpoOTFBWSZTWTu/OiUAAAVbgAASQAAAEAgAPlzGACAAIgmmjQabSFNMjExMRDfyoTBRW4KQDgnkZOiNlr4u5IpwoSB3fnRK",
  "base64",
);
const bzip2Plain = "Subject: packed\r\n\r\nhello hello hello\r\n";

function lz4File(blocks: readonly Buffer[]): Buffer {
  const header = Buffer.from("Dovecot-LZ4\x0d\x2a\x9b\xc5\0\x01\0\0", "latin1");
  const chunks = blocks.map((block) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(block.length);
    return Buffer.concat([length, block]);
  });
  return Buffer.concat([header, ...chunks]);
}

/** "abcabcabcabc!": three literals, a match that overlaps itself, one literal. */
const lz4 = lz4File([Buffer.from([0x35, 0x61, 0x62, 0x63, 3, 0, 0x10, 0x21])]);

const packed: readonly (readonly [MessageCompression, Buffer, string])[] = [
  ["gzip", gzipSync(message), message.toString()],
  ["zstd", zstdCompressSync(message), message.toString()],
  ["bzip2", bzip2, bzip2Plain],
  ["lz4", lz4, "abcabcabcabc!"],
];

async function* pieces(bytes: Uint8Array, size = 7): AsyncGenerator<Uint8Array> {
  for (let from = 0; from < bytes.length; from += size) yield bytes.subarray(from, from + size);
}

async function unpacked(
  kind: MessageCompression,
  bytes: Uint8Array,
  limitBytes?: number,
): Promise<string> {
  const options = { subject: "a message", ...(limitBytes === undefined ? {} : { limitBytes }) };
  const parts = await Array.fromAsync(decompressMessage(kind, pieces(bytes), options));
  return Buffer.concat(parts).toString("latin1");
}

for (const [kind, bytes, plain] of packed) {
  describe(`${kind} as Dovecot writes it`, () => {
    test("is known by its first bytes and read", async () => {
      assert.equal(compressionOf(bytes.subarray(0, 16)), kind);
      assert.equal(await unpacked(kind, bytes), plain);
    });

    test("is damaged where its end is missing", async () => {
      for (const length of [bytes.length - 1, bytes.length >> 1, 1])
        await assert.rejects(
          unpacked(kind, bytes.subarray(0, length)),
          (error) => isMailError(error) && error.code === "mail.damaged",
          `${length} of ${bytes.length} bytes`,
        );
    });

    test("ends where more comes out than is allowed", async () => {
      await assert.rejects(unpacked(kind, bytes, 5), (error) => {
        return isMailError(error) && error.code === "mail.damaged";
      });
    });
  });
}

test("xz is recognised and not read", async () => {
  const xz = Buffer.from("fd377a585a0000", "hex");
  assert.equal(compressionOf(xz), "xz");
  await assert.rejects(
    unpacked("xz", xz),
    (error) => isMailError(error) && error.code === "mail.unsupported",
  );
});

test("no mail is taken for a packed one", () => {
  for (const text of [
    "",
    "B",
    "BZh9",
    "BZh9 is my name\n",
    "Return-Path: <a@b>\n",
    "Dovecot-LZ4\n",
  ])
    assert.equal(compressionOf(Buffer.from(text)), undefined, text);
});

test("an error of the source comes out as it is", async () => {
  async function* failing(): AsyncGenerator<Uint8Array> {
    yield packed[0]?.[1].subarray(0, 20) as Uint8Array;
    throw new DOMException("stop", "AbortError");
  }
  await assert.rejects(
    Array.fromAsync(decompressMessage("gzip", failing(), { subject: "a message" })),
    { name: "AbortError" },
  );
});

test("whoever stops early ends the source too", async () => {
  let closed = false;
  async function* source(): AsyncGenerator<Uint8Array> {
    try {
      for (;;) yield gzipSync(message);
    } finally {
      closed = true;
    }
  }
  const iterator = decompressMessage("gzip", source(), { subject: "a message" });
  await iterator.next();
  await iterator.return();
  await new Promise((resolve) => setImmediate(resolve));
  assert.ok(closed);
});

test("property: an LZ4 block of any bytes unpacks within its limit or is refused", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      try {
        assert.ok(unpackBlock(bytes, 1000).length <= 1000);
      } catch (error) {
        assert.ok(error instanceof RangeError);
      }
    }),
  );
});
