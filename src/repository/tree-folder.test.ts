import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Entry, type EntryType, entryTypes, ListingBuilder, type RawName } from "#image";
import { NodeScanner } from "./node-scanner.ts";
import { idOf } from "./repository.fixture.ts";
import { assertSameFolder } from "./tree-folder.fixture.ts";
import { readTreeFolder, scannedFolder } from "./tree-folder.ts";
import { encodeNode, encodeTree, nodeRecordOf } from "./tree.ts";

const id = idOf(1).toString("hex");
const message =
  '{"name":"1700000000.M1P2.host,S=3:2,S","type":"file","mode":384,"mtime":"2023-11-14T22:13:20.123456789Z","atime":"2023-11-14T22:13:20Z","ctime":"2023-11-15T00:13:20.5+02:00","uid":1000,"gid":100,"user":"alice","group":"users","inode":12345678901,"device_id":65025,"size":3,"links":2,"content":["' +
  `${id}","${id}"]}`;
const tree = (...nodes: readonly string[]): Buffer =>
  Buffer.from(`{"nodes":[${nodes.join(",")}]}\n`);
const named = (name: string, from = message): string =>
  from.replace("1700000000.M1P2.host,S=3:2,S", name);

/** Where scanning a node by itself ends. */
function scanned(node: string): number {
  return new NodeScanner(Buffer.from(node), new ListingBuilder(), {
    users: new Map(),
    groups: new Map(),
  }).scan(0);
}

test("messages as restic, rustic and we write them are scanned", () => {
  const variants = [
    message,
    named(".hidden"),
    named("..."),
    message.replace(',"mode":384', ""),
    message.replace(',"user":"alice","group":"users"', ""),
    message.replace(',"device_id":65025', ""),
    message.replace(',"size":3', "").replace(`"${id}","${id}"`, ""),
    message.replace("2023-11-14T22:13:20.123456789Z", "1970-01-01T00:00:00Z"),
    message.replace("2023-11-14T22:13:20.123456789Z", "2261-12-31T23:59:59.999999999-23:59"),
    message.replace("2023-11-14T22:13:20.123456789Z", "2024-02-29T01:00:00.1-05:30"),
  ];
  for (const variant of variants) {
    assert.equal(scanned(variant), variant.length, variant);
    assertSameFolder(tree(variant));
    assertSameFolder(tree(named("1"), variant, named("zz")));
  }
});

test("what is not written so is left to the parser, and means the same", () => {
  const variants = [
    named(""),
    named("."),
    named(".."),
    named("a/b"),
    named("\u00e9"),
    named("\\u0026"),
    named("\\\\n"),
    named("x".repeat(256)),
    message.replace("384", "0384"),
    message.replace("384", "-0"),
    message.replace("384", "1e2"),
    message.replace("384", "9999999999999999999"),
    message.replace("12345678901", "18446744073709551615"),
    message.replace("12345678901", '"77"'),
    message.replace("1000", "10000000000"),
    message.replace("alice", ""),
    message.replace("alice", "\u00e4"),
    message.replace("2023-11-14T22:13:20.123456789Z", "2023-02-29T22:13:20Z"),
    message.replace("2023-11-14T22:13:20.123456789Z", "20x5-01-01T00:00:00Z"),
    message.replace("2023-11-14T22:13:20.123456789Z", "2023-13-14T22:13:20Z"),
    message.replace("2023-11-14T22:13:20.123456789Z", "1969-12-31T23:59:59Z"),
    message.replace("2023-11-14T22:13:20.123456789Z", "2262-01-01T00:00:00Z"),
    message.replace("2023-11-14T22:13:20.123456789Z", "2023-11-14T24:00:00Z"),
    message.replace("2023-11-14T22:13:20.123456789Z", "2023-11-14T22:13:20"),
    message.replace("2023-11-14T22:13:20.123456789Z", "2023-11-14T22:13:20.1234567890Z"),
    message.replace("2023-11-14T22:13:20.123456789Z", "2023-11-14T22:13:20.Z"),
    message.replace(id, id.toUpperCase().replaceAll("0", "A")),
    message.replace(id, id.slice(1)),
    message.replace(`["${id}","${id}"]`, "null"),
    message.replace(`["${id}","${id}"]`, `["${id}",]`),
    message.replace('"file"', '"socket"'),
    message.replace('"links":2', '"links":2,"links":3'),
    message.replace(',"type"', ', "type"'),
  ];
  for (const variant of variants) {
    assert.equal(scanned(variant), -1, variant);
    assertSameFolder(tree(variant));
    assertSameFolder(tree(named("1"), variant, named("zz")));
  }
});

test("a date that is none is none each time", () => {
  const wrong = (name: string): string =>
    named(name, message.replace("2023-11-14T22:13:20.123", "2023-02-29T22:13:20.123"));
  assertSameFolder(tree(wrong("a"), wrong("b"), named("c"), wrong("d")));
});

test("trees that are written in another way are read as before", () => {
  for (const text of [
    '{"nodes":[]}',
    '{"nodes":[]}\n',
    '{"nodes":null}\n',
    '{"nodes":[]} ',
    '{"nodes":[]}\n\n',
    '{"nodes":[],"nodes":[]}',
    `{ "nodes":[${message}]}`,
    `{"nodes":[${message}],"more":1}`,
    `{"nodes":[${message},]}`,
    `{"nodes":[${message}`,
    `{"nodes":[${message}}`,
    `{"nodes":[${message}]`,
    `{"nodes":[${message}]}x`,
    `{"nodes":[${message} ,${named("2")}]}`,
    "",
    "{}",
    "[]",
  ])
    assertSameFolder(Buffer.from(text));
});

test("names out of order, and twice, are read as before", () => {
  assertSameFolder(tree(named("b"), named("a"), named("c")));
  assertSameFolder(tree(named("a"), named("a")));
});

test("owners with one number and several names are read as before", () => {
  const other = message.replace("alice", "bob");
  const without = message.replace(',"user":"alice"', "");
  const folder = message.replace('"file"', '"dir"').replace('"user":"alice",', "");
  for (const second of [other, without, folder]) {
    assertSameFolder(tree(named("a"), named("b", second)));
    assertSameFolder(tree(named("a", second), named("b")));
  }
});

test("more names than are put together at once keep their places", () => {
  const names = Array.from({ length: 3000 }, (_, n) => String(n + 10_000));
  const nodes = names.map((name, n) =>
    n % 700 === 5 ? named(name, message.replace('"file"', '"fifo"')) : named(name),
  );
  const folder = scannedFolder(tree(...nodes), "tree");
  assert.deepEqual(folder?.listing.names, names);
  assertSameFolder(tree(...nodes));
});

const entry: fc.Arbitrary<Entry> = fc
  .record({
    name: fc.oneof(
      fc.stringMatching(/^[0-9]{1,4}\.[A-Z][0-9]{1,3}(:2,S)?$/),
      fc
        .uint8Array({ minLength: 1, maxLength: 6 })
        .map((bytes) => Buffer.from(bytes).toString("latin1")),
    ) as fc.Arbitrary<RawName>,
    type: fc.oneof(
      { weight: 8, arbitrary: fc.constant<EntryType>("file") },
      fc.constantFrom(...entryTypes),
    ),
    mode: fc.constantFrom(0o600, 0o644, 0o4755, 0),
    uid: fc.constantFrom(0, 1000, 0xffff_ffff),
    gid: fc.constantFrom(0, 100),
    user: fc.constantFrom("vmail", "vmail", "vmail", "\u00e4", ""),
    sizeBytes: fc.oneof(fc.nat(), fc.maxSafeNat()),
    mtimeNs: fc.oneof(
      fc.bigInt({ min: 0n, max: 1n << 62n }),
      fc.bigInt({ min: -(1n << 62n), max: 1n << 62n }),
    ),
    ctimeNs: fc.bigInt({ min: 1_600_000_000_000_000_000n, max: 1_800_000_000_000_000_000n }),
    inode: fc.oneof(
      fc.bigInt({ min: 0n, max: 1n << 40n }),
      fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
    ),
    deviceId: fc.bigInt({ min: 0n, max: 1n << 20n }),
    links: fc.integer({ min: 0, max: 3 }),
  })
  .map((fields) =>
    fields.type === "symlink" ? { ...fields, linkTarget: fields.name as never } : fields,
  );

test("any tree, and any tree with bytes changed, is read as the general parser reads it", () => {
  const change = fc.record({
    at: fc.nat(),
    remove: fc.nat(2),
    insert: fc.constantFrom(
      "",
      "0",
      "1",
      "9",
      ",",
      '"',
      "}",
      "]",
      "{",
      "\\",
      " ",
      "e",
      "-",
      "T",
      "Z",
      ".",
      "\xc3",
    ),
  });
  let scannedTrees = 0;
  fc.assert(
    fc.property(
      fc.array(entry, { maxLength: 5 }),
      fc.array(change, { maxLength: 2 }),
      (entries, changes) => {
        const nodes = entries
          .toSorted((a, b) => (a.name < b.name ? -1 : 1))
          .map((one) =>
            encodeNode(
              nodeRecordOf(one, {
                ...(one.type === "file" ? { blobs: [id] } : {}),
                ...(one.type === "directory" ? { subtree: id } : {}),
              }),
            ),
          );
        let text = encodeTree(nodes).toString("latin1");
        for (const { at, remove, insert } of changes) {
          const place = at % (text.length + 1);
          text = text.slice(0, place) + insert + text.slice(place + remove);
        }
        const bytes = Buffer.from(text, "latin1");
        if (entries.length > 1 && isScanned(bytes)) scannedTrees++;
        assertSameFolder(bytes);
      },
    ),
    { numRuns: 1500 },
  );
  assert.ok(scannedTrees > 150, `only ${scannedTrees} trees were scanned`);
});

function isScanned(bytes: Buffer): boolean {
  try {
    return scannedFolder(bytes, "tree") !== undefined;
  } catch {
    return false;
  }
}

test("the bytes of a tree that is read are enough for its records later", () => {
  const folder = readTreeFolder(tree(named("a"), named("b")), "tree");
  assert.equal(folder.record(1)?.quotedName, "b");
  assert.equal(folder.record(-1), undefined);
  assert.equal(folder.record(2), undefined);
});
