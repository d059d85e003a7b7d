import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { withoutQuoting, withQuoting } from "./mboxrd.ts";

async function* inPieces(text: string, bytes: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < text.length; at += bytes)
    yield Buffer.from(text.slice(at, at + bytes), "latin1");
}

async function text(pieces: AsyncIterable<Uint8Array>): Promise<string> {
  return Buffer.concat(await Array.fromAsync(pieces)).toString("latin1");
}

test("withQuoting() marks every line that is From_ after marks, and nothing else", async () => {
  const plain = "From a\n>From b\n>>From c\n From d\nFromage\n>x\nmiddle From \r\nFrom ";
  const quoted = ">From a\n>>From b\n>>>From c\n From d\nFromage\n>x\nmiddle From \r\n>From ";
  for (const bytes of [1, 2, 5, 100]) {
    assert.equal(await text(withQuoting(inPieces(plain, bytes))), quoted);
    assert.equal(await text(withoutQuoting(inPieces(quoted, bytes))), plain);
  }
});

test("withoutQuoting() undoes withQuoting() for any bytes in any pieces", async () => {
  const part = fc.constantFrom("From ", ">", "\n", "From", " ", "\r\n", "x", "F");
  const pieces = fc.integer({ min: 1, max: 9 });
  await fc.assert(
    fc.asyncProperty(fc.array(part), pieces, pieces, async (parts, one, other) => {
      const plain = parts.join("");
      const quoted = await text(withQuoting(inPieces(plain, one)));
      assert.doesNotMatch(quoted, /^From /m);
      assert.equal(await text(withoutQuoting(inPieces(quoted, other))), plain);
    }),
    { numRuns: 500 },
  );
});
