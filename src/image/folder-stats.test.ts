import assert from "node:assert/strict";
import {
  chmodSync,
  closeSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { openNativeLibrary } from "#files";
import { addDescribed } from "./folder-stats.ts";
import { describe } from "./list-folder.ts";
import { ListingBuilder } from "./listing.ts";
import type { RawName, RawPath } from "./raw-path.ts";

const folder = mkdtempSync(join(tmpdir(), "restante-stats-"));
after(() => rmSync(folder, { recursive: true, force: true }));

function place(name: string): Buffer {
  return Buffer.from(join(folder, name), "latin1");
}

test("what is read straight into columns is what lstat says, for every kind of file and folder", (t) => {
  if (openNativeLibrary([null], {}) === undefined) return t.skip("this Node cannot call libraries");
  for (const name of ["1.M1:2,S", "caf\xe9", "\xff\x01\x80", "x".repeat(255)])
    writeFileSync(place(name), name);
  writeFileSync(place("huge"), "");
  truncateSync(place("huge"), 2 ** 33 + 5);
  writeFileSync(place("old"), "");
  utimesSync(place("old"), -1.25, -86_400.5);
  writeFileSync(place("far"), "");
  utimesSync(place("far"), 5e9, 5e9 + 0.123456);
  writeFileSync(place("modes"), "");
  chmodSync(place("modes"), 0o6751);
  writeFileSync(place("linked"), "");
  linkSync(place("linked"), place("linked too"));
  mkdirSync(place("sub"));
  chmodSync(place("sub"), 0o1777);
  const descriptor = openSync(folder, "r");
  try {
    const [quick, slow] = [new ListingBuilder(), new ListingBuilder({ expected: 2 })];
    for (const name of readdirSync(folder, { encoding: "latin1" }) as RawName[]) {
      assert.ok(addDescribed(descriptor, name, quick), name);
      slow.add(describe(`${folder}/` as RawPath, name) as NonNullable<ReturnType<typeof describe>>);
    }
    assert.equal(quick.length, 11);
    assert.deepEqual([...quick.build()], [...slow.build()]);
  } finally {
    closeSync(descriptor);
  }
});

test("links, names that are not there and names too long are left to lstat", () => {
  symlinkSync("nowhere", place("link"));
  const descriptor = openSync(folder, "r");
  try {
    const builder = new ListingBuilder();
    for (const name of ["link", "absent", "y".repeat(5000)])
      assert.equal(addDescribed(descriptor, name as RawName, builder), false);
    assert.equal(builder.build().length, 0);
  } finally {
    closeSync(descriptor);
  }
});

test("a builder sorts by raw bytes whatever the order and number of entries", () => {
  writeFileSync(place("one"), "");
  const entry = describe(`${folder}/` as RawPath, "one" as RawName);
  assert.ok(entry !== undefined);
  const builder = new ListingBuilder({ expected: 3 });
  const names = Array.from({ length: 100 }, (_, at) => `${(at * 37) % 100}\xe9` as RawName);
  for (const [at, name] of names.entries())
    builder.add({ ...entry, name, inode: BigInt(at), ...(at % 7 === 0 ? { device: 9n } : {}) });
  const listing = builder.build();
  assert.deepEqual([...listing.names], names.toSorted());
  for (const { name, inode, device } of listing) {
    assert.equal(names[Number(inode)], name);
    assert.equal(device, inode % 7n === 0n ? 9n : undefined);
  }
});
