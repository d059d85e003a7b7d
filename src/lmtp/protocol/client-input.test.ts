import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ClientInput } from "./client-input.ts";

/** Everything a client sends in one session, as the reader asks for it. */
function readAll(chunks: readonly Buffer[]): readonly string[] {
  const input = new ClientInput({ maxLineBytes: 64 });
  const seen: string[] = [];
  const waiting = [...chunks];
  const more = (): boolean => {
    const next = waiting.shift();
    if (next !== undefined) input.push(next);
    return next !== undefined;
  };
  for (;;) {
    const line = input.line();
    if (line === undefined) {
      if (!more()) return seen;
      continue;
    }
    seen.push(line.kind === "line" ? line.text : line.kind);
    if (line.kind === "line" && line.text === "DATA") {
      let message = "";
      for (let isLast = false; !isLast;) {
        const part = input.data();
        if (part === undefined) {
          if (!more()) return [...seen, "unfinished"];
          continue;
        }
        message += part.bytes.toString("latin1");
        ({ isLast } = part);
      }
      seen.push(`message ${JSON.stringify(message)}`);
    }
    const size = line.kind === "line" ? /^BDAT (\d+)$/.exec(line.text)?.[1] : undefined;
    let chunk = "";
    while (size !== undefined && chunk.length < Number(size)) {
      const bytes = input.bytes(Number(size) - chunk.length);
      if (bytes === undefined && !more()) return [...seen, "unfinished"];
      chunk += bytes?.toString("latin1") ?? "";
    }
    if (size !== undefined) seen.push(`chunk ${JSON.stringify(chunk)}`);
  }
}

const session = Buffer.from(
  [
    "LHLO x\r\n",
    "bare\n",
    `MAIL FROM:<${"a".repeat(80)}>\r\n`,
    "DATA\r\n..one\r\n.\na\n.\r\nt\0wo\r\n.\r\n",
    "BDAT 9\r\n.\r\nDATA\r\n",
    "NOOP\r\nQUIT\r\n",
  ].join(""),
  "latin1",
);

test("a session is read the same however its bytes are cut", () => {
  const expected = [
    "LHLO x",
    "bare-lf",
    "too-long",
    "DATA",
    // A line that is a dot and a bare LF loses its dot and ends nothing.
    `message ${JSON.stringify(".one\r\n\na\n.\r\nt\0wo\r\n")}`,
    "BDAT 9",
    `chunk ${JSON.stringify(".\r\nDATA\r\n")}`,
    "NOOP",
    "QUIT",
  ];
  assert.deepEqual(readAll([session]), expected);
  assert.deepEqual(readAll([...session].map((byte) => Buffer.of(byte))), expected);
  fc.assert(
    fc.property(fc.array(fc.nat(session.length), { maxLength: 20 }), (at) => {
      const places = [0, ...at.toSorted((a, b) => a - b), session.length];
      const chunks = places.slice(1).map((end, index) => session.subarray(places[index], end));
      assert.deepEqual(readAll(chunks), expected);
    }),
  );
});

test("a line without an end is thrown away as it comes", () => {
  const input = new ClientInput({ maxLineBytes: 64 });
  for (let round = 0; round < 1000; round++) {
    input.push(Buffer.alloc(50, "x"));
    assert.equal(input.line(), undefined);
    assert.ok(input.pending.length <= 64);
  }
  input.push(Buffer.from("\r\nNOOP\r\n"));
  assert.deepEqual(input.line(), { kind: "too-long" });
  assert.deepEqual(input.line(), { kind: "line", text: "NOOP" });
});
