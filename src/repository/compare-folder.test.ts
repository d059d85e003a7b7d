import assert from "node:assert/strict";
import { test } from "node:test";
import { type Entry, type Listing, ListingBuilder, type RawName, type RawPath } from "#image";
import { compareFolder, isRacy, reusableContent } from "./compare-folder.ts";
import { isMessagePlace, messageBaseName, MovedFiles } from "./moved-files.ts";
import { cachedFile, idOf } from "./repository.fixture.ts";
import {
  type ScanCache,
  ScanCacheWriter,
  flagAttributes,
  flagIncomplete,
  flagRacy,
  openScanCache,
} from "./scan-cache.ts";

const message: Entry = {
  name: "1.M1.mx:2," as RawName,
  type: "file",
  mode: 0o600,
  uid: 1000,
  gid: 1000,
  sizeBytes: 100,
  mtimeNs: 1_000n,
  ctimeNs: 2_000n,
  inode: 7n,
  deviceId: 1n,
  links: 1,
};
type Change = Partial<Entry> & { readonly flags?: number };

function listingOf(entries: readonly Change[]): Listing {
  const builder = new ListingBuilder();
  for (const { flags: _, ...change } of entries) builder.add({ ...message, ...change });
  return builder.build();
}

/** What the last capture saw: folders with one blob a file. */
function scanOf(folders: Readonly<Record<string, readonly Change[]>>): ScanCache {
  const writer = new ScanCacheWriter();
  for (const [path, entries] of Object.entries(folders)) {
    const listing = listingOf(entries);
    writer.add(path as RawPath, {
      treeId: idOf(0),
      listing,
      flags: Uint8Array.from(
        listing.names,
        (name) => entries.find((one) => (one.name ?? message.name) === name)?.flags ?? 0,
      ),
      idEnds: Uint32Array.from(entries, (_, n) => n + 1),
      ids: Buffer.concat(entries.map((_, n) => idOf(n + 1))),
    });
  }
  const facts = { repositoryId: "", snapshotId: "", volumeId: "", indexIds: [] };
  return openScanCache(cachedFile(Buffer.concat([...writer.finish(facts)])))!;
}

/** The first of a listing, looked for under other paths. */
function found(scan: ScanCache | undefined, path: RawPath, listing: Listing) {
  return new MovedFiles(scan).find({ path, listing, here: 0, earlier: scan?.folder(path) });
}

type Outcome = "same" | "taken over" | "read";

/** What becomes of a file that was `earlier` at `from` and is `now` at `to`. */
function outcome({
  from,
  earlier = {},
  to,
  now,
}: {
  from: string;
  earlier?: Change;
  to?: string;
  now: Change;
}): Outcome {
  const folder = (to ?? from) as RawPath;
  const scan = scanOf({ [from]: [earlier], other: [] });
  const listing = listingOf([now]);
  const there = scan.folder(folder);
  const comparison = compareFolder(listing, there);
  if (comparison.same[0] === 1) return "same";
  const position = comparison.earlier[0] as number;
  if (
    position >= 0 &&
    there !== undefined &&
    reusableContent(listing, 0, { earlier: there, there: position }) !== undefined
  ) {
    return "taken over";
  }
  return found(scan, folder, listing) === undefined ? "read" : "taken over";
}

const cases: readonly (readonly [
  what: string,
  expected: Outcome,
  of: Parameters<typeof outcome>[0],
])[] = [
  ["nothing changed", "same", { from: "cur", now: {} }],
  [
    "a flag was set",
    "taken over",
    { from: "cur", now: { name: "1.M1.mx:2,S" as RawName, ctimeNs: 3_000n } },
  ],
  [
    "a message went from new to cur",
    "taken over",
    {
      from: "new",
      earlier: { name: "1.M1.mx" as RawName },
      to: "cur",
      now: { name: "1.M1.mx:2,S" as RawName, ctimeNs: 3_000n },
    },
  ],
  [
    "a message was moved to another mailbox",
    "taken over",
    { from: ".A/cur", to: ".B/cur", now: { ctimeNs: 3_000n } },
  ],
  ["the folder above was renamed", "taken over", { from: ".Old/x", to: ".New/x", now: {} }],
  ["a folder of messages was renamed", "taken over", { from: ".Old/cur", to: ".New/cur", now: {} }],
  ["the mode was changed", "read", { from: "cur", now: { mode: 0o640, ctimeNs: 3_000n } }],
  ["only the owner differs, ctime does not", "taken over", { from: "cur", now: { uid: 5 } }],
  [
    "expunge and append reused inode, size and mtime under another name",
    "read",
    { from: "cur", now: { name: "2.M2.mx:2," as RawName, ctimeNs: 3_000n } },
  ],
  [
    "expunge and append reused them in another mailbox",
    "read",
    { from: ".A/cur", to: ".B/cur", now: { name: "2.M2.mx:2," as RawName, ctimeNs: 3_000n } },
  ],
  [
    "expunge and append gave even the same ctime",
    "read",
    { from: "cur", now: { name: "2.M2.mx:2," as RawName } },
  ],
  [
    "a file was rewritten in place and its mtime set back",
    "read",
    { from: "mailboxes/INBOX", now: { ctimeNs: 3_000n } },
  ],
  [
    "a message was rewritten in place and its mtime set back",
    "read",
    { from: "cur", now: { ctimeNs: 3_000n } },
  ],
  [
    "a file that is no message was renamed",
    "read",
    {
      from: "storage",
      earlier: { name: "m.1" as RawName },
      now: { name: "m.2" as RawName, ctimeNs: 3_000n },
    },
  ],
  [
    "a file that is no message was moved, which moves ctime",
    "read",
    { from: "storage", to: "other", now: { ctimeNs: 3_000n } },
  ],
  [
    "a message came from a folder that holds no messages",
    "read",
    { from: "tmp", to: "cur", now: { ctimeNs: 3_000n } },
  ],
  ["the size differs", "read", { from: "cur", now: { sizeBytes: 101 } }],
  ["the mtime differs", "read", { from: "cur", now: { mtimeNs: 1_001n } }],
  ["the inode differs", "read", { from: "cur", now: { inode: 8n } }],
  [
    "the inode differs and a flag was set",
    "read",
    { from: "cur", now: { inode: 8n, name: "1.M1.mx:2,S" as RawName } },
  ],
  [
    "it changed too shortly before it was looked at",
    "read",
    { from: "cur", earlier: { flags: flagRacy }, now: {} },
  ],
  [
    "the same, and then a flag was set",
    "read",
    {
      from: "cur",
      earlier: { flags: flagRacy },
      now: { name: "1.M1.mx:2,S" as RawName, ctimeNs: 3_000n },
    },
  ],
  [
    "it could not be read whole last time",
    "read",
    { from: "cur", earlier: { flags: flagIncomplete }, now: {} },
  ],
  [
    "the same, and then it was moved",
    "read",
    { from: ".A/cur", earlier: { flags: flagIncomplete }, to: ".B/cur", now: { ctimeNs: 3_000n } },
  ],
  [
    "it has attributes and nothing changed",
    "same",
    { from: "cur", earlier: { flags: flagAttributes }, now: {} },
  ],
  ["another hard link was made", "taken over", { from: "cur", now: { links: 2 } }],
];

for (const [what, expected, of] of cases) {
  test(`where ${what}, the content is ${expected === "read" ? "read again" : expected === "same" ? "kept" : "taken over"}`, () => {
    assert.equal(outcome(of), expected);
  });
}

test("a symbolic link in a file's place is no file's content", () => {
  const scan = scanOf({ cur: [{ type: "symlink" }] });
  assert.equal(
    found(scan, "cur" as RawPath, listingOf([{ name: "1.M1.mx:2,S" as RawName }])),
    undefined,
  );
});

test("a folder with an entry more, less or changed is not all the same", () => {
  const names = ["a", "b", "c"].map((name, n) => ({ name: name as RawName, inode: BigInt(n + 1) }));
  const earlier = scanOf({ f: names }).folder("f" as RawPath);
  const allSame = (entries: readonly Change[]): boolean =>
    compareFolder(listingOf(entries), earlier).allSame;
  assert.equal(allSame(names), true);
  assert.equal(allSame(names.slice(1)), false);
  assert.equal(allSame([...names, { name: "d" as RawName }]), false);
  assert.equal(allSame(names.map((one, n) => (n === 1 ? { ...one, mtimeNs: 5n } : one))), false);
  assert.equal(
    allSame(names.map((one, n) => (n === 2 ? { ...one, name: "cc" as RawName } : one))),
    false,
  );
  assert.deepEqual(
    [...compareFolder(listingOf([{ name: "0" as RawName }, ...names.slice(1)]), earlier).earlier],
    [-1, 1, 2],
  );
  assert.equal(compareFolder(listingOf(names), undefined).allSame, false);
});

test("content that is taken over is that of the file it was", () => {
  const names = ["1.A:2,", "2.B:2,", "3.C:2,"].map((name, n) => ({
    name: name as RawName,
    inode: BigInt(n + 1),
  }));
  const moved = scanOf({ "x/cur": names });
  for (const [n, one] of names.entries()) {
    const content = found(moved, "y/cur" as RawPath, listingOf([{ ...one, ctimeNs: 9n }]));
    assert.deepEqual(Buffer.from(content!.ids), idOf(n + 1));
  }
});

test("of several names of one inode, the one that fits counts", () => {
  const scan = scanOf({
    "a/cur": [{ name: "1.M1.mx:2,S" as RawName }],
    "b/cur": [{ name: "other" as RawName }, { name: "symlink" as RawName, type: "symlink" }],
  });
  const listing = listingOf([{ ctimeNs: 9n }]);
  assert.notEqual(found(scan, "c/cur" as RawPath, listing), undefined);
  const other = listingOf([{ name: "9.M9.mx" as RawName, ctimeNs: 9n }]);
  assert.equal(found(scan, "c/cur" as RawPath, other), undefined);
});

test("inodes that are far apart are found among thousands in a row", () => {
  const names = Array.from({ length: 5000 }, (_, n) => ({
    name: `${String(n).padStart(5, "0")}.mx` as RawName,
    inode: BigInt(n) + (n % 2 === 0 ? 0n : 1n << 33n),
  }));
  const scan = scanOf({ "a/cur": names });
  const moved = new MovedFiles(scan);
  for (const n of [0, 1, 2, 2499, 4998, 4999]) {
    const listing = listingOf([{ ...names[n], ctimeNs: 9n }]);
    const sought = { path: "b/cur" as RawPath, listing, here: 0, earlier: undefined };
    assert.deepEqual(Buffer.from(moved.find(sought)!.ids), idOf(n + 1));
    assert.equal(
      moved.find({ ...sought, listing: listingOf([{ ...names[n], inode: 1n << 40n }]) }),
      undefined,
    );
  }
});

test("nothing is found without an earlier scan", () => {
  assert.equal(found(undefined, "cur" as RawPath, listingOf([{}])), undefined);
});

test("a Maildir name's base is what stands before the flags", () => {
  assert.equal(messageBaseName("1700.M1P2.mx,S=3:2,RS"), "1700.M1P2.mx,S=3");
  assert.equal(messageBaseName("1700.M1P2.mx"), "1700.M1P2.mx");
  assert.deepEqual(
    ["cur", "a/new", "", "tmp", "cur/x", "mycur"].map((path) => isMessagePlace(path as RawPath)),
    [true, true, false, false, false, false],
  );
});

test("a change is racy within a tick, or within 2.5 s on a clock of whole seconds", () => {
  const second = 1_000_000_000n;
  assert.equal(isRacy(10n * second + 1n, 0n, 10n * second + 20_000_000n), true);
  assert.equal(isRacy(10n * second + 1n, 0n, 10n * second + 60_000_000n), false);
  assert.equal(isRacy(10n * second, 9n * second, 12n * second), true);
  assert.equal(isRacy(10n * second, 9n * second, 13n * second), false);
  // From the future: the clock was set back, nothing is sure.
  assert.equal(isRacy(20n * second + 1n, 0n, 10n * second), true);
});
