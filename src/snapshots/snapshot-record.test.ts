import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import fc from "fast-check";
import { rawPathFromText, type RawPath } from "#image";
import { currentMaker, makerState } from "./maker.ts";
import { readRecord, type SnapshotRecord, writeRecord } from "./snapshot-record.ts";

const folder = realpathSync(mkdtempSync(join(tmpdir(), "restante-record-")));
after(() => rmSync(folder, { recursive: true, force: true }));
const place = rawPathFromText(folder);
const file = join(folder, "restante-snapshot.json");

const record: SnapshotRecord = {
  version: 1,
  provider: "btrfs snapshot",
  state: "frozen",
  maker: currentMaker(),
  root: "frozen/mail/\xff\n" as RawPath,
  subvolumeId: "85737d1d-83f7-8c40-b8de-e7c276df6d4c",
  taken: {
    store: "/srv/mail/\xff\n" as RawPath,
    volumeId: "uuid:x:/mail",
    consistency: "crash",
    settled: true,
    fromNs: 1_700_000_000_000_000_001n,
    toNs: 1_700_000_000_000_000_002n,
    files: 2,
    sizeBytes: 3,
    protection: "read-only subvolume",
    problems: [{ path: "a\xfe" as RawPath, code: "unlistable", message: "No." }],
  },
};

test("a record is read as it was written, names that are no text and instants to the nanosecond too", async () => {
  assert.equal(readRecord(place), undefined);
  await writeRecord(place, record);
  assert.deepEqual(readRecord(place), record);
});

test("a record that was changed in any byte is read as a whole one or refused, and leads nowhere", async () => {
  await writeRecord(place, record);
  const bytes = readFileSync(file);
  fc.assert(
    fc.property(fc.nat(bytes.length - 1), fc.nat(255), fc.nat(bytes.length), (at, byte, length) => {
      const changed = Buffer.from(bytes);
      changed[at] = byte;
      writeFileSync(file, changed.subarray(0, Math.max(length, at + 1)));
      try {
        assert.match(readRecord(place)?.root ?? "", /^frozen/);
      } catch (error) {
        assert.equal((error as { code: string }).code, "snapshots.damaged");
      }
    }),
  );
  for (const root of [
    "",
    "/",
    "..",
    "frozen/..",
    "frozen/../../etc",
    "frozen//x",
    "other",
    "frozen/\0",
  ]) {
    await writeRecord(place, { ...record, root: root as RawPath });
    assert.throws(() => readRecord(place), { code: "snapshots.damaged" }, root);
  }
});

test("this process is alive; one with its number that started at another time, or before this boot, is not", () => {
  const maker = currentMaker();
  assert.equal(makerState(maker), "alive");
  assert.equal(makerState({ ...maker, processStart: "1" }), "dead");
  assert.equal(makerState({ ...maker, bootId: "another" }), "dead");
  assert.equal(makerState({ ...maker, bootId: "another", host: "elsewhere" }), "unknown");
  assert.equal(makerState({ ...maker, processNamespace: "pid:[1]" }), "unknown");
});
