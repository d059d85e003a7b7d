import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  type Entry,
  type ExtendedAttribute,
  ListingBuilder,
  type RawName,
  type RawPath,
  entryTypes,
} from "#image";
import { encodeNode, encodeTree, nodeRecordOf } from "./tree.ts";
import { type FolderContent, TreeEncoder } from "./tree-encoder.ts";

type Item = {
  readonly entry: Entry;
  readonly blobs: Uint8Array;
  readonly attributes: readonly ExtendedAttribute[];
  readonly isDropped: boolean;
};

/** Most are such as a Maildir has; some have what must be escaped, any byte but "/" and NUL. */
const names = fc.oneof(
  fc.nat(99_999).map((n) => `1700000000.M${n}P2.host,S=3:2,S`),
  fc.string({
    unit: fc.integer({ min: 1, max: 255 }).map((code) => String.fromCharCode(code)),
    minLength: 1,
    maxLength: 40,
  }),
  fc.string({ unit: "grapheme", minLength: 1 }).map((text) => Buffer.from(text).toString("latin1")),
);
const times = fc.oneof(
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.integer({ min: -5, max: 2 ** 31 }).map((second) => BigInt(second) * 1_000_000_000n),
  fc.integer({ min: -20_000, max: 20_000 }).map((day) => BigInt(day) * 86_400_000_000_000n),
  fc
    .tuple(fc.integer(), fc.constantFrom(-1n, 1n, 10n, 999_999_999n, 500_000_000n))
    .map(([second, fraction]) => BigInt(second) * 1_000_000_000n + fraction),
);
const words = fc.oneof(
  fc.constantFrom(0n, 1n, 9n, 10n, 2n ** 31n, 2n ** 32n, 2n ** 53n - 1n, 2n ** 53n, 2n ** 64n - 1n),
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  fc.nat().map(BigInt),
);
const numbers = fc.oneof(fc.constantFrom(0, 1, 2, 0xffff_ffff), fc.nat(0xffff_ffff));
const sizes = fc.oneof(fc.constantFrom(0, 9, 10, 2 ** 31, 2 ** 53 - 1), fc.maxSafeNat(), fc.nat());
const owner = fc.option(fc.constantFrom("alice", "bücher", "a&b", ""), { nil: undefined });

const items: fc.Arbitrary<Item> = fc
  .record({
    name: names.filter((name) => !/[/\0]/.test(name)),
    type: fc.oneof(
      { weight: 4, arbitrary: fc.constant("file" as const) },
      fc.constantFrom(...entryTypes),
    ),
    mode: fc.nat(0o7777),
    // Few, as on a server: the same owner comes again, and another one between.
    uid: fc.constantFrom(0, 1000, 1001, 0xffff_ffff),
    gid: fc.constantFrom(0, 100),
    mtimeNs: times,
    ctimeNs: times,
    inode: words,
    deviceId: words,
    links: numbers,
    sizeBytes: sizes,
    user: fc.oneof({ weight: 5, arbitrary: fc.constant(undefined) }, owner),
    linkTarget: fc.option(names, { nil: undefined }),
    blobs: fc.uint8Array({ maxLength: 3 * 32 }).map((bytes) => bytes.slice(0, bytes.length & ~31)),
    attributes: fc.oneof(
      { weight: 5, arbitrary: fc.constant([]) },
      fc.array(fc.record({ name: fc.string(), value: fc.uint8Array({ maxLength: 9 }) })),
    ),
    isDropped: fc.oneof({ weight: 5, arbitrary: fc.constant(false) }, fc.boolean()),
  })
  .map(({ name, user, linkTarget, blobs, attributes, isDropped, ...entry }) => ({
    entry: {
      ...entry,
      name: name as RawName,
      ...(user === undefined ? {} : { user }),
      ...(linkTarget === undefined || entry.type !== "symlink"
        ? {}
        : { linkTarget: linkTarget as RawPath }),
    },
    blobs: entry.type === "directory" ? new Uint8Array(32).fill(entry.mode) : blobs,
    attributes,
    isDropped,
  }));

const userNames = new Map([
  [0, "root"],
  [1000, "Jürgen <j>"],
]);

function folderOf(all: readonly Item[]): FolderContent {
  const builder = new ListingBuilder({
    userOf: (uid) => userNames.get(uid),
    groupOf: (gid) => (gid === 100 ? "users" : undefined),
  });
  for (const { entry } of all) builder.add(entry);
  const listing = builder.build();
  const byName = new Map(all.map((item) => [item.entry.name, item]));
  const sorted = listing.names.map((name) => byName.get(name) as Item);
  let end = 0;
  const idEnds = Uint32Array.from(sorted, ({ blobs }) => (end += blobs.length / 32));
  const ids = Buffer.concat(sorted.map(({ blobs }) => blobs));
  const withAttributes = [...sorted.entries()].filter(([, item]) => item.attributes.length > 0);
  const dropped = [...sorted.entries()].filter(([, item]) => item.isDropped);
  return {
    listing,
    idEnds,
    ids,
    attributes: new Map(withAttributes.map(([at, item]) => [at, item.attributes])),
    dropped: new Set(dropped.map(([at]) => at)),
  };
}

/** Node by node, as everything but a capture's folders is encoded. */
function encodeByNodes(folder: FolderContent): Buffer {
  const { listing, idEnds, ids, attributes, dropped } = folder;
  const nodes: string[] = [];
  for (const [at, entry] of [...listing].entries()) {
    if (dropped.has(at)) continue;
    const from = at === 0 ? 0 : (idEnds[at - 1] as number);
    const hex = Buffer.from(ids.subarray(from * 32, (idEnds[at] as number) * 32)).toString("hex");
    const own = attributes.get(at) ?? [];
    const content =
      entry.type === "directory" ? { subtree: hex } : { blobs: hex.match(/.{64}/g) ?? [] };
    nodes.push(encodeNode(nodeRecordOf(entry, { ...content, attributes: own })));
  }
  return encodeTree(nodes);
}

test("the tree of any folder is what its nodes one by one give", () => {
  const encoder = new TreeEncoder();
  fc.assert(
    fc.property(
      fc.uniqueArray(items, { selector: ({ entry }) => entry.name, maxLength: 12 }),
      (all) => {
        const folder = folderOf(all);
        assert.equal(
          Buffer.from(encoder.encode(folder)).toString("latin1"),
          encodeByNodes(folder).toString("latin1"),
        );
      },
    ),
    { numRuns: 2000 },
  );
});

const message: Entry = {
  name: "1700000000.M1P2.host,S=3:2,S" as RawName,
  type: "file",
  mode: 0o640,
  uid: 1000,
  gid: 100,
  sizeBytes: 3,
  mtimeNs: 1_700_000_000_123_456_789n,
  ctimeNs: 1_700_000_001_000_000_000n,
  inode: 1n,
  deviceId: 65_025n,
  links: 1,
};

function item(entry: Entry): Item {
  return { entry, blobs: new Uint8Array(32).fill(7), attributes: [], isDropped: false };
}

test("a folder that needs more memory than any before it, and the next one, are encoded whole", () => {
  const encoder = new TreeEncoder();
  const number = (n: number): string => String(n).padStart(6, "0");
  const many = Array.from({ length: 30_000 }, (_, n) =>
    item({ ...message, name: `${number(n)}.host` as RawName, inode: BigInt(n) }),
  );
  // Its escapes take four times its length.
  const long = item({ ...message, name: "\x01".repeat(255) as RawName });
  const large = folderOf([...many, long]);
  assert.ok(Buffer.from(encoder.encode(large)).equals(encodeByNodes(large)));
  const small = folderOf([long, item(message)]);
  assert.ok(Buffer.from(encoder.encode(small)).equals(encodeByNodes(small)));
});

test("a tree stays as it is when the encoder goes on", () => {
  const encoder = new TreeEncoder();
  const first = encoder.encode(folderOf([item(message)]));
  const before = Buffer.from(first);
  encoder.encode(
    folderOf([item({ ...message, uid: 7 }), item({ ...message, name: "b" as RawName })]),
  );
  assert.ok(before.equals(first));
});
