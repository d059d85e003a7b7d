import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { DotDecoder, DotEncoder } from "./dot-stuffing.ts";

/** What trips line ends and dots: made of little else. */
const nasty = fc
  .array(fc.constantFrom(".", "\r", "\n", "\r\n", "\r\n.", "\n.", "a", "\0", "\xff"), {
    maxLength: 40,
  })
  .map((parts) => Buffer.from(parts.join(""), "latin1"));
const cuts = fc.array(fc.nat(200), { maxLength: 12 });

function pieces(bytes: Buffer, at: readonly number[]): readonly Buffer[] {
  const places = at.map((place) => Math.min(place, bytes.length)).toSorted((a, b) => a - b);
  return [...places, bytes.length].map((end, index) =>
    bytes.subarray(index === 0 ? 0 : places[index - 1], end),
  );
}

function encode(bytes: Buffer, at: readonly number[] = []): Buffer {
  const encoder = new DotEncoder();
  return Buffer.concat([...pieces(bytes, at).map((piece) => encoder.push(piece)), encoder.end()]);
}

function decode(parts: readonly Buffer[]): { bytes: Buffer; isEnd: boolean; rest: Buffer } {
  const decoder = new DotDecoder();
  const found: Buffer[] = [];
  for (const [index, part] of parts.entries()) {
    const { bytes, isEnd, rest } = decoder.push(part);
    found.push(bytes);
    if (isEnd)
      return {
        bytes: Buffer.concat(found),
        isEnd,
        rest: Buffer.concat([rest, ...parts.slice(index + 1)]),
      };
  }
  return { bytes: Buffer.concat(found), isEnd: false, rest: Buffer.alloc(0) };
}

/** How Dovecot 2.3 reads it: a line ends with LF, with or without CR. */
function decodeAsLenientServer(bytes: Buffer): { message: string; rest: string } {
  let message = "";
  const text = bytes.toString("latin1");
  for (let at = 0; ;) {
    const end = text.indexOf("\n", at) + 1;
    assert.notEqual(end, 0, "no end");
    const line = text.slice(at, end);
    if (line === ".\n" || line === ".\r\n") return { message, rest: text.slice(end) };
    message += line.startsWith(".") ? line.slice(1) : line;
    at = end;
  }
}

const isWhole = (bytes: Buffer): boolean => bytes.length === 0 || bytes.subarray(-2).equals(crlf);
const crlf = Buffer.from("\r\n");

test("what was dotted is undotted to the same bytes, however the stream is cut", () => {
  fc.assert(
    fc.property(nasty, cuts, cuts, nasty, (message, encodedAt, decodedAt, after) => {
      const whole = isWhole(message) ? message : Buffer.concat([message, crlf]);
      // A bare LF before a dot gains one, so that no server takes it for the end.
      const strict = Buffer.from(
        whole.toString("latin1").replace(/(?<!\r)\n\./g, "\n.."),
        "latin1",
      );
      const wire = Buffer.concat([encode(message, encodedAt), after]);
      const found = decode(pieces(wire, decodedAt));
      assert.ok(found.isEnd);
      assert.equal(found.bytes.toString("latin1"), strict.toString("latin1"));
      assert.equal(found.rest.toString("latin1"), after.toString("latin1"));
    }),
    { numRuns: 2000 },
  );
});

test("a server that ends lines with any LF reads the very message, and nothing of it as a command", () => {
  fc.assert(
    fc.property(nasty, cuts, (message, at) => {
      const found = decodeAsLenientServer(
        Buffer.concat([encode(message, at), Buffer.from("NEXT\n")]),
      );
      const whole = isWhole(message) ? message : Buffer.concat([message, crlf]);
      assert.equal(found.message, whole.toString("latin1"));
      assert.equal(found.rest, "NEXT\n");
    }),
    { numRuns: 2000 },
  );
});

test("nothing but CR LF . CR LF ends a message", () => {
  for (const end of [
    "\n.\n",
    "\n.\r\n",
    "\r\n.\n",
    "\r.\r",
    "\r\n.\r",
    "\r\n..\r\n",
    "\n\r.\r\n",
  ]) {
    const found = decode([Buffer.from(`a${end}QUIT\r\n`)]);
    assert.equal(found.isEnd, false, JSON.stringify(end));
  }
  const found = decode([Buffer.from("a\r\n.\r\nQUIT\r\n")]);
  assert.deepEqual(
    [found.bytes.toString(), found.isEnd, found.rest.toString()],
    ["a\r\n", true, "QUIT\r\n"],
  );
});

test("an empty message, and one that is a single dot", () => {
  assert.equal(encode(Buffer.alloc(0)).toString(), ".\r\n");
  assert.deepEqual(decode([Buffer.from(".\r\n")]).bytes.length, 0);
  assert.equal(encode(Buffer.from(".")).toString(), "..\r\n.\r\n");
});
