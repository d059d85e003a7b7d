import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { RawName } from "#image";
import { goJsonString, goQuote } from "./go-json.ts";
import {
  entryOfNode,
  findNode,
  isSafeName,
  listingOfNodes,
  parseTree,
  treeReferences,
} from "./parse-tree.ts";
import { idOf } from "./repository.fixture.ts";
import { type NodeRecord, encodeNode, encodeTree } from "./tree.ts";

const id = idOf(1).toString("hex");
const times =
  '"mtime":"2023-11-14T22:13:20Z","atime":"2023-11-14T22:13:20Z","ctime":"2023-11-14T22:13:20Z"';
const node = (name: string, more = '"content":[]'): string =>
  `{"name":${JSON.stringify(name)},"type":"file","mode":384,${times},"uid":0,"gid":0,${more}}`;
const tree = (...nodes: readonly string[]): Buffer =>
  Buffer.from(`{"nodes":[${nodes.join(",")}]}\n`);

const namedRecord = (raw: string): NodeRecord => ({
  quotedName: goQuote(raw),
  type: "file",
  mode: 0o600,
  mtime: "2023-11-14T22:13:20Z",
  uid: 0,
  gid: 0,
  user: '{"name":"trap",',
  content: [id],
});
const rawName = fc
  .oneof(
    fc.uint8Array({ minLength: 1, maxLength: 12 }),
    fc
      .constantFrom('","name":"x', '{"name":"a",', "a\\", '"', "}", "{", "\\u0041", "name")
      .map((text) => Buffer.from(text)),
  )
  .map((bytes) => Buffer.from(bytes).toString("latin1"));

test("findNode() finds what the whole tree has, and nothing else", () => {
  fc.assert(
    fc.property(fc.uniqueArray(rawName, { maxLength: 10 }), rawName, (names, other) => {
      const sorted = names.toSorted((a, b) => (a < b ? -1 : 1));
      const bytes = encodeTree(sorted.map((name) => encodeNode(namedRecord(name))));
      const parsed = parseTree(bytes, "tree");
      for (const name of [...names, other, "trap"]) {
        const found = findNode(bytes, goJsonString(goQuote(name)), "tree");
        assert.deepEqual(
          found,
          parsed.find((record) => record.quotedName === goQuote(name)),
        );
      }
    }),
    { numRuns: 500 },
  );
});

test("treeReferences() names what the nodes of a tree need, whatever their names are", () => {
  const subtree = idOf(2).toString("hex");
  fc.assert(
    fc.property(fc.uniqueArray(rawName, { maxLength: 10 }), (names) => {
      const sorted = names.toSorted((a, b) => (a < b ? -1 : 1));
      const records = sorted.map((name, n): NodeRecord => {
        const record = namedRecord(name);
        return n % 3 === 0 ? { ...record, type: "dir", content: null, subtree } : record;
      });
      const bytes = encodeTree(records.map((record) => encodeNode(record)));
      const parsed = parseTree(bytes, "tree");
      assert.deepEqual(treeReferences(bytes, "tree"), {
        contents: parsed.flatMap(({ content }) => content ?? []),
        subtrees: parsed.flatMap((record) => record.subtree ?? []),
        isNamed: true,
      });
    }),
  );
});

test("treeReferences() does not take what is no tree for an empty one", () => {
  for (const text of [
    "",
    "[]",
    "{}",
    '{"nodes":{}}',
    '{"nodes":[7]}',
    '{"nodes":[{"content":["x"]}]}',
    '{"nodes":[{"subtree":"x"}]}',
    '{"nodes":[',
  ])
    assert.throws(
      () => treeReferences(Buffer.from(text), "tree"),
      { code: "repository.damaged" },
      text,
    );
  assert.deepEqual(treeReferences(Buffer.from('{"nodes":null}'), "tree"), {
    contents: [],
    subtrees: [],
    isNamed: true,
  });
  for (const text of ['{"nodes":[{"name":"x"}]}', '{"nodes":[{"type":"file"}]}']) {
    assert.throws(() => parseTree(Buffer.from(text), "tree"), { code: "repository.damaged" }, text);
    assert.equal(treeReferences(Buffer.from(text), "tree").isNamed, false, text);
  }
});

test("findNode() reads only the node, whatever the rest of the tree is", () => {
  const bytes = Buffer.concat([
    tree(node("a"), node("b", `"content":["${id}"]`)).subarray(0, -4),
    Buffer.from("garbage"),
  ]);
  assert.deepEqual(findNode(bytes, '"a"', "tree")?.content, []);
  assert.throws(() => parseTree(bytes, "tree"), { code: "repository.damaged" });
});

test("numbers beyond 2^53 keep every digit", () => {
  const bytes = tree(
    node(
      "a",
      '"inode":18446744073709551615,"device_id":9007199254740993,"size":9007199254740991,"links":1,"content":[]',
    ),
  );
  const [record] = parseTree(bytes, "tree");
  assert.deepEqual([record?.inode, record?.deviceId], ["18446744073709551615", "9007199254740993"]);
  assert.deepEqual(
    [entryOfNode(record!)?.inode, entryOfNode(record!)?.sizeBytes],
    [18_446_744_073_709_551_615n, 2 ** 53 - 1],
  );
  assert.deepEqual(findNode(bytes, '"a"', "tree"), record);
});

test("numbers that are none are taken as absent", () => {
  for (const value of [
    "-1",
    "1.5",
    "1e400",
    '"text"',
    "null",
    "[]",
    "123456789012345678901234567890",
  ]) {
    const [record] = parseTree(tree(node("a", `"inode":${value},"content":[]`)), "tree");
    assert.equal(record?.inode, undefined, value);
    assert.equal(entryOfNode(record!)?.inode, 0n);
  }
});

test("what is not a tree is damaged", () => {
  const hostile = [
    "",
    "not json",
    "5",
    "null",
    "[]",
    "{}",
    '{"nodes":{}}',
    '{"nodes":[1]}',
    '{"nodes":[null]}',
    '{"nodes":[[]]}',
    '{"nodes":[{}]}',
    '{"nodes":[{"name":"a"}]}',
    '{"nodes":[{"name":5,"type":"file"}]}',
    '{"nodes":[{"name":"a","type":7}]}',
    `{"nodes":[${node("a", '"content":"x"')}]}`,
    `{"nodes":[${node("a", '"content":[1]')}]}`,
    `{"nodes":[${node("a", '"content":["short"]')}]}`,
    `{"nodes":[${node("a", '"content":null,"subtree":"../../etc"')}]}`,
  ];
  for (const text of hostile) {
    assert.throws(() => parseTree(Buffer.from(text), "tree"), { code: "repository.damaged" }, text);
  }
});

test("a tree without nodes is empty", () => {
  assert.deepEqual(parseTree(Buffer.from('{"nodes":null}\n'), "tree"), []);
  assert.deepEqual(parseTree(Buffer.from('{"nodes":[]}\n'), "tree"), []);
});

test("nesting without end is refused without a deep recursion of ours", () => {
  const deep = `{"nodes":[${node("a", `"content":[],"x":${"[".repeat(200_000)}${"]".repeat(200_000)}`)}]}`;
  const unclosed = Buffer.from(`{"nodes":[{"name":"a",${'"x":{'.repeat(100_000)}`);
  assert.throws(() => parseTree(unclosed, "tree"), { code: "repository.damaged" });
  assert.equal(findNode(unclosed, '"a"', "tree"), undefined);
  try {
    assert.equal(parseTree(Buffer.from(deep), "tree").length, 1);
  } catch (error) {
    assert.equal((error as { code?: unknown }).code, "repository.damaged");
  }
});

const harmful = [
  "",
  ".",
  "..",
  "a/b",
  "/",
  "../x",
  "a\\x00b",
  "\\x2e\\x2e",
  "a\\u002fb",
  "bad\\",
  "bad\\q",
];
for (const name of harmful) {
  test(`an entry named ${JSON.stringify(name)} is left out and reported`, () => {
    const nodes = parseTree(tree(node(name), node("good")), "tree");
    const unsafe: string[] = [];
    const { listing, records } = listingOfNodes(nodes, (record) => unsafe.push(record.quotedName));
    assert.deepEqual(listing.names, ["good"]);
    assert.deepEqual(
      records.map((record) => record.quotedName),
      ["good"],
    );
    assert.deepEqual(unsafe, [name]);
  });
}

test("an entry of an unknown type is left out and reported", () => {
  for (const type of ["irregular", "", "__proto__", "constructor"]) {
    const [record] = parseTree(tree(node("a").replace('"file"', JSON.stringify(type))), "tree");
    assert.equal(entryOfNode(record!), undefined);
  }
});

test("prototype names are names like others", () => {
  const names = ["__proto__", "constructor", "toString"];
  const nodes = parseTree(
    tree(...names.map((name) => node(name, '"__proto__":{"polluted":1},"content":[]'))),
    "tree",
  );
  const { listing } = listingOfNodes(nodes, () => assert.fail());
  assert.deepEqual(listing.names, names.toSorted());
  assert.equal(({} as { polluted?: number }).polluted, undefined);
});

test("nodes in any order are listed in order, each beside its record", () => {
  const names = ["b", "a", "\u00e9", "Z", "zz"];
  const nodes = parseTree(
    tree(...names.map((name, n) => node(name, `"inode":${n + 1},"content":[]`))),
    "tree",
  );
  const { listing, records } = listingOfNodes(nodes, () => assert.fail());
  assert.deepEqual(listing.names, ["Z", "a", "b", "zz", "\xc3\xa9"]);
  for (let at = 0; at < listing.length; at++)
    assert.equal(listing.inodes[at], BigInt(records[at]?.inode ?? 0));
});

test("the same name twice keeps listing and records side by side", () => {
  const nodes = parseTree(
    tree(node("a", '"inode":1,"content":[]'), node("a", '"inode":2,"content":[]')),
    "tree",
  );
  const { listing, records } = listingOfNodes(nodes, () => assert.fail());
  assert.deepEqual(
    [...listing.inodes],
    records.map((record) => BigInt(record.inode ?? 0)),
  );
});

test("a time that cannot be read does not take the folder with it", () => {
  const bytes = tree(
    node("a").replaceAll("2023-11-14T22:13:20Z", "0000-00-00T00:00:00Z"),
    node("b"),
  );
  const { listing } = listingOfNodes(parseTree(bytes, "tree"), () => assert.fail());
  assert.deepEqual(listing.names, ["a", "b"]);
  assert.equal(listing.mtimesNs[0], 0n);
});

test("times with an offset are instants", () => {
  const [record] = parseTree(
    tree(node("a").replaceAll("2023-11-14T22:13:20Z", "2023-11-15T00:13:20.5+02:00")),
    "tree",
  );
  assert.equal(entryOfNode(record!)?.mtimeNs, 1_700_000_000_500_000_000n);
});

test("a target kept raw is preferred to its text", () => {
  const link = `{"name":"l","type":"symlink",${times},"uid":0,"gid":0,"linktarget":"\ufffd","linktarget_raw":"/w==","content":null}`;
  const [record] = parseTree(tree(link), "tree");
  assert.equal(entryOfNode(record!)?.linkTarget, "\xff");
});

test("isSafeName() is what may reach a filesystem", () => {
  for (const name of ["", ".", "..", "/", "a/b", "a\0"]) assert.equal(isSafeName(name), false);
  for (const name of ["...", " ", "a", "\xff", "-"] as RawName[])
    assert.equal(isSafeName(name), true);
});
