import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Listing, ListingBuilder, type RawName, type RawPath } from "#image";
import { cachedFile, idOf, pseudoRandom } from "./repository.fixture.ts";
import {
  type FolderState,
  type ScanCache,
  ScanCacheWriter,
  type ScannedFolder,
  openScanCache,
} from "./scan-cache.ts";
import { type ScanFacts, encodeLaterFacts } from "./scan-facts.ts";

const facts: ScanFacts = {
  repositoryId: idOf(1).toString("hex"),
  snapshotId: idOf(2).toString("hex"),
  volumeId: "uuid:1234",
  indexIds: [idOf(3).toString("hex"), idOf(4).toString("hex")],
};

const uint32 = fc.integer({ min: 0, max: 0xffff_ffff });
const int64 = fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n });
const entry = fc.record({
  name: fc
    .uint8Array({ minLength: 1, maxLength: 30 })
    .map((bytes) => Buffer.from(bytes).toString("latin1") as RawName),
  mode: fc.integer({ min: 0, max: 0o7777 }),
  uid: uint32,
  gid: uint32,
  sizeBytes: fc.maxSafeNat(),
  mtimeNs: int64,
  ctimeNs: int64,
  inode: fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
  links: uint32,
  blobs: fc.integer({ min: 0, max: 3 }),
  flags: fc.integer({ min: 0, max: 15 }),
});
const folder = fc
  .uniqueArray(entry, { maxLength: 12, selector: ({ name }) => name })
  .map((entries): FolderState => {
    const sorted = entries.toSorted((a, b) => (a.name < b.name ? -1 : 1));
    const builder = new ListingBuilder();
    let end = 0;
    const idEnds = Uint32Array.from(sorted, ({ blobs }) => (end += blobs));
    for (const { blobs: _, flags: __, ...fields } of sorted)
      builder.add({ ...fields, type: "file", deviceId: 0n });
    const flags = Uint8Array.from(sorted, (one) => one.flags);
    return {
      treeId: idOf(end),
      listing: builder.build(),
      flags,
      idEnds,
      ids: pseudoRandom(end * 32, end),
    };
  });
const folders = fc.dictionary(fc.string({ unit: "binary-ascii", maxLength: 12 }), folder, {
  maxKeys: 5,
  noNullPrototype: true,
});

function fileOf(states: Readonly<Record<string, FolderState>>): Buffer {
  const writer = new ScanCacheWriter();
  for (const [path, state] of Object.entries(states)) writer.add(path as RawPath, state);
  return Buffer.concat([...writer.finish(facts)]);
}

function assertSame(found: ScannedFolder | undefined, state: FolderState): void {
  assert.ok(found !== undefined);
  const listing: Listing = state.listing;
  assert.deepEqual(found.names, listing.names);
  for (const column of [
    "inodes",
    "sizes",
    "mtimesNs",
    "ctimesNs",
    "modes",
    "uids",
    "gids",
    "links",
  ] as const) {
    assert.deepEqual([...found[column]], [...listing[column]], column);
  }
  for (const column of ["treeId", "flags", "idEnds", "ids"] as const) {
    assert.deepEqual([...found[column]], [...state[column]], column);
  }
}

test("what was written is read again", () => {
  fc.assert(
    fc.property(folders, (states) => {
      const scan = openScanCache(cachedFile(fileOf(states)))!;
      assert.deepEqual(scan.facts, facts);
      assert.deepEqual([...scan.paths].toSorted(), Object.keys(states).toSorted());
      for (const [path, state] of Object.entries(states))
        assertSame(scan.folder(path as RawPath), state);
      assert.equal(scan.folder("never seen at all" as RawPath), undefined);
    }),
  );
});

test("a file that lies anywhere in memory is read", () => {
  fc.assert(
    fc.property(folders, fc.integer({ min: 1, max: 15 }), (states, shift) => {
      const file = fileOf(states);
      const larger = Buffer.alloc(file.length + shift);
      file.copy(larger, shift);
      const scan = openScanCache(cachedFile(larger.subarray(shift)))!;
      for (const [path, state] of Object.entries(states))
        assertSame(scan.folder(path as RawPath), state);
    }),
  );
});

test("a section that is kept is the same in the next file", () => {
  fc.assert(
    fc.property(folders, (states) => {
      const scan = openScanCache(cachedFile(fileOf(states)))!;
      const writer = new ScanCacheWriter(scan);
      for (const path of Object.keys(states))
        writer.keep(path as RawPath, scan.folder(path as RawPath)!.place);
      const again = openScanCache(cachedFile(Buffer.concat([...writer.finish(facts)])))!;
      for (const [path, state] of Object.entries(states))
        assertSame(again.folder(path as RawPath), state);
    }),
  );
});

/** A damaged file is unreadable, or lacks folders, or says what the whole one says; it never says anything else. */
function assertNeverWrong(
  scan: ScanCache | undefined,
  states: Readonly<Record<string, FolderState>>,
): void {
  if (scan === undefined) return;
  for (const path of scan.paths) assert.ok(path in states);
  for (const [path, state] of Object.entries(states)) {
    const found = scan.folder(path as RawPath);
    if (found !== undefined) assertSame(found, state);
  }
}

test("damage at any place is never taken for what was seen", () => {
  fc.assert(
    fc.property(
      folders,
      fc.array(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 })), {
        minLength: 1,
        maxLength: 4,
      }),
      (states, damage) => {
        const file = fileOf(states);
        for (const [at, bits] of damage) file[at % file.length]! ^= bits;
        assertNeverWrong(openScanCache(cachedFile(file)), states);
      },
    ),
    { numRuns: 1500 },
  );
});

test("a file that is not one is closed, one that is stays open until it is not needed", () => {
  const closed: string[] = [];
  const watched = (name: string, bytes: Buffer) => ({
    ...cachedFile(bytes),
    [Symbol.dispose]: () => void closed.push(name),
  });
  openScanCache(watched("damaged", Buffer.alloc(100)));
  openScanCache(watched("empty", Buffer.alloc(0)));
  const scan = openScanCache(watched("whole", fileOf({})))!;
  assert.deepEqual(closed, ["damaged", "empty"]);
  scan[Symbol.dispose]();
  assert.deepEqual(closed, ["damaged", "empty", "whole"]);
});

test("a file that was cut short or goes on is not read", () => {
  const file = fc
    .sample(
      folders.filter((states) => Object.keys(states).length > 1),
      { numRuns: 1, seed: 5 },
    )
    .map(fileOf)[0]!;
  for (let length = 0; length < file.length; length++)
    assert.equal(openScanCache(cachedFile(file.subarray(0, length))), undefined);
  assert.equal(openScanCache(cachedFile(Buffer.concat([file, Buffer.alloc(8)]))), undefined);
});

test("facts that are damaged do not fit what they are compared with", () => {
  const file = fileOf({});
  const json = file.indexOf("{");
  const end = file.lastIndexOf("}");
  for (let at = json; at <= end; at++) {
    const damaged = Buffer.from(file);
    damaged[at]! ^= 1;
    const scan = openScanCache(cachedFile(damaged));
    // Either not read, or an ID differs, so that the scan is not trusted.
    if (scan !== undefined) assert.notDeepEqual(scan.facts, facts);
  }
});

test("facts written later count for the file that they name, and only whole", () => {
  const states = {};
  const file = fileOf(states);
  const later = { ...facts, snapshotId: idOf(9).toString("hex"), indexIds: [] };
  const { fileId } = openScanCache(cachedFile(file))!;
  const bytes = encodeLaterFacts(fileId, later);
  assert.deepEqual(openScanCache(cachedFile(file), bytes)?.facts, later);
  assert.deepEqual(
    openScanCache(cachedFile(file), encodeLaterFacts("another", later))?.facts,
    facts,
  );
  for (let at = 0; at < bytes.length; at++) {
    const damaged = Buffer.from(bytes);
    damaged[at]! ^= 0x01;
    assert.deepEqual(openScanCache(cachedFile(file), damaged)?.facts, facts, `byte ${at}`);
    assert.deepEqual(openScanCache(cachedFile(file), bytes.subarray(0, at))?.facts, facts);
  }
});

test("a writer that kept every folder says the same as the file, one that lost or changed a folder does not", () => {
  fc.assert(
    fc.property(folders, (states) => {
      const scan = openScanCache(cachedFile(fileOf(states)))!;
      const [whole, part, changed] = [1, 2, 3].map(() => new ScanCacheWriter()) as [
        ScanCacheWriter,
        ScanCacheWriter,
        ScanCacheWriter,
      ];
      for (const [n, path] of Object.keys(states).entries()) {
        const { place } = scan.folder(path as RawPath)!;
        whole.keep(path as RawPath, place);
        if (n > 0) part.keep(path as RawPath, place);
        if (n > 0) changed.keep(path as RawPath, place);
        else changed.add(path as RawPath, states[path]!);
      }
      assert.ok(whole.isSameAs(scan));
      if (Object.keys(states).length === 0) return;
      assert.ok(!part.isSameAs(scan));
      assert.ok(!changed.isSameAs(scan));
    }),
  );
});
