import assert from "node:assert/strict";
import {
  appendFileSync,
  closeSync,
  openSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import type { RawName, RawPath } from "#image";
import { ContinuousSite, ManualHints } from "../continuous-site.fixture.ts";
import { replayed, storeNow } from "../replayed.fixture.ts";
import { validatedEnd } from "./dbox-validated.ts";
import { blocksOf } from "./file-blocks.ts";

type Followed = AsyncDisposable & {
  readonly file: string;
  readonly site: ContinuousSite;
  /** Tells of the file, waits until it is durable, and compares; returns the bytes that were stored. */
  readonly follow: () => Promise<number>;
};

async function followFile(name: string): Promise<Followed> {
  const hints = new ManualHints();
  const site = await ContinuousSite.open({ hints: hints.opened });
  const file = join(site.store, name);
  return {
    file,
    site,
    async follow() {
      const before = site.capture.status.storedBytes;
      hints.tell({ folder: "" as RawPath, name: name as RawName });
      await site.capture.settle();
      assert.deepEqual(replayed(site.journal.records), storeNow(site.store));
      return site.capture.status.storedBytes - before;
    },
    [Symbol.asyncDispose]: () => site[Symbol.asyncDispose](),
  };
}

function overwrite(file: string, offset: number, text: string): void {
  const descriptor = openSync(file, "r+");
  writeSync(descriptor, text, offset);
  closeSync(descriptor);
}

test("a file that grows is stored by what is new", async () => {
  await using one = await followFile("dovecot.index.log");
  writeFileSync(one.file, Buffer.alloc(500_000, "a"));
  assert.equal(await one.follow(), 500_000);
  appendFileSync(one.file, "twelve bytes");
  assert.equal(await one.follow(), 12);
  overwrite(one.file, 100_000, "changed");
  assert.ok((await one.follow()) <= 4096, "one block");
  truncateSync(one.file, 300_000);
  assert.ok((await one.follow()) <= 4096, "the last block");
});

test("a large file that grew is compared whole a little later", async () => {
  await using one = await followFile("mbox");
  writeFileSync(one.file, Buffer.alloc(3_000_000, "From nobody\n"));
  await one.follow();
  overwrite(one.file, 1000, "Status: RO");
  appendFileSync(one.file, "one more");
  assert.ok((await one.follow()) < 20_000);
});

test("a change whose time was put back is seen where the bytes are known", async () => {
  await using one = await followFile("subscriptions");
  writeFileSync(one.file, "INBOX\n");
  await one.follow();
  const { atime, mtime } = statSync(one.file);
  writeFileSync(one.file, "OTHER\n");
  utimesSync(one.file, atime, mtime);
  assert.equal(await one.follow(), 6);
});

/** A message as dbox-file.h lays it out. */
function dboxMessage(body: string): string {
  const size = body.length.toString(16).padStart(16, "0");
  return `\x01\x02N          ${size}\n${body}\n\x01\x03\nR65f00000\nG${"0".repeat(32)}\n\n`;
}

test("a dbox message that was seen before its header is read again, from the last whole one on", async () => {
  await using one = await followFile("m.1");
  const body = "Subject: x\r\n\r\n".padEnd(60_000, "x");
  writeFileSync(one.file, `2 M1e C65f00000\n${dboxMessage(body).repeat(40)}`, "latin1");
  await one.follow();
  const { size } = statSync(one.file);
  const message = dboxMessage(body);
  appendFileSync(one.file, "\0".repeat(30) + message.slice(30), "latin1");
  const unfinished = await one.follow();
  overwrite(one.file, size, message.slice(0, 30));
  const finished = await one.follow();
  assert.ok(unfinished <= message.length + 4096 && finished <= 4096, `${unfinished} ${finished}`);
});

test("messages of a dbox file are whole up to the first that is not", async () => {
  const whole = `2 M1e C65f00000\n${dboxMessage("one")}${dboxMessage("two")}`;
  const cases: readonly (readonly [string, number])[] = [
    [whole, whole.length],
    [`${whole}${"\0".repeat(30)}body`, whole.length],
    [`${whole}${dboxMessage("three").slice(0, -1)}`, whole.length],
    ["no dbox", 0],
    ["", 0],
  ];
  for (const [text, end] of cases) {
    const bytes = Buffer.from(text, "latin1");
    const read = async (at: number, length: number): Promise<Uint8Array> =>
      bytes.subarray(at, at + length);
    assert.equal(await validatedEnd(read, 0), end);
    if (end > 0) assert.equal(await validatedEnd(read, 16), end, "from where it was before");
  }
});

test("blocks are the file, however it comes in pieces", async () => {
  const pieces = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(pieces, fc.integer({ min: 1, max: 16 }), async (parts, blockBytes) => {
      async function* given(): AsyncGenerator<Uint8Array> {
        yield* parts;
      }
      const blocks = await Array.fromAsync(blocksOf(given(), { offset: 0, blockBytes }));
      const bytes = Buffer.concat(blocks.map((block) => block.bytes));
      assert.deepEqual(bytes, Buffer.concat(parts));
      for (const [index, { offset, bytes: block }] of blocks.entries()) {
        assert.equal(offset, index * blockBytes);
        assert.ok(block.length === blockBytes || index === blocks.length - 1);
      }
    }),
  );
});
