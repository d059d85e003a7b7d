import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { fileIdentifierOf, parseFileIdentifier } from "./file-names.ts";
import { encodeFileLabels, encodeVolumeLabel, type FileLabel, parseLabel } from "./tape-labels.ts";

const dayNs = 86_400_000_000_000n;
const label: FileLabel = {
  fileIdentifier: "RT1A2B3C4D.D00001",
  fileSet: "RST001",
  section: 1,
  sequence: 2,
  createdAtNs: 1_785_000_000_000_000_000n,
  expiresAtNs: 0n,
  blockCount: 8192,
  blockBytes: 262_144,
};

test("labels are 80 characters with every field at the place that the standard gives it", () => {
  const volume = encodeVolumeLabel("RST001").toString("latin1");
  assert.equal(volume.length, 80);
  assert.equal(volume.slice(0, 11), "VOL1RST001 ");
  assert.equal(volume.slice(79), "4");
  const [first, second] = encodeFileLabels("EOF", label).map((bytes) => bytes.toString("latin1"));
  // 25 July 2026 is the 206th day of its year.
  assert.equal(
    first,
    "EOF1RT1A2B3C4D.D00001RST00100010002000100026206 00000 008192RESTANTE            ",
  );
  assert.equal(second, `EOF2U00000000000000262144${" ".repeat(25)}00${" ".repeat(28)}`);
  assert.match(encodeFileLabels("HDR", label)[0].toString("latin1"), /^HDR1.{50}000000/);
});

test("what a label says is read back", () => {
  const text = fc.stringMatching(/^[A-Z0-9.]{1,17}$/);
  const day = fc.integer({ min: -25_000, max: 330_000 }).map((days) => BigInt(days) * dayNs);
  const labels = fc.record({
    fileIdentifier: text,
    fileSet: fc.stringMatching(/^[A-Z0-9]{6}$/),
    section: fc.integer({ min: 1, max: 9999 }),
    sequence: fc.integer({ min: 1, max: 9999 }),
    createdAtNs: day,
    expiresAtNs: day.filter((at) => at !== 0n),
    blockCount: fc.integer({ min: 0, max: 999_999 }),
    blockBytes: fc.integer({ min: 1, max: 8 * 1024 * 1024 }),
  });
  fc.assert(
    fc.property(
      labels,
      fc.constantFrom("HDR", "EOF", "EOV"),
      fc.option(fc.maxSafeNat(), { nil: undefined }),
      (record, kind, tornAtByte) => {
        const given = { ...record };
        const torn = tornAtByte === undefined ? {} : { tornAtByte };
        const [first, second] = encodeFileLabels(kind, { ...given, ...torn }).map(parseLabel);
        const { blockBytes, ...expected } = given;
        const blockCount = kind === "HDR" ? 0 : given.blockCount;
        assert.deepEqual(first, {
          kind: "file-1",
          position: kind,
          ...expected,
          blockCount,
          system: "RESTANTE",
        });
        assert.deepEqual(second, { kind: "file-2", position: kind, blockBytes, ...torn });
      },
    ),
  );
});

test("a block that is no label is none, and one of another program is known as a label", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 90 }), (bytes) => {
      assert.equal(parseLabel(bytes), undefined);
    }),
  );
  assert.equal(parseLabel(Buffer.alloc(80, "x")), undefined);
  assert.deepEqual(parseLabel(Buffer.from("UHL1".padEnd(80))), { kind: "other", name: "UHL1" });
});

test("characters that a label cannot have do not move the fields behind them", () => {
  const [first] = encodeFileLabels("HDR", { ...label, fileIdentifier: "grüße\n{}" });
  const parsed = parseLabel(first);
  assert.ok(parsed?.kind === "file-1");
  assert.equal(parsed.fileIdentifier, "GR-SSE---");
  assert.equal(parsed.fileSet, "RST001");
});

test("the name of a file says whose and what it is", () => {
  const set = "1a2b3c4d".repeat(4);
  const name = fileIdentifierOf("index", { set, number: 3 });
  assert.deepEqual(parseFileIdentifier(name), { kind: "index", setStart: "1a2b3c4d" });
  assert.deepEqual(parseFileIdentifier("RESTANTE.README"), { kind: "readme", setStart: "" });
  for (const other of ["", "PAYROLL", "RT1A2B3C4D.X00001", "rt1a2b3c4d.d00001"])
    assert.equal(parseFileIdentifier(other), undefined);
});
