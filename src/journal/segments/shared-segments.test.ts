import assert from "node:assert/strict";
import { test } from "node:test";
import { JournalError } from "../journal-error.ts";
import type { ContentPiece } from "../journal-event.ts";
import type { JournalReader } from "../journal.ts";
import { bytesOf, openReader, openWriter } from "./journal-in-memory.fixture.ts";
import type { JournalFile, JournalFiles } from "./journal-files.ts";
import { firstOfSegment } from "./segment-name.ts";
import { UnreliableFiles } from "./unreliable-files.fixture.ts";

/** Segments are opened, and closed, and counted. */
class CountedFiles extends UnreliableFiles {
  opened = 0;
  mostOpen = 0;
  readonly openNames: string[] = [];

  override async open(name: string): Promise<JournalFile> {
    const file = await super.open(name);
    if (!isSegmentName(name)) return file;
    this.opened += 1;
    this.openNames.push(name);
    this.mostOpen = Math.max(this.mostOpen, this.openNames.length);
    let isClosed = false;
    return {
      ...file,
      read: async (target, offset) => {
        assert.equal(isClosed, false, "read after it was closed");
        return await file.read(target, offset);
      },
      close: async () => {
        assert.equal(isClosed, false, "closed twice");
        isClosed = true;
        this.openNames.splice(this.openNames.indexOf(name), 1);
        await file.close();
      },
    };
  }
}

const messages = 120;
const isSegmentName = (name: string): boolean => firstOfSegment(name) !== undefined;

async function write(files: JournalFiles): Promise<readonly ContentPiece[]> {
  await using journal = await openWriter(files, { segmentBytes: 16 * 1024 });
  const pieces: ContentPiece[] = [];
  for (let number = 0; number < messages; number++) {
    pieces.push(...journal.store(bytesOf(number), 5n));
    journal.append({ type: "remove", path: `m${number}` as never }, 5n);
  }
  await journal.close();
  return pieces;
}

async function contentOf(journal: JournalReader, piece: ContentPiece): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(journal.content([piece])));
}

test("pieces that are read one after another open a segment once", async () => {
  const files = new CountedFiles(() => 0);
  const pieces = await write(files);
  const segments = (await files.list()).filter(isSegmentName).length;
  assert.ok(segments > 5, `${segments} segments`);
  {
    await using reader = await openReader(files);
    files.opened = 0;
    for (const [number, piece] of pieces.entries())
      assert.deepEqual(await contentOf(reader, piece), bytesOf(number));
    assert.equal(files.opened, segments);
    assert.ok(files.openNames.length <= 4, `${files.openNames.length} open`);
  }
  assert.deepEqual(files.openNames, []);
});

test("readers of all segments at the same time get their own bytes, and few files are open", async () => {
  const files = new CountedFiles(() => 0);
  const pieces = await write(files);
  const reader = await openReader(files);
  files.mostOpen = 0;
  const strides = [1, 7, 11, 13, 17, 119];
  await Promise.all(
    strides.map(async (stride) => {
      for (let count = 0; count < messages; count++) {
        const number = (count * stride) % messages;
        const piece = pieces[number] as ContentPiece;
        assert.deepEqual(await contentOf(reader, piece), bytesOf(number));
      }
    }),
  );
  assert.ok(files.mostOpen <= 4 + strides.length, `${files.mostOpen} open`);
  await reader[Symbol.asyncDispose]();
  assert.deepEqual(files.openNames, []);
});

test("a segment that is removed does not stay open", async () => {
  const files = new CountedFiles(() => 0);
  const pieces = await write(files);
  await using journal = await openWriter(files);
  const [first] = pieces;
  assert.ok(first);
  assert.deepEqual(await contentOf(journal, first), bytesOf(0));
  assert.equal(files.openNames.length, 1);
  assert.ok((await journal.removeBefore(journal.lastSequence)) > 5);
  assert.deepEqual(files.openNames, []);
  const second = pieces[1] as ContentPiece;
  await assert.rejects(contentOf(journal, second), { code: "journal.data-missing" });
});

test("segments of which nobody reads for a while are closed", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const files = new CountedFiles(() => 0);
  const pieces = await write(files);
  await using reader = await openReader(files);
  const [first] = pieces;
  assert.ok(first);
  await contentOf(reader, first);
  assert.equal(files.openNames.length, 1);
  context.mock.timers.tick(10_000);
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(files.openNames, []);
  assert.deepEqual(await contentOf(reader, first), bytesOf(0));
});

test("what was damaged while it was open is read again when it is put back", async () => {
  const files = new CountedFiles(() => 0);
  const pieces = await write(files);
  await using reader = await openReader(files);
  const names = (await files.list()).filter(isSegmentName).toSorted();
  const [first = ""] = names;
  const whole = files.bytesOf(first);
  const damaged = Buffer.from(whole);
  damaged.fill(0, 2000, 6000);
  files.put(first, damaged);
  const lost: number[] = [];
  for (const [number, piece] of pieces.slice(0, 20).entries())
    try {
      await contentOf(reader, piece);
    } catch (error) {
      assert.ok(error instanceof JournalError);
      assert.equal(error.code, "journal.data-missing");
      lost.push(number);
    }
  assert.ok(lost.length > 0);
  files.put(first, whole);
  for (const number of lost) {
    const piece = pieces[number] as ContentPiece;
    assert.deepEqual(await contentOf(reader, piece), bytesOf(number));
  }
});
