import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { encodeAttachment, parseReferences, sdboxAttachmentPath } from "./attachments.ts";
import { dboxFile, dboxMessage } from "./dbox.fixture.ts";
import { parseFileHeader, parseMessageHeader, parseMetadata, shortGuid } from "./dbox-format.ts";

test("a file's header tells how long a message's is", () => {
  assert.deepEqual(parseFileHeader(Buffer.from("2 M1e C6b0396a9\nrest")), {
    lengthBytes: 16,
    messageHeaderBytes: 30,
  });
  for (const odd of ["", "3 M1e C1\n", "2 C1\n", "2 M1 C1\n", "2 M1e C1", "x".repeat(9999)])
    assert.equal(parseFileHeader(Buffer.from(odd)), undefined, odd.slice(0, 20));
});

test("a message's header tells its size, or is none", () => {
  const header = Buffer.from("\x01\x02N          00000000000019B3\n", "latin1");
  assert.equal(parseMessageHeader(header), 0x19b3);
  assert.equal(parseMessageHeader(Buffer.from("\x01\x02N          0000000000001 B3\n")), undefined);
  assert.equal(parseMessageHeader(Buffer.from("\x01\x02N          FFFFFFFFFFFFFFFF\n")), undefined);
  assert.equal(parseMessageHeader(header.subarray(0, 29)), undefined);
});

test("metadata has its known letters, and ends with an empty line", () => {
  const bytes = Buffer.from(
    "\n\x01\x03\nR613102c4\nV1f63\nGabc\nZ1f\nBa/b\nX1 2 - f\nQ?\n\nmore",
    "latin1",
  );
  assert.deepEqual(parseMetadata(bytes), {
    receivedSeconds: 0x613102c4,
    virtualSizeBytes: 0x1f63,
    guid: "abc",
    plainSizeBytes: 0x1f,
    mailbox: "a/b",
    references: "1 2 - f",
    lengthBytes: bytes.length - 4,
  });
  assert.equal(parseMetadata(bytes.subarray(0, 40)), undefined);
});

test("a GUID of any text has 128 bits, as Dovecot makes them", () => {
  assert.equal(shortGuid("00112233445566778899aabbccddeeff"), "00112233445566778899aabbccddeeff");
  // Of a message of the corpora, whose index has this.
  const name = "1630601924.M741224P55246V0000000000000801I0064e0cf_0.mx1,S=7878,W=8035";
  assert.equal(shortGuid(name), "18244056b4304020afe43074b6172422");
});

test("property: a message's parts are where its header and metadata say", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      const file = dboxFile(dboxMessage({ bytes }));
      const header = parseFileHeader(file);
      assert.ok(header !== undefined);
      const body = header.lengthBytes + header.messageHeaderBytes;
      assert.equal(parseMessageHeader(file.subarray(header.lengthBytes, body)), bytes.length);
      assert.ok(file.subarray(body, body + bytes.length).equals(bytes));
      const metadata = parseMetadata(file.subarray(body + bytes.length));
      assert.equal(metadata?.lengthBytes, file.length - body - bytes.length);
    }),
  );
});

test("references to attachments, and none that leads out of their folder", () => {
  assert.deepEqual(parseReferences("10 20 B76 a/b/c 40 5 CB72 d 50 1 - e 60 2 C f"), [
    { offset: 10, sizeBytes: 20, path: "a/b/c", base64: { lineLength: 76, lineEnd: "\n" } },
    { offset: 40, sizeBytes: 5, path: "d", base64: { lineLength: 72, lineEnd: "\r\n" } },
    { offset: 50, sizeBytes: 1, path: "e" },
    { offset: 60, sizeBytes: 2, path: "f" },
  ]);
  for (const odd of [
    "1 2 - ../x",
    "1 2 - /x",
    "1 2 - a//b",
    "1 2 B7 x",
    "1 2  x",
    "1 2 -",
    "9 9 - a 1 1 - b",
  ])
    assert.equal(parseReferences(odd), undefined, odd);
  assert.equal(sdboxAttachmentPath("a/b/hash-guid", { guid: "ff", uid: 7 }), "a/b/hash-guid-ff-7");
});

test("property: base64 is made again as it was, however its bytes arrive", async () => {
  const line = fc.integer({ min: 1, max: 20 }).map((blocks) => blocks * 4);
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.uint8Array({ maxLength: 50 })),
      line,
      async (pieces, lineLength) => {
        const text = Buffer.concat(pieces).toString("base64");
        const lines = text.match(new RegExp(`.{1,${lineLength}}`, "g")) ?? [];
        async function* source(): AsyncGenerator<Uint8Array> {
          yield* pieces;
        }
        const made = encodeAttachment(source(), { lineLength, lineEnd: "\r\n" });
        assert.equal(Buffer.concat(await Array.fromAsync(made)).toString(), lines.join("\r\n"));
      },
    ),
  );
});
