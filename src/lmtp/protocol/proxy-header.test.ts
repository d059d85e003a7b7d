import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { readProxyHeader } from "./proxy-header.ts";

const signature = Buffer.from("0d0a0d0a000d0a515549540a", "hex");

function version2(command: number, family: number, rest: Buffer): Buffer {
  const head = Buffer.of(command, family, rest.length >> 8, rest.length & 0xff);
  return Buffer.concat([signature, head, rest]);
}

test("version 1 names the client", () => {
  const line = "PROXY TCP4 192.0.2.1 192.0.2.9 51234 24\r\n";
  assert.deepEqual(readProxyHeader(Buffer.from(`${line}LHLO x\r\n`)), {
    kind: "header",
    peer: { address: "192.0.2.1", port: 51_234 },
    lengthBytes: line.length,
  });
  const six = readProxyHeader(Buffer.from("PROXY TCP6 2001:db8::1 ::1 9 24\r\n"));
  assert.ok(six.kind === "header");
  assert.deepEqual(six.peer, { address: "2001:db8::1", port: 9 });
  const unknown = readProxyHeader(Buffer.from("PROXY UNKNOWN ffff::1 x\r\n"));
  assert.ok(unknown.kind === "header" && unknown.peer === undefined);
});

test("version 2 names the client, skips what it adds, and may speak for itself", () => {
  const rest = Buffer.concat([
    Buffer.of(192, 0, 2, 1, 192, 0, 2, 9, 0xc8, 0x22, 0, 24),
    Buffer.alloc(9),
  ]);
  const header = readProxyHeader(Buffer.concat([version2(0x21, 0x11, rest), Buffer.from("LHLO")]));
  assert.deepEqual(header, {
    kind: "header",
    peer: { address: "192.0.2.1", port: 51_234 },
    lengthBytes: 16 + rest.length,
  });
  const six = readProxyHeader(
    version2(
      0x21,
      0x21,
      Buffer.concat([
        Buffer.from("20010db8000000000000000000000001", "hex"),
        Buffer.alloc(16),
        Buffer.of(0, 9, 0, 24),
      ]),
    ),
  );
  assert.ok(six.kind === "header");
  assert.deepEqual(six.peer, { address: "2001:db8:0:0:0:0:0:1", port: 9 });
  const local = readProxyHeader(version2(0x20, 0, Buffer.alloc(0)));
  assert.ok(local.kind === "header" && local.peer === undefined);
});

test("a header that is not whole yet asks for more, one that is none is refused at once", () => {
  const whole = version2(0x21, 0x11, Buffer.alloc(12, 1));
  for (let length = 0; length < whole.length; length++)
    assert.equal(readProxyHeader(whole.subarray(0, length)).kind, "more", `${length}`);
  for (const bytes of [
    "LHLO x\r\n",
    "PROXY TCP4 999.0.0.1 1.1.1.1 1 2\r\n",
    "PROXY TCP4 ::1 ::1 1 2\r\n",
    `PROXY ${"x".repeat(200)}`,
  ])
    assert.equal(readProxyHeader(Buffer.from(bytes)).kind, "invalid", bytes);
  assert.equal(readProxyHeader(version2(0x31, 0x11, Buffer.alloc(12))).kind, "invalid");
  assert.equal(readProxyHeader(version2(0x21, 0x11, Buffer.alloc(4))).kind, "invalid");
  assert.equal(readProxyHeader(version2(0x21, 0x11, Buffer.alloc(60_000))).kind, "invalid");
});

test("no bytes break it", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), fc.boolean(), (bytes, isSigned) => {
      const header = readProxyHeader(
        Buffer.concat([isSigned ? signature : Buffer.alloc(0), bytes]),
      );
      if (header.kind === "header")
        assert.ok(header.lengthBytes <= bytes.length + signature.length);
    }),
  );
});
