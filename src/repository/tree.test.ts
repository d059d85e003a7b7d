import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Entry, type EntryType, type RawName, entryTypes } from "#image";
import { entryOfNode, parseTree } from "./parse-tree.ts";
import { idOf } from "./repository.fixture.ts";
import {
  type NodeRecord,
  encodeNode,
  encodeTree,
  goMode,
  nodeRecordOf,
  posixMode,
} from "./tree.ts";

const id = idOf(1).toString("hex");

const message: Entry = {
  name: "1700000000.M1P2.host,S=3:2,S" as RawName,
  type: "file",
  mode: 0o640,
  uid: 1000,
  gid: 100,
  user: "alice",
  group: "users",
  sizeBytes: 3,
  mtimeNs: 1_700_000_000_123_456_789n,
  ctimeNs: 1_700_000_001_000_000_000n,
  inode: 18_446_744_073_709_551_615n,
  deviceId: 65_025n,
  links: 1,
};

test("the node of a message is exactly what restic writes, without what only moves", () => {
  assert.equal(
    encodeNode(nodeRecordOf(message, { blobs: [id] })),
    '{"name":"1700000000.M1P2.host,S=3:2,S","type":"file","mode":416,' +
      '"mtime":"2023-11-14T22:13:20.123456789Z","atime":"2023-11-14T22:13:20.123456789Z","ctime":"2023-11-14T22:13:21Z",' +
      '"uid":1000,"gid":100,"user":"alice","group":"users","inode":18446744073709551615,"size":3,"links":1,' +
      `"content":["${id}"]}`,
  );
});

test("the node of an IMAP folder is exactly what restic writes", () => {
  const folder: Entry = {
    ...message,
    name: ".&BB0EMA-" as RawName,
    type: "directory",
    mode: 0o2700,
    links: 5,
  };
  assert.equal(
    encodeNode(nodeRecordOf(folder, { subtree: id })),
    '{"name":".\\u0026BB0EMA-","type":"dir","mode":2151678400,' +
      '"mtime":"2023-11-14T22:13:20.123456789Z","atime":"2023-11-14T22:13:20.123456789Z","ctime":"2023-11-14T22:13:21Z",' +
      '"uid":1000,"gid":100,"user":"alice","group":"users","inode":18446744073709551615,' +
      `"content":null,"subtree":"${id}"}`,
  );
});

test("an empty file has an empty list, and zeros that Go omits are omitted", () => {
  const empty: Entry = {
    ...message,
    mode: 0,
    uid: 0,
    gid: 0,
    user: "",
    group: "",
    sizeBytes: 0,
    inode: 0n,
    mtimeNs: 0n,
    ctimeNs: 0n,
  };
  assert.equal(
    encodeNode(nodeRecordOf(empty, {})),
    '{"name":"1700000000.M1P2.host,S=3:2,S","type":"file","mtime":"1970-01-01T00:00:00Z","atime":"1970-01-01T00:00:00Z",' +
      '"ctime":"1970-01-01T00:00:00Z","uid":0,"gid":0,"links":1,"content":[]}',
  );
});

test("the device is written for hard links only", () => {
  const record = (links: number): NodeRecord =>
    nodeRecordOf({ ...message, links }, { blobs: [id] });
  assert.equal(record(1).deviceId, undefined);
  assert.equal(record(2).deviceId, "65025");
});

test("links, devices and attributes are written as restic does", () => {
  const link = {
    ...message,
    type: "symlink",
    mode: 0o777,
    linkTarget: "../<x>&\xff",
  } as unknown as Entry;
  const json = encodeNode(nodeRecordOf(link, {}));
  assert.match(json, /"mode":134218239,/);
  assert.match(
    json,
    /"linktarget":"\.\.\/\\u003cx\\u003e\\u0026\\ufffd","linktarget_raw":"Li4vPHg\+Jv8="/,
  );
  assert.match(json, /"content":null\}$/);
  const device: Entry = { ...message, type: "character-device", mode: 0o600, device: 259n };
  const attributes = [
    { name: "user.ä", value: Buffer.from("v") },
    { name: "user.empty", value: Buffer.alloc(0) },
  ];
  const encoded = Buffer.from(
    encodeNode(nodeRecordOf(device, { attributes })),
    "latin1",
  ).toString();
  assert.match(encoded, /"mode":69206400,/);
  assert.match(
    encoded,
    /"extended_attributes":\[\{"name":"user\.ä","value":"dg=="\},\{"name":"user\.empty","value":""\}\],"device":259,"content":null/,
  );
});

test("modes go to Go's FileMode and back", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...entryTypes),
      fc.integer({ min: 0, max: 0o7777 }),
      (type, mode) => {
        assert.equal(posixMode(goMode(type, mode)), mode);
        assert.ok(goMode(type, mode) >= 0);
      },
    ),
  );
});

test("a time that no calendar of four digits has does not end a capture", () => {
  for (const mtimeNs of [999_999_999_999n * 1_000_000_000n, -999_999_999_999n * 1_000_000_000n]) {
    const { mtime } = nodeRecordOf({ ...message, mtimeNs, ctimeNs: mtimeNs }, {});
    assert.match(mtime!, /^(?:9999-12-31T23:59:59|0001-01-01T00:00:00)/);
  }
});

/** Any bytes that may be a name. */
const rawName = fc
  .uint8Array({ minLength: 1, maxLength: 20 })
  .map((bytes) =>
    Buffer.from(bytes.map((byte) => (byte === 0 || byte === 0x2f ? 0x41 : byte))).toString(
      "latin1",
    ),
  )
  .filter((name) => name !== "." && name !== "..") as fc.Arbitrary<RawName>;
const uint32 = fc.integer({ min: 0, max: 0xffff_ffff });
const uint64 = fc.bigInt({ min: 0n, max: (1n << 64n) - 1n });
const instant = fc.bigInt({ min: -(1n << 62n), max: 1n << 62n });
const entry: fc.Arbitrary<Entry> = fc
  .record({
    name: rawName,
    type: fc.constantFrom<EntryType>(...entryTypes),
    mode: fc.integer({ min: 0, max: 0o7777 }),
    uid: uint32,
    gid: uint32,
    sizeBytes: fc.maxSafeNat(),
    mtimeNs: instant,
    ctimeNs: instant,
    inode: uint64,
    deviceId: uint64,
    links: fc.integer({ min: 1, max: 70_000 }),
    target: rawName,
    device: fc.bigInt({ min: 1n, max: (1n << 64n) - 1n }),
  })
  .map(({ target, device, ...fields }) => {
    const { type } = fields;
    return {
      ...fields,
      user: "ä<b>",
      group: "g",
      sizeBytes: type === "file" ? fields.sizeBytes : 0,
      deviceId: fields.links > 1 && type !== "directory" ? fields.deviceId : 0n,
      links: type === "directory" ? 1 : fields.links,
      ...(type === "symlink" ? { linkTarget: target } : {}),
      ...(type === "block-device" || type === "character-device" ? { device } : {}),
    };
  });

test("a tree is parsed to the entries it was made of, and written again to the same bytes", () => {
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 8 }), (entries) => {
      const records = entries.map((one) =>
        nodeRecordOf(one, {
          ...(one.type === "file" ? { blobs: [id, id] } : {}),
          ...(one.type === "directory" ? { subtree: id } : {}),
          attributes: [{ name: "user.x", value: Buffer.from([0, 255]) }],
        }),
      );
      const bytes = encodeTree(records.map(encodeNode));
      const parsed = parseTree(bytes, "tree");
      assert.deepEqual(parsed.map(entryOfNode), entries);
      assert.deepEqual(encodeTree(parsed.map(encodeNode)), bytes);
    }),
    { numRuns: 500 },
  );
});

test("an empty folder's tree has the bytes that restic gives it", () => {
  assert.equal(encodeTree([]).toString(), '{"nodes":[]}\n');
});
