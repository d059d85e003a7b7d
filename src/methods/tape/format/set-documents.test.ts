import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { RawPath } from "#image";
import { parseBarcode } from "../drive/index.ts";
import { FieldError } from "../json-fields.ts";
import { encodeMemberLine, type IndexedMember, parseMemberLine } from "./member-line.ts";
import { passesOfReadme, readmeText } from "./readme.ts";
import { encodeManifest, parseManifest, type SetManifest } from "./set-manifest.ts";

const rawText = fc.uint8Array({ minLength: 1, maxLength: 30 }).map(
  (bytes) =>
    Buffer.from(bytes)
      .toString("latin1")
      .replace(/[\0/.]/g, "_") as RawPath,
);
const instants = fc.bigInt(-(2n ** 63n), 2n ** 63n);
const place = fc
  .tuple(fc.nat(9), fc.nat(1000), fc.nat(2 ** 30), fc.integer({ min: 1, max: 8000 }))
  .map(([part, file, block, headers]) => {
    const offset = block * 512;
    return { part, file, offset, dataOffset: offset + headers * 512 };
  });
const members: fc.Arbitrary<IndexedMember> = fc.record(
  {
    path: rawText,
    type: fc.constantFrom("file", "directory", "symlink", "socket"),
    mode: fc.integer({ min: 0, max: 0o7777 }),
    uid: fc.nat(),
    gid: fc.nat(),
    user: fc.string(),
    group: fc.string(),
    sizeBytes: fc.maxSafeNat(),
    mtimeNs: instants,
    ctimeNs: instants,
    links: fc.nat(),
    linkTarget: rawText,
    hardLinkTo: rawText,
    device: fc.bigInt(0n, 2n ** 60n),
    attributes: fc.array(
      fc.record(
        { name: rawText, value: fc.uint8Array().map((bytes) => Buffer.from(bytes)) },
        { noNullPrototype: true },
      ),
      { maxLength: 3 },
    ),
    sha256: fc.constant("ab".repeat(32)),
    state: fc.constantFrom("whole", "void", "torn"),
    place,
  },
  {
    noNullPrototype: true,
    requiredKeys: [
      "path",
      "type",
      "mode",
      "uid",
      "gid",
      "sizeBytes",
      "mtimeNs",
      "ctimeNs",
      "links",
      "attributes",
      "state",
    ],
  },
);

const manifest: SetManifest = {
  set: "0123456789abcdef".repeat(2),
  group: "mx1/sales",
  sequence: 7,
  generation: "g",
  fromNs: 1n,
  atNs: 2n,
  consistency: "offline",
  hostname: "mx1",
  paths: ["/var/mail"],
  tags: ["a"],
  volumes: [{ id: "uuid:1", role: "mixed", root: "" as RawPath }],
  files: 3,
  sizeBytes: 4,
  problemCount: 1,
  problems: [{ path: "a\xff" as RawPath, code: "vanished", message: "gone" }],
  blockBytes: 4096,
  parts: [
    { barcode: parseBarcode("RST001"), firstFile: 3, endFile: 9, data: [{ file: 4, blocks: 2 }] },
  ],
  indexFile: 7,
  pieces: [{ name: "x", sizeBytes: 1, sha256: "00", members: 1 }],
};

test("a line of the index is one line of JSON and is read back as it was", () => {
  fc.assert(
    fc.property(members, (member) => {
      const line = encodeMemberLine(member);
      assert.equal(line.indexOf("\n"), line.length - 1);
      assert.deepEqual(parseMemberLine(line), member);
    }),
  );
});

test("a line that a person can read shows names as text, and bytes that are no text as hexadecimal", () => {
  const base = { ...fc.sample(members, { numRuns: 1, seed: 1 })[0]! };
  assert.match(
    encodeMemberLine({ ...base, path: Buffer.from("Grüße").toString("latin1") as RawPath }),
    /^\{"path":"Grüße",/,
  );
  assert.match(encodeMemberLine({ ...base, path: "\xff" as RawPath }), /^\{"path":\{"hex":"ff"\},/);
});

test("a line or manifest that makes no sense is refused, whatever it is", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
      assert.throws(() => parseMemberLine(text), FieldError);
      assert.throws(() => parseManifest(text), FieldError);
    }),
  );
  const line = encodeMemberLine(fc.sample(members, { numRuns: 1, seed: 2 })[0]!);
  const spoiled = { ...(JSON.parse(line) as object), path: "../../etc/passwd" };
  assert.throws(() => parseMemberLine(JSON.stringify(spoiled)), /leads out/);
  for (const data of [0, 511, 513, 2 ** 40]) {
    const misplaced = { ...(JSON.parse(line) as object), tape: 0, file: 4, offset: 512, data };
    assert.throws(() => parseMemberLine(JSON.stringify(misplaced)), /not behind headers/);
  }
});

test("a manifest is read back as it was, with the first thousand of its problems", () => {
  assert.deepEqual(parseManifest(encodeManifest(manifest).toString()), manifest);
  const problems = Array.from({ length: 1500 }, () => manifest.problems[0]!);
  const many = parseManifest(
    encodeManifest({ ...manifest, problems, problemCount: 1500 }).toString(),
  );
  assert.deepEqual([many.problems.length, many.problemCount], [1000, 1500]);
});

test("every field of a manifest is looked at", () => {
  const document = JSON.parse(encodeManifest(manifest).toString()) as Record<string, unknown>;
  for (const key of Object.keys(document)) {
    for (const wrong of [undefined, null, {}, [null]]) {
      if (key === "paths" || key === "tags" ? wrong === undefined : false) continue;
      assert.throws(
        () => parseManifest(JSON.stringify({ ...document, [key]: wrong })),
        FieldError,
        key,
      );
    }
  }
});

test("the description of the medium says how often the tape was written", () => {
  const barcode = parseBarcode("RST001");
  const text = readmeText({ barcode, labelledAtNs: 0n, passes: 12, blockBytes: 262_144 });
  assert.equal(passesOfReadme(text), 12);
  assert.match(text, /tar -b 512 /);
  assert.match(text, /^[\x20-\x7e\n]*$/);
  assert.equal(passesOfReadme("something else"), undefined);
});
