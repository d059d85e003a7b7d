import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { lstatSync, mkdtempSync, readFileSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import type { RawPath } from "#image";
import { encodePaxTime, parsePaxRecords, parsePaxTime } from "./pax-records.ts";
import {
  encodeArchiveComment,
  encodeMemberHeaders,
  endOfArchive,
  isSafeMemberPath,
  memberOfHeaders,
} from "./pax-tar.ts";
import {
  deviceNumbers,
  deviceOfNumbers,
  paddingOf,
  tarBlockBytes,
  type TarMember,
} from "./tar-member.ts";
import { parseUstar } from "./ustar-header.ts";

const plain: TarMember = {
  path: "mail/cur/1:2,S" as RawPath,
  type: "file",
  mode: 0o640,
  uid: 1000,
  gid: 1000,
  sizeBytes: 0,
  mtimeNs: 1_500_000_000_123_456_789n,
  ctimeNs: 7n,
  attributes: [],
};

const tarIsMissing =
  !/GNU tar/.test(String(spawnSync("tar", ["--version"]).stdout)) && "GNU tar is not installed";

function parse(headers: Buffer): TarMember | undefined {
  const first = parseUstar(headers);
  assert.equal(first?.typeFlag, "x");
  const extended = headers.subarray(tarBlockBytes, tarBlockBytes + first.sizeBytes);
  const second = parseUstar(headers.subarray(headers.length - tarBlockBytes));
  assert.ok(second !== undefined);
  return memberOfHeaders(second, extended);
}

const bytesText = (minLength: number, maxLength: number): fc.Arbitrary<string> =>
  fc
    .uint8Array({ minLength, maxLength })
    .map((bytes) => Buffer.from(bytes).toString("latin1").replace(/[\0/]/g, "_"));
const paths = fc
  .array(bytesText(1, 200), { minLength: 1, maxLength: 4 })
  .map((names) => names.join("/") as RawPath)
  .filter(isSafeMemberPath);

test("every member is read back as it was: raw names, nanoseconds, attributes, large numbers", () => {
  const members = fc.record({
    path: paths,
    type: fc.constantFrom("file", "directory", "fifo"),
    mode: fc.integer({ min: 0, max: 0o7777 }),
    uid: fc.integer({ min: 0, max: 0xffffffff }),
    gid: fc.integer({ min: 0, max: 0xffffffff }),
    user: fc.stringMatching(/^[a-zäß]{1,40}$/),
    group: fc.stringMatching(/^[a-z]{1,31}$/),
    mtimeNs: fc.bigInt(-(2n ** 62n), 2n ** 62n),
    ctimeNs: fc.bigInt(-(2n ** 62n), 2n ** 62n),
    sizeBytes: fc.constantFrom(0, 1, 8 * 1024 ** 3 - 1, 8 * 1024 ** 3, 2 ** 50),
    attributes: fc.uniqueArray(
      fc.record(
        {
          name: fc.stringMatching(/^user\.[a-z=%.]{1,20}$/),
          value: fc.uint8Array({ maxLength: 100 }).map((bytes) => Buffer.from(bytes)),
        },
        { noNullPrototype: true },
      ),
      { selector: ({ name }) => name, maxLength: 4 },
    ),
  });
  fc.assert(
    fc.property(members, (given) => {
      const sizeBytes = given.type === "file" ? given.sizeBytes : 0;
      const attributes = given.attributes.toSorted((a, b) => (a.name < b.name ? -1 : 1));
      const member: TarMember = { ...given, sizeBytes, attributes };
      assert.deepEqual(parse(encodeMemberHeaders(member)), member);
    }),
  );
});

test("links keep their target byte for byte, and devices their numbers", () => {
  fc.assert(
    fc.property(bytesText(1, 300), fc.constantFrom("symlink", "hard-link"), (target, type) => {
      const member: TarMember = { ...plain, type, linkTarget: target as RawPath };
      assert.deepEqual(parse(encodeMemberHeaders(member)), member);
    }),
  );
  const device = deviceOfNumbers(8, 17);
  assert.deepEqual(deviceNumbers(device), { major: 8, minor: 17 });
  const member: TarMember = { ...plain, type: "block-device", device };
  assert.deepEqual(parse(encodeMemberHeaders(member)), member);
});

test("a flipped bit in a header is noticed, and the bytes of a message are none", () => {
  const headers = encodeMemberHeaders(plain);
  const last = headers.subarray(headers.length - tarBlockBytes);
  fc.assert(
    fc.property(fc.nat(499), fc.integer({ min: 0, max: 7 }), (at, bit) => {
      const spoiled = Buffer.from(last);
      spoiled[at]! ^= 1 << bit;
      // A digit's leading zero as a space is the same number to tar too.
      const found = parseUstar(spoiled);
      if (found !== undefined) assert.deepEqual(found, parseUstar(last));
    }),
  );
  assert.equal(parseUstar(Buffer.alloc(512)), undefined);
  assert.equal(parseUstar(Buffer.alloc(512, "From: a")), undefined);
});

test("times are written with nine digits, before 1970 too", () => {
  assert.equal(encodePaxTime(-500_000_000n), "-0.500000000");
  assert.equal(encodePaxTime(1n), "0.000000001");
  assert.equal(parsePaxTime("1.5"), 1_500_000_000n);
  assert.equal(parsePaxTime("12"), 12_000_000_000n);
  for (const wrong of ["", "x", "1.", "1e9", "--1", "9".repeat(30)])
    assert.equal(parsePaxTime(wrong), undefined);
  fc.assert(
    fc.property(
      fc.bigInt(-(2n ** 70n), 2n ** 70n).filter((at) => at > -(10n ** 27n) && at < 10n ** 27n),
      (at) => assert.equal(parsePaxTime(encodePaxTime(at)), at),
    ),
  );
});

test("records that contradict their lengths are refused, and no bytes make the parser fail", () => {
  for (const wrong of ["x", "5 a=b", "6 a=b\n!", "0 a=b\n", "99 a=b\n", "6 ab\n\n", " 6 a=b\n"])
    assert.equal(parsePaxRecords(Buffer.from(wrong)), undefined, wrong);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
      parsePaxRecords(Buffer.from(bytes));
    }),
  );
});

test("a path that leads out of the folder is no member", () => {
  for (const wrong of ["", "/etc", "..", "a/../b", "a//b", "a/", "./a", "a\0b"])
    assert.equal(isSafeMemberPath(wrong as RawPath), false, wrong);
  assert.equal(isSafeMemberPath("..a/b../-x\n" as RawPath), true);
});

test("GNU tar extracts what we write, byte for byte", { skip: tarIsMissing }, () => {
  const folder = mkdtempSync(join(tmpdir(), "restante-pax-"));
  try {
    const content = Buffer.from("Subject: hello\r\n\r\n");
    const odd = "odd \xff name\n";
    const long = `long/${"x".repeat(250)}`;
    const parts: Buffer[] = [encodeArchiveComment('{"restante":"x"}')];
    const add = (member: Partial<TarMember>, bytes = Buffer.alloc(0)): void => {
      parts.push(encodeMemberHeaders({ ...plain, ...member, sizeBytes: bytes.length }), bytes);
      parts.push(Buffer.alloc(paddingOf(bytes.length)));
    };
    add({ path: "empty" as RawPath, type: "directory", mode: 0o711 });
    add({ path: odd as RawPath }, content);
    add({ path: long as RawPath }, content);
    add({ path: "second" as RawPath, type: "hard-link", linkTarget: odd as RawPath });
    add({
      path: "link" as RawPath,
      type: "symlink",
      linkTarget: `to/\xfe${"y".repeat(120)}` as RawPath,
    });
    add({ path: "-dash" as RawPath, mtimeNs: 1_000_000_001n });
    writeFileSync(join(folder, "t.tar"), Buffer.concat([...parts, endOfArchive]));
    const tar = spawnSync("tar", ["-C", folder, "--no-same-owner", "-xpf", join(folder, "t.tar")]);
    assert.equal(tar.status, 0, String(tar.stderr));
    const at = (name: string): Buffer => Buffer.from(`${folder}/${name}`, "latin1");
    assert.deepEqual(readFileSync(at(odd)), content);
    assert.deepEqual(readFileSync(at(long)), content);
    assert.equal(lstatSync(at(odd)).ino, lstatSync(at("second")).ino);
    assert.equal(lstatSync(at(odd), { bigint: true }).mtimeNs, plain.mtimeNs);
    assert.equal(lstatSync(at(odd)).mode & 0o7777, 0o640);
    assert.equal(lstatSync(at("empty")).mode & 0o7777, 0o711);
    assert.equal(lstatSync(at("-dash"), { bigint: true }).mtimeNs, 1_000_000_001n);
    assert.equal(readlinkSync(at("link"), "latin1"), `to/\xfe${"y".repeat(120)}`);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
