/** What becomes of a journal that was cut short, or in which a bit has flipped, anywhere. */
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { seededNumbers } from "#storage";
import type { JournalRecord } from "../journal-event.ts";
import { frameOverheadBytes } from "./frame.ts";
import { codesOf, openReader, openWriter, recordsOf } from "./journal-in-memory.fixture.ts";
import { positionName } from "./position-file.ts";
import { headerBytes, headerCopyBytes } from "./segment-header.ts";
import { trailerBytes } from "./segment-trailer.ts";
import { UnreliableFiles } from "./unreliable-files.fixture.ts";

type Scene = {
  readonly name: string;
  readonly bytes: Buffer;
  readonly position: Buffer;
  readonly records: readonly JournalRecord[];
  /** Where the frames end. */
  readonly endOffset: number;
};

const random = seededNumbers(1);
const memory = (): UnreliableFiles => new UnreliableFiles(() => 0.9);

async function sceneOf(isClosed: boolean): Promise<Scene> {
  const files = memory();
  await using journal = await openWriter(files);
  for (let number = 2; number <= 6; number++)
    await journal.append(
      number % 2 === 0
        ? { type: "data", bytes: Buffer.alloc(9, number) }
        : { type: "gap", fromNs: BigInt(number), toNs: 1n, why: "stalled" },
      BigInt(number),
    ).durable;
  if (isClosed) await journal.close();
  else await journal[Symbol.asyncDispose]();
  const reader = await openReader(files);
  const records = await recordsOf(reader);
  const [name = ""] = (await files.list()).filter((one) => one.endsWith(".journal"));
  const position = files.bytesOf(positionName);
  const endOffset = reader.row.newest?.endOffset ?? 0;
  return { name, bytes: files.bytesOf(name), position, records, endOffset };
}

let [open, sealed]: Scene[] = [];
before(async () => {
  [open, sealed] = [await sceneOf(false), await sceneOf(true)];
});
const sceneNamed = (isSealed: boolean): Scene => {
  const scene = isSealed ? sealed : open;
  assert.ok(scene !== undefined);
  return scene;
};

function filesOf({ name, position }: Scene, bytes: Buffer, withPosition: boolean): UnreliableFiles {
  const files = memory();
  files.put(name, bytes);
  if (withPosition) files.put(positionName, position);
  return files;
}

type Seen = { readonly records: readonly JournalRecord[]; readonly codes: readonly string[] };

/** With and without data, as an open reader sees it; each record must be what was written. */
async function look(scene: Scene, files: UnreliableFiles): Promise<Seen> {
  const reader = await openReader(files);
  const records = await recordsOf(reader);
  for (const record of records) assert.deepEqual(record, scene.records[record.sequence - 1]);
  for (const { sequence, event } of await recordsOf(reader, { withoutData: true }))
    assert.equal(event.type, scene.records[sequence - 1]?.event.type);
  for (const { sequence, event } of scene.records) {
    if (event.type !== "data") continue;
    try {
      const piece = { data: sequence, offset: 0, lengthBytes: event.bytes.length };
      for await (const part of reader.content([piece])) assert.deepEqual(part, event.bytes);
    } catch (error) {
      assert.equal((error as { readonly code?: string }).code, "journal.data-missing");
    }
  }
  return { records, codes: codesOf(reader.problems) };
}

/** The journal goes on after it: nothing that can be read is lost, and no sequence comes twice. */
async function goOn(seen: Seen, files: UnreliableFiles): Promise<void> {
  const newest = seen.records.at(-1)?.sequence ?? 0;
  {
    await using journal = await openWriter(files);
    assert.ok(journal.lastSequence > newest);
    await journal.close();
  }
  const after = await recordsOf(await openReader(files));
  assert.deepEqual(after.slice(0, seen.records.length), seen.records);
  const sequences = after.map(({ sequence }) => sequence);
  assert.deepEqual(
    sequences,
    [...new Set(sequences)].toSorted((one, other) => one - other),
  );
}

/** Every byte, but of zeros and padding only some. */
function* places({ bytes, endOffset }: Scene): Generator<number> {
  const padding: readonly (readonly [number, number])[] = [
    [130, 2010],
    [headerCopyBytes + 130, headerCopyBytes + 2010],
    [bytes.length - trailerBytes + 165, bytes.length - trailerBytes + 2010],
    [bytes.length - headerCopyBytes, bytes.length],
    [paddingOf(bytes), bytes.length - trailerBytes],
  ];
  const last = bytes.length > endOffset ? padding.length : 2;
  for (let at = 0; at < bytes.length; at++) {
    const isPadding = padding.slice(0, last).some(([from, to]) => at >= from && at < to);
    if (!isPadding || at % 257 === 0) yield at;
  }
}

test("cut short at any byte, a journal that was being written has a torn tail, and all before it", async () => {
  const scene = sceneNamed(false);
  for (const at of places(scene)) {
    const files = filesOf(scene, scene.bytes.subarray(0, at), false);
    if (at < headerCopyBytes) {
      await assert.rejects(openReader(files), { code: /journal\.(?:not-found|unreadable)/ });
      continue;
    }
    const ends = endsOf(scene);
    const seen = await look(scene, files).catch((error: unknown) => {
      // A header, and nothing whole after it: there is no journal yet.
      assert.ok(at < (ends[0] ?? 0));
      assert.equal((error as { readonly code?: string }).code, "journal.not-found");
    });
    if (seen === undefined) continue;
    assert.equal(seen.records.length, ends.filter((end) => end <= at).length, `cut at ${at}`);
    const isTorn = !ends.includes(at);
    assert.deepEqual(
      seen.codes,
      isTorn ? ["torn-tail", "unclean-stop"] : ["unclean-stop"],
      `${at}`,
    );
    if (at % 11 === 0) await goOn(seen, files);
  }
});

test("a header of which one copy is torn does not take the index of its segment with it", async () => {
  const scene = sceneNamed(false);
  for (let sector = 0; sector < headerBytes; sector += 512) {
    const bytes = Buffer.from(scene.bytes).fill(0, sector, sector + 512);
    const files = filesOf(scene, bytes, true);
    await (await openWriter(files)).close();
    const reader = await openReader(files);
    const segments = await reader.segments();
    assert.ok(
      segments.every(({ sealed }) => sealed !== undefined),
      `sector at ${sector}`,
    );
    assert.deepEqual(codesOf(reader.problems), ["unclean-stop"]);
    assert.equal((await recordsOf(reader)).length, scene.records.length + 2);
  }
});

test("cut short behind what is known to be safe, it is damaged", async () => {
  const scene = sceneNamed(false);
  for (let at = headerBytes + 150; at < scene.bytes.length; at += 2) {
    const files = filesOf(scene, scene.bytes.subarray(0, at), true);
    const seen = await look(scene, files);
    assert.deepEqual(seen.codes, ["damaged", "unclean-stop"], `cut at ${at}`);
    if (at % 9 !== 0) continue;
    await goOn(seen, files);
    await using journal = await openWriter(files);
    assert.ok(journal.lastSequence > scene.records.length);
    assert.ok((await journal.spans()).length > 1);
  }
});

test("a bit that flips in a journal that was being written is damage, and takes one record", async () => {
  const scene = sceneNamed(false);
  for (const at of places(scene)) {
    const files = filesOf(scene, flipped(scene.bytes, at), true);
    const seen = await look(scene, files);
    const isHeader = at < headerBytes;
    assert.equal(seen.records.length, scene.records.length - (isHeader ? 0 : 1), `byte ${at}`);
    assert.equal(seen.codes.includes("damaged"), !isHeader, `byte ${at}: ${seen.codes.join(" ")}`);
    assert.ok(!seen.codes.includes("torn-tail"), `byte ${at}`);
    if (at % 11 === 0) await goOn(seen, files);
  }
});

test("without knowing what was safe, a bad last record is a torn tail, and one in the middle damage", async () => {
  const scene = sceneNamed(false);
  const ends = endsOf(scene);
  for (let at = headerBytes; at < scene.bytes.length; at += 2) {
    const seen = await look(scene, filesOf(scene, flipped(scene.bytes, at), false));
    const isLast = at >= (ends.at(-2) ?? 0);
    const code = isLast ? "torn-tail" : "damaged";
    assert.deepEqual(seen.codes, [code, "unclean-stop"], `byte ${at}`);
  }
});

test("a bit that flips in a sealed segment never passes unseen, and takes one record at most", async () => {
  const scene = sceneNamed(true);
  for (const at of places(scene)) {
    const files = filesOf(scene, flipped(scene.bytes, at), true);
    const seen = await look(scene, files);
    const lost = scene.records.length - seen.records.length;
    const isFrame = at >= headerBytes && at < scene.endOffset;
    assert.ok(lost === 0 || (isFrame && lost === 1), `byte ${at}: ${lost} lost`);
    const isCopyOfHeader = at < headerBytes || at >= scene.bytes.length - headerCopyBytes;
    const isPadding = at >= paddingOf(scene.bytes) && at < scene.bytes.length - trailerBytes;
    assert.equal(
      seen.codes.includes("damaged"),
      !isCopyOfHeader && !isPadding,
      `byte ${at}: ${seen.codes.join(" ")}`,
    );
    if (at % 11 === 0) await goOn(seen, files);
  }
});

test("what the index has, a damaged frame does not take: only bytes of mail are lost", async () => {
  const scene = sceneNamed(true);
  const ends = endsOf(scene);
  for (const [index, end] of ends.entries()) {
    const { records, codes } = await look(
      scene,
      filesOf(scene, flipped(scene.bytes, end - 1), true),
    );
    const isData = scene.records[index]?.event.type === "data";
    assert.equal(records.length, scene.records.length - (isData ? 1 : 0), `record ${index + 1}`);
    assert.ok(codes.includes("damaged"));
  }
});

test("a record whose bytes of mail are torn is none, also to a reader that leaves them out", async () => {
  const scene = sceneNamed(false);
  const ends = endsOf(scene);
  const isData = scene.records.findLastIndex(({ event }) => event.type === "data");
  const files = filesOf(scene, flipped(scene.bytes, (ends[isData] ?? 0) - 1), false);
  const reader = await openReader(files);
  const whole = await recordsOf(reader);
  const bare = await recordsOf(reader, { withoutData: true });
  assert.equal(whole.length, scene.records.length - 1);
  assert.deepEqual(
    bare.map(({ sequence }) => sequence),
    whole.map(({ sequence }) => sequence),
  );
});

test("a bit that flips in the position loses nothing, and says nothing wrong", async () => {
  const scene = sceneNamed(false);
  for (const at of scene.position.keys()) {
    const files = filesOf(scene, scene.bytes, false);
    files.put(positionName, flipped(scene.position, at));
    const seen = await look(scene, files);
    assert.deepEqual(seen.codes, ["unclean-stop"]);
    assert.equal(seen.records.length, scene.records.length);
    if (at % 11 === 0) await goOn(seen, files);
  }
});

test("frames that were swapped, repeated, or taken out of another segment are no records", async () => {
  const scene = sceneNamed(false);
  const ends = [headerBytes, ...endsOf(scene)];
  const frame = (index: number): Buffer => scene.bytes.subarray(ends[index], ends[index + 1]);
  const head = scene.bytes.subarray(0, headerBytes);
  const all = scene.records.map((_, index) => frame(index));
  const [one, two, three, ...rest] = all as [Buffer, Buffer, Buffer, ...Buffer[]];
  const other = await sceneOf(false);
  const foreign = other.bytes.subarray(ends[1], ends[2]);
  const attempts: readonly (readonly Buffer[])[] = [
    [one, three, two, ...rest],
    [one, two, two, three, ...rest],
    [one, three, ...rest],
    [one, foreign, three, ...rest],
    [two, one, three, ...rest],
  ];
  for (const [index, frames] of attempts.entries()) {
    const { codes } = await look(scene, filesOf(scene, Buffer.concat([head, ...frames]), true));
    assert.ok(codes.includes("damaged"), `attempt ${index}`);
  }
});

test("bytes that are no journal are refused or told of, and nothing worse", async () => {
  const scene = sceneNamed(false);
  for (let round = 0; round < 60; round++) {
    const length = Math.floor(random() * 12_000);
    const noise = Buffer.from(Array.from({ length }, () => Math.floor(random() * 256)));
    const bytes = round % 2 === 0 ? noise : Buffer.concat([scene.bytes, noise]);
    const files = filesOf(scene, bytes, true);
    if (round % 2 === 1)
      assert.equal((await look(scene, files)).records.length, scene.records.length);
    else await assert.rejects(openReader(files), { code: "journal.unreadable" });
  }
});

test("a newer format is not guessed at", async () => {
  const scene = sceneNamed(true);
  const bytes = Buffer.from(scene.bytes);
  for (const at of [8, headerCopyBytes + 8]) bytes.writeUInt32LE(2, at);
  bytes.fill(0, bytes.length - headerCopyBytes);
  const files = filesOf(scene, bytes, true);
  await assert.rejects(openReader(files), { code: "journal.unsupported" });
  await assert.rejects(openWriter(files), { code: "journal.unsupported" });
});

/** Where each frame ends. */
function endsOf({ bytes, records }: Scene): readonly number[] {
  const ends: number[] = [];
  let at = headerBytes;
  for (const _ of records) {
    at += frameOverheadBytes + bytes.readUInt32LE(at + 4) + bytes.readUInt32LE(at + 8);
    ends.push(at);
  }
  return ends;
}

/** Where the zeros before a trailer begin: where the directory ends, as the trailer says. */
function paddingOf(bytes: Buffer): number {
  const trailer = bytes.subarray(bytes.length - trailerBytes);
  return Number(trailer.readBigUInt64LE(32)) + trailer.readUInt32LE(40);
}

function flipped(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[at] = (copy[at] ?? 0) ^ (1 << (at % 8));
  return copy;
}
