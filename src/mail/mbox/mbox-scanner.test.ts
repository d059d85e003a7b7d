import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { withoutServerFields } from "./header-splitter.ts";
import { readMboxIndex } from "./mbox-index.ts";
import { type MboxSource, scanMbox } from "./mbox-scanner.ts";

const from = "From a@example.org Wed Nov 25 14:03:07 2026 +0000\n";

/** The bytes in pieces of a size, all in the same memory: who keeps one must copy it. */
function sourceOf(bytes: Buffer, chunkBytes: number): MboxSource {
  return async function* ({ offset, lengthBytes = bytes.length }) {
    const memory = Buffer.alloc(chunkBytes);
    const end = Math.min(bytes.length, offset + lengthBytes);
    for (let at = offset; at < end; at += chunkBytes) {
      const copied = bytes.copy(memory, 0, at, Math.min(end, at + chunkBytes));
      yield memory.subarray(0, copied);
    }
  };
}

async function read(mbox: string | Buffer, chunkBytes = 7): Promise<string[]> {
  const bytes = Buffer.from(mbox);
  const source = sourceOf(bytes, chunkBytes);
  const shown: string[] = [];
  for await (const { headerOffset, endOffset, sizeBytes, virtualSizeBytes } of scanMbox(source)) {
    const range = { offset: headerOffset, lengthBytes: endOffset - headerOffset };
    const pieces: Uint8Array[] = [];
    for await (const piece of withoutServerFields(source(range)))
      pieces.push(Uint8Array.from(piece));
    const message = Buffer.concat(pieces).toString("latin1");
    assert.equal(message.length, sizeBytes);
    assert.equal(message.replace(/(?<!\r)\n/g, "\r\n").length, virtualSizeBytes);
    shown.push(message);
  }
  return shown;
}

describe("an mbox", () => {
  test("parts messages at From_ lines with a date, with a blank line before or without", async () => {
    const mbox = `${from}A: 1\n\none\n\n${from}B: 2\n\nFrom here\ntwo\n${from}C: 3\n\nthree\n\n`;
    assert.deepEqual(await read(mbox), [
      "A: 1\n\none\n",
      "B: 2\n\nFrom here\ntwo",
      "C: 3\n\nthree\n",
    ]);
  });

  test("with CR LF has borders of CR LF", async () => {
    const crlf = from.replace("\n", "\r\n");
    const mbox = `${crlf}A: 1\r\n\r\none\r\n\r\n${crlf}B: 2\r\n\r\ntwo\r\n\r\n`;
    assert.deepEqual(await read(mbox), ["A: 1\r\n\r\none\r\n", "B: 2\r\n\r\ntwo\r\n"]);
  });

  test("may hold messages without a body, without an end of the header, without anything", async () => {
    const mbox = `${from}A: 1\n\n${from}\n${from}B: 2\n\n\n${from}C: 3`;
    assert.deepEqual(await read(mbox), ["A: 1\n", "", "B: 2\n\n", "C: 3"]);
  });

  test("shows nothing of what the server keeps in the header, and all of the body", async () => {
    const own =
      "X-UID: 1\nstatus : RO\nX-Keywords: a\n  b\nX-IMAPbase: 1 0000000002\nContent-Length: 99\n";
    const mbox = `${from}${own}X-UIDs: x\nStatusquo: y\nA: 1\nX-Status: A\n\nStatus: RO\n\n`;
    assert.deepEqual(await read(mbox), ["X-UIDs: x\nStatusquo: y\nA: 1\n\nStatus: RO\n"]);
  });

  test("believes a Content-Length that leads to a From_ line or to the end", async () => {
    const body = `one\n\n${from}D: not a header\n`;
    const length = `Content-Length: ${body.length}\n`;
    for (const border of ["\n", ""]) {
      const mbox = `${from}${length}A: 1\n\n${body}${border}${from}${length}B: 2\n\n${body}${border}`;
      assert.deepEqual(await read(mbox), [`A: 1\n\n${body}`, `B: 2\n\n${body}`], border);
      assert.deepEqual(await read(mbox, 4096), [`A: 1\n\n${body}`, `B: 2\n\n${body}`], border);
    }
  });

  test("does not believe one that leads elsewhere", async () => {
    for (const length of [0, 1, 30, 1e6, 1e15]) {
      const mbox = `${from}Content-Length: ${length}\n\none\n\n${from}B: 2\n\ntwo\n\n`;
      assert.deepEqual(await read(mbox), ["\none\n", "B: 2\n\ntwo\n"], String(length));
    }
  });

  test("is read alike in pieces of every size", async () => {
    const line = fc.constantFrom(
      from,
      "\n",
      "\r\n",
      "From here\n",
      ">From \n",
      "Subject: x\n",
      "Status: RO\r\n",
      "Content-Length: 60\n",
      " folded\n",
      "X-UID",
      "F",
      "\r",
      "text\n",
    );
    await fc.assert(
      fc.asyncProperty(fc.array(line, { maxLength: 30 }), async (lines) => {
        const mbox = from + lines.join("");
        const whole = await read(mbox, 1_000_000);
        for (const chunkBytes of [1, 2, 3, 64])
          assert.deepEqual(await read(mbox, chunkBytes), whole);
      }),
      { numRuns: 300 },
    );
  });

  test("has UIDs where it says which it gave, in ascending order and not beyond", async () => {
    const base = "X-IMAPbase: 7 0000000005 Bank\n";
    const message = (uid: number): string => `${from}X-UID: ${uid}\n\nx\n\n`;
    const uidsOf = async (mbox: string): Promise<unknown> =>
      (await readMboxIndex(sourceOf(Buffer.from(mbox), 64))).messages.map(({ uid }) => uid);
    const first = `${from}${base}X-UID: 2\n\nx\n\n`;
    assert.deepEqual(await uidsOf(first + [2, 4, 3, 900, 6, 7, 9].map(message).join("")), [
      2,
      undefined,
      4,
      undefined,
      undefined,
      6,
      7,
      undefined,
    ]);
    assert.deepEqual(await uidsOf(message(1) + message(2)), [undefined, undefined]);
  });

  test("has keywords that it names, and no others", async () => {
    const base = "X-IMAPbase: 7 0000000005 Bank $Junk\n";
    const keywords = (names: string): string => `${from}X-Keywords: ${names}\n\nx\n\n`;
    const mbox = `${from}${base}\nx\n\n${keywords("bank  $Junk ")}${keywords("Bank mine")}`;
    const { messages } = await readMboxIndex(sourceOf(Buffer.from(mbox), 64));
    assert.deepEqual(
      messages.map((message) => message.keywords),
      [[], ["$Junk", "Bank"], []],
    );
  });

  test("leaves out the message that holds the folder's internal data", async () => {
    const pseudo = `${from}Subject: DON'T DELETE THIS MESSAGE -- FOLDER INTERNAL DATA\nX-IMAP: 7 0000000003 Bank\n\nx\n\n`;
    const mbox = `${pseudo}${from}X-UID: 3\nX-Keywords: Bank\n\nx\n\n`;
    const { messages } = await readMboxIndex(sourceOf(Buffer.from(mbox), 64));
    assert.deepEqual(
      messages.map(({ uid, keywords }) => [uid, keywords]),
      [[3, ["Bank"]]],
    );
  });

  test("of more messages than are bearable is read up to there, and says so", async () => {
    const mbox = Buffer.from(`${from}\nx\n\n`.repeat(5));
    const { messages, problems } = await readMboxIndex(sourceOf(mbox, 64), { messageLimit: 3 });
    assert.equal(messages.length, 3);
    assert.equal(problems[0]?.code, "index");
  });

  test("with a line without end is read without holding it", async () => {
    const mbox = `${from}A: ${"x".repeat(300_000)}\nStatus: ${"R".repeat(300_000)}\n\n${"y".repeat(300_000)}`;
    const [message] = await read(mbox, 1000);
    assert.equal(message?.length, 3 + 300_000 + 2 + 300_000);
  });
});
