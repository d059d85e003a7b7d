import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Entry, RawName } from "#image";
import { findContents } from "./find-contents.ts";
import { parseTree } from "./parse-tree.ts";
import { RepositoryError } from "./repository-error.ts";
import { idOf } from "./repository.fixture.ts";
import { type NodeContent, encodeNode, encodeTree, nodeRecordOf } from "./tree.ts";

type Made = {
  readonly name: string;
  readonly type: Entry["type"];
  readonly blobs: readonly Buffer[];
};

function treeOf(nodes: readonly Made[]): Buffer {
  const sorted = nodes.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  return encodeTree(sorted.map((node) => encodeNode(nodeRecordOf(entryOf(node), contentOf(node)))));
}

function entryOf({ name, type }: Made): Entry {
  const plain = {
    mode: 0o644,
    uid: 0,
    gid: 0,
    sizeBytes: 1,
    mtimeNs: 0n,
    ctimeNs: 0n,
    inode: 1n,
    deviceId: 0n,
    links: 1,
  };
  return { ...plain, name: name as RawName, type };
}

// Attributes and names that look like what is searched for.
function contentOf({ name, blobs }: Made): NodeContent {
  const attributes = [
    { name: `user.${name}`, value: Buffer.from('"content":[') },
    { name: "type", value: Buffer.alloc(0) },
  ];
  return { blobs: blobs.map((id) => id.toString("hex")), attributes };
}

function found(tree: Buffer, names: readonly string[]): ReadonlyMap<string, string | undefined> {
  const contents = findContents(tree, names as RawName[], "00".repeat(32));
  return new Map(
    [...contents].map(({ name, ids }) => [name, ids && Buffer.from(ids).toString("hex")]),
  );
}

const hostileNames = fc.oneof(
  fc.constantFrom(
    '","content":["',
    '{"name":"a","type":"file"',
    ',"content":[]',
    "user.a",
    "a",
    "\\",
    '"',
    "\u00e9",
    "\n",
  ),
  fc.string({
    unit: fc.integer({ min: 1, max: 255 }).map((byte) => String.fromCharCode(byte)),
    minLength: 1,
    maxLength: 12,
  }),
);
const name = hostileNames.filter((text) => text !== "." && text !== ".." && !/[/\0]/.test(text));
const madeNode = fc.record({
  name,
  type: fc.constantFrom("file", "symlink", "fifo") as fc.Arbitrary<Entry["type"]>,
  blobs: fc.array(fc.nat(1000).map(idOf), { maxLength: 4 }),
});

test("findContents() finds what parsing the whole tree finds, however hostile the names", () => {
  const nodes = fc.uniqueArray(madeNode, { selector: (node) => node.name, maxLength: 12 });
  fc.assert(
    fc.property(nodes, fc.array(name, { maxLength: 4 }), (made, absent) => {
      const wanted = [
        ...new Set([...made.filter((_, n) => n % 3 !== 2).map((node) => node.name), ...absent]),
      ];
      const expected = new Map(
        made
          .filter((node) => wanted.includes(node.name))
          .map((node) => [
            node.name,
            node.type === "file" ? Buffer.concat(node.blobs).toString("hex") : undefined,
          ]),
      );
      const actual = found(treeOf(made), wanted);
      assert.deepEqual(actual, expected);
    }),
  );
});

test("findContents() reads a tree that another program has written with spaces", () => {
  const made: Made[] = [{ name: "a", type: "file", blobs: [idOf(1), idOf(2)] }];
  const spaced = Buffer.from(JSON.stringify(JSON.parse(treeOf(made).toString()), undefined, 2));
  assert.equal(parseTree(spaced, "00".repeat(32)).length, 1);
  assert.equal(found(spaced, ["a"]).get("a"), Buffer.concat([idOf(1), idOf(2)]).toString("hex"));
});

test("findContents() takes no name that could lead out of its folder", () => {
  const tree = Buffer.from(
    '{"nodes":[{"name":"..","type":"file","content":[]},{"name":"a/b","type":"file","content":[]}]}\n',
  );
  assert.equal(found(tree, ["..", "a/b", "", "."]).size, 0);
});

test("findContents() says that bytes are no tree, and that an ID is none", () => {
  const isDamaged = (error: unknown): boolean =>
    error instanceof RepositoryError && error.code === "repository.damaged";
  assert.throws(() => found(Buffer.from("not a tree"), ["a"]), isDamaged);
  const bad = `{"nodes":[{"name":"a","type":"file","content":["${"g".repeat(64)}"]}]}\n`;
  assert.throws(() => found(Buffer.from(bad), ["a"]), isDamaged);
  assert.throws(() => found(Buffer.from(bad.slice(0, -6)), ["a"]), isDamaged);
});
