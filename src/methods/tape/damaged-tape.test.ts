/** What goes wrong with tapes, and the exact answer to it. */
import assert from "node:assert/strict";
import { chmodSync, copyFileSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { memoryImage, type RawPath, readAll, rootPath } from "#image";
import { isTapeError } from "./tape-error.ts";
import { parseBarcode } from "./drive/index.ts";
import { encodeFileLabels, encodeVolumeLabel, parseLabel } from "./format/index.ts";
import { takeWriterLock } from "./media/index.ts";
import { labelTape } from "./label-tape.ts";
import { rebuildCatalogue } from "./rebuild-catalogue.ts";
import { surveyTape } from "./set/index.ts";
import { rejects } from "./drive/tape-drive.contract.ts";
import { tapeCopy } from "./tape-copy.ts";
import { retireTape, tapePoolsOf } from "./tape-pools.ts";
import {
  contentsOf,
  mail,
  newest,
  smallTape,
  spoil,
  spoilBlock,
  startNs,
  take,
  tapes,
} from "./tape.fixture.ts";

const first = parseBarcode("RST001");
const second = parseBarcode("RST002");

test("the wrong tape in the drive is not written to and not read, and both are named", async () => {
  await using place = await tapes();
  await take(place, mail(3));
  await take(place, mail(3), { rotation: { append: false } });
  copyFileSync(join(place.folder, "RST001.tap"), join(place.folder, "RST002.tap"));
  const before = readFileSync(join(place.folder, "RST002.tap"));
  rmSync(join(place.folder, "RST001.tap"));
  await assert.rejects(take(place, mail(3)), (error) => {
    assert.ok(isTapeError(error, "methods.tape-wrong"));
    assert.match(
      String(error),
      /Cannot use tape RST002: the tape in the drive says that it is RST001/,
    );
    return true;
  });
  assert.deepEqual(readFileSync(join(place.folder, "RST002.tap")), before);
  const copy = tapeCopy(place.library);
  await rejects("methods.tape-wrong", async () => await copy.open(newest(await copy.moments())));
});

test("a tape of another program is not written over before a person says so", async () => {
  await using place = await tapes({ count: 1 });
  const path = join(place.folder, "RST001.tap");
  const record = (text: string): Buffer => {
    const word = Buffer.alloc(4);
    word.writeUInt32LE(text.length);
    return Buffer.concat([word, Buffer.from(text), word]);
  };
  const foreign = record("PAYROLL 1998".padEnd(80));
  writeFileSync(path, foreign);
  await rejects("methods.tape-catalogue-missing", () => take(place, mail(3)));
  const report = await rebuildCatalogue(place.library, { now: () => startNs });
  assert.deepEqual(report.foreign, [{ barcode: first, why: "it has no label VOL1" }]);
  await assert.rejects(
    take(place, mail(3)),
    /RST001: Cannot use tape RST001: it has no label VOL1/,
  );
  const now = (): bigint => startNs;
  await rejects("methods.tape-foreign", () => labelTape(place.library, { barcode: "RST001", now }));
  assert.deepEqual(readFileSync(path), foreign);
  await labelTape(place.library, { barcode: "RST001", now, overForeign: true, ...smallTape });
  await take(place, mail(3));
  // Labels of the standard do not make a tape ours.
  const [header] = encodeFileLabels("HDR", {
    fileIdentifier: "PAYROLL",
    fileSet: "RST001",
    section: 1,
    sequence: 1,
    createdAtNs: startNs,
    expiresAtNs: 0n,
    blockCount: 0,
    blockBytes: 80,
  });
  const other = header.toString().replace("RESTANTE", "PAYSYS  ");
  writeFileSync(
    path,
    Buffer.concat([record(encodeVolumeLabel("RST001").toString()), record(other)]),
  );
  await using drive = await place.library.openDrive();
  await drive.load(first);
  const survey = await surveyTape(drive);
  assert.deepEqual(survey, { kind: "foreign", why: 'another program labelled it ("PAYSYS")' });
});

test("a write-protected tape is passed over, and named when there is no other", async () => {
  await using place = await tapes();
  chmodSync(join(place.folder, "RST001.tap"), 0o400);
  const { point } = await take(place, mail(3));
  const [set] = (await tapePoolsOf(place.library, { rotation: {}, nowNs: startNs })).tapes;
  assert.deepEqual([set?.barcode, set?.sets], [second, [point.id]]);
  chmodSync(join(place.folder, "RST002.tap"), 0o400);
  await assert.rejects(
    take(place, mail(3)),
    /RST001: it is write-protected; RST002: it is write-protected/,
  );
  await using image = await tapeCopy(place.library).open(point);
  assert.deepEqual(await contentsOf(image), await contentsOf(memoryImage(mail(3))));
});

test("a worn tape is not written to any more, can be read, and says why", async () => {
  await using place = await tapes({ count: 1 });
  const { point } = await take(place, mail(3));
  await retireTape(place.library, { barcode: first, reason: "it squeaks", nowNs: startNs });
  await assert.rejects(take(place, mail(3)), /RST001: it was retired: it squeaks/);
  await using image = await tapeCopy(place.library).open(point);
  assert.equal((await image.list("cur" as RawPath)).length, 3);
  await rejects("methods.tape-worn", () => labelTape(place.library, { barcode: "RST001" }));
});

test("limits of use retire a tape by themselves", async () => {
  await using place = await tapes({ count: 1 });
  const rotation = { keepLast: 1, append: false, limits: { passes: 1 } };
  await take(place, mail(3), { rotation });
  await assert.rejects(
    take(place, mail(3), { rotation }),
    /RST001: it was written from its beginning once, and 1 is the limit/,
  );
  const { tapes: pooled } = await tapePoolsOf(place.library, { rotation, nowNs: startNs });
  assert.equal(pooled[0]?.pool, "retired");
  assert.deepEqual(
    { ...pooled[0].use, mounts: 0 },
    { barcode: first, mounts: 0, passes: 1, writes: 1, errors: 0 },
  );
});

test("a tape that is full within a message holds a torn piece, and the next tape holds it whole", async () => {
  await using place = await tapes({ count: 2, capacityBytes: 190_000 });
  const nodes = {
    "cur/1": Buffer.alloc(60_001, "1"),
    "cur/2": Buffer.alloc(60_002, "2"),
    "cur/3": Buffer.alloc(60_003, "3"),
  };
  const { point } = await take(place, nodes);
  await using image = await tapeCopy(place.library).open(point);
  assert.deepEqual(await contentsOf(image), await contentsOf(memoryImage(nodes)));
  await using drive = await place.library.openDrive();
  const surveyOf = async (barcode: typeof first) => {
    await drive.load(barcode);
    const survey = await surveyTape(drive);
    assert.ok(survey.kind === "ours");
    return survey.files;
  };
  await image[Symbol.asyncDispose]();
  const [cut] = (await surveyOf(first)).filter(({ ending }) => ending === "EOV");
  assert.ok(cut?.kind === "data" && cut.tornAtByte !== undefined);
  assert.deepEqual(
    (await surveyOf(second)).map(({ kind, ending }) => [kind, ending]),
    [
      ["readme", "EOF"],
      ["data", "EOF"],
      ["index", "EOF"],
    ],
  );
});

test("a message that fits on no tape is named with its size", async () => {
  await using place = await tapes({ count: 3, capacityBytes: 100_000 });
  await assert.rejects(take(place, { "a/small": "x", "b/big": Buffer.alloc(200_000) }), (error) => {
    assert.ok(isTapeError(error, "methods.tape-member-too-large"));
    assert.match(String(error), /"b\/big": its 200000 bytes do not fit on a whole tape/);
    return true;
  });
  assert.deepEqual(await tapeCopy(place.library).moments(), []);
});

test("without another tape the moment is not listed, every tape is told why, and the first stands", async () => {
  await using place = await tapes({ count: 1, capacityBytes: 200_000 });
  const kept = await take(place, mail(5));
  await assert.rejects(take(place, mail(60)), (error) => {
    assert.ok(isTapeError(error, "methods.tape-none-to-write"));
    assert.match(String(error), /RST001: the set is on it already/);
    return true;
  });
  const copy = tapeCopy(place.library);
  assert.deepEqual(
    (await copy.moments()).map(({ id }) => id),
    [kept.point.id],
  );
  await using image = await copy.open(kept.point);
  assert.deepEqual(await contentsOf(image), await contentsOf(memoryImage(mail(5))));
});

test("a damaged block loses the messages in it, by name, and no other", async () => {
  await using place = await tapes({ count: 1 });
  const nodes = mail(40);
  const { point } = await take(place, nodes);
  spoilBlock(place, { barcode: "RST001", file: 4, block: 6 });
  await using image = await tapeCopy(place.library).open(point);
  const listing = await image.list("cur" as RawPath);
  assert.equal(listing.length, 40);
  const lost: string[] = [];
  for (const name of listing.names) {
    const path = `cur/${name}` as RawPath;
    try {
      assert.equal(Buffer.from(await readAll(image, path)).toString(), nodes[path]);
    } catch (error) {
      assert.equal((error as { code: string }).code, "image.unreadable");
      assert.match(String(error), /tape RST001: block 6 of file 4 is damaged/);
      lost.push(name);
    }
  }
  assert.ok(lost.length > 0 && lost.length < 10, `${lost.length} are lost`);
});

test("bytes that rotted are never handed out as mail", async () => {
  await using place = await tapes({ count: 1 });
  const { point } = await take(place, { good: "good", rotten: "r".repeat(5000) });
  spoil(place, "RST001", (bytes) => {
    const at = bytes.indexOf("rrrrrrrr");
    bytes[at + 100] = 0x73;
  });
  await using image = await tapeCopy(place.library).open(point);
  assert.equal(Buffer.from(await readAll(image, "good" as RawPath)).toString(), "good");
  await assert.rejects(readAll(image, "rotten" as RawPath), (error) => {
    assert.equal((error as { code: string }).code, "image.unreadable");
    assert.match(String(error), /bytes of file 4 are not those that were written/);
    return true;
  });
});

test("a damaged index is made up for by reading the data, and the moment says so", async () => {
  await using place = await tapes({ count: 1 });
  const nodes = { ...mail(40), empty: { type: "directory" as const, mode: 0o711 } };
  const { point } = await take(place, nodes);
  const indexFile = await indexFileOf(place.folder);
  // A block of the lines, and the manifest's: the catalogue knows what that said.
  spoilBlock(place, { barcode: "RST001", file: indexFile, block: 2 });
  spoilBlock(place, { barcode: "RST001", file: indexFile, block: 0 });
  await using image = await tapeCopy(place.library).open(point);
  assert.match(image.problems[0]?.message ?? "", /42 lines of the index are damaged; 42 members/);
  assert.deepEqual(await contentsOf(image), await contentsOf(memoryImage(nodes)));
  await image[Symbol.asyncDispose]();
  rmSync(join(place.library.stateFolder, "catalogue.json"));
  const report = await rebuildCatalogue(place.library);
  assert.deepEqual([report.sets, report.reconstructed], [1, 1]);
  assert.match(report.problems.join("\n"), /is read from its data, since its index is damaged/);
  const copy = tapeCopy(place.library);
  const found = newest(await copy.moments());
  assert.deepEqual(
    [found.id, found.group, found.tags],
    [point.id, "mx1/all", ["tape:reconstructed"]],
  );
  await using again = await copy.open(found);
  assert.deepEqual(await contentsOf(again), await contentsOf(memoryImage(nodes)));
});

test("a set whose last tape is gone is what its other tapes hold, and says so", async () => {
  await using place = await tapes({ count: 3, capacityBytes: 200_000 });
  await take(place, mail(40));
  rmSync(join(place.folder, "RST002.tap"));
  rmSync(join(place.folder, "RST003.tap"));
  const copy = tapeCopy(place.library);
  const [point] = await copy.moments();
  await rejects("methods.tape-not-at-hand", () => copy.open(point!));
  rmSync(join(place.library.stateFolder, "catalogue.json"));
  const report = await rebuildCatalogue(place.library);
  assert.match(report.problems.join("\n"), /since the tape it goes on on is not here/);
  await using image = await copy.open(newest(await copy.moments()));
  const listing = await image.list("cur" as RawPath);
  assert.ok(listing.length > 3 && listing.length < 40, `${listing.length} messages`);
  // A torn message at the end of the tape is not handed out as a whole one.
  const whole = await contentsOf(memoryImage(mail(40)));
  for (const [path, contents] of Object.entries(await contentsOf(image)))
    if (path !== "cur") assert.equal(contents, whole[path]);
});

test("a tape that does not read back as it was written is no moment, and counts against the tape", async () => {
  await using place = await tapes({ count: 2 });
  await take(place, mail(2));
  const { library } = place;
  const lying = {
    name: library.name,
    stateFolder: library.stateFolder,
    inventory: library.inventory.bind(library),
    exportVolume: library.exportVolume.bind(library),
    importVolume: library.importVolume.bind(library),
    [Symbol.asyncDispose]: async () => undefined,
    openDrive: async () => {
      const drive = await library.openDrive();
      const write = drive.writeBlock.bind(drive);
      let blocks = 0;
      drive.writeBlock = async (bytes, signal) =>
        await write(++blocks === 6 ? Buffer.alloc(bytes.length, 1) : bytes, signal);
      return drive;
    },
  };
  await assert.rejects(take(place, mail(20), { library: lying }), (error) => {
    assert.ok(isTapeError(error, "methods.tape-not-verified"));
    assert.match(String(error), /block \d+ of file 10 does not read back as it was written/);
    return true;
  });
  assert.equal((await tapeCopy(library).moments()).length, 1);
  const pools = await tapePoolsOf(library, { rotation: { limits: { errors: 1 } }, nowNs: startNs });
  assert.equal(pools.tapes[0]?.worn, "it failed once, and 1 is the limit");
  // What looks whole by its labels and is not, is known for that by the next run.
  const { point } = await take(place, mail(4));
  await using image = await tapeCopy(library).open(point);
  assert.equal((await image.list("cur" as RawPath)).length, 4);
  assert.equal((await tapeCopy(library).moments()).length, 2);
});

test("two writers cannot write at once, and a lock whose process is gone is taken over", async () => {
  await using place = await tapes();
  const { stateFolder } = place.library;
  const lock = await takeWriterLock(stateFolder, { nowNs: startNs });
  await assert.rejects(take(place, mail(1)), (error) => {
    assert.ok(isTapeError(error, "methods.tape-locked"));
    assert.match(String(error), new RegExp(`process ${process.pid} on host `));
    return true;
  });
  const path = join(stateFolder, "writer.lock");
  const held = JSON.parse(readFileSync(path, "utf8")) as Record<string, unknown>;
  writeFileSync(path, JSON.stringify({ ...held, token: "other", processStart: "1" }));
  await rejects("methods.tape-lock-lost", () => lock.confirm());
  await lock[Symbol.asyncDispose]();
  assert.ok(existsSync(path), "a lock that is no longer ours is left alone");
  await take(place, mail(1));
  assert.ok(!existsSync(path));
  writeFileSync(path, "{not json");
  await rejects("methods.tape-locked", () => take(place, mail(1)));
});

test("a run whose lock was taken away lists nothing", async () => {
  await using place = await tapes();
  await take(place, mail(1));
  const image = memoryImage(mail(2));
  const read = image.read.bind(image);
  image.read = (path, options) => {
    rmSync(join(place.library.stateFolder, "writer.lock"), { force: true });
    return read(path, options);
  };
  await rejects("methods.tape-lock-lost", () => take(place, image));
  assert.equal((await tapeCopy(place.library).moments()).length, 1);
});

test("a set that the catalogue does not know is not written over", async () => {
  await using place = await tapes({ count: 1 });
  await take(place, mail(1));
  const path = join(place.library.stateFolder, "catalogue.json");
  const old = readFileSync(path);
  const { point } = await take(place, mail(2));
  // Somebody puts an old copy of the catalogue back.
  writeFileSync(path, old);
  await rejects("methods.tape-unknown-set", () => take(place, mail(3)));
  await rebuildCatalogue(place.library);
  await take(place, mail(3));
  await using image = await tapeCopy(place.library).open(point);
  assert.equal((await image.list("cur" as RawPath)).length, 2);
});

test("a moment whose tape was written over with something else is not opened as what it was", async () => {
  await using place = await tapes({ count: 1 });
  const { point } = await take(place, mail(3));
  await using other = await tapes({ count: 1 });
  await take(other, mail(3));
  copyFileSync(join(other.folder, "RST001.tap"), join(place.folder, "RST001.tap"));
  await rejects("methods.tape-unreadable", () => tapeCopy(place.library).open(point));
});

test("a catalogue that is damaged is told of, and can be rebuilt", async () => {
  await using place = await tapes({ count: 1 });
  await take(place, mail(3));
  const path = join(place.library.stateFolder, "catalogue.json");
  for (const wrong of ["", "{}", "[]", '{"format":"restante tape catalogue 1"}']) {
    writeFileSync(path, wrong);
    await rejects("methods.tape-catalogue-damaged", () => tapeCopy(place.library).moments());
    await rejects("methods.tape-catalogue-damaged", () => take(place, mail(3)));
  }
  await rebuildCatalogue(place.library);
  assert.equal((await tapeCopy(place.library).moments()).length, 1);
  const image = await tapeCopy(place.library).open(newest(await tapeCopy(place.library).moments()));
  assert.equal((await image.list(rootPath)).length, 1);
  await rejects("methods.tape-busy", () => rebuildCatalogue(place.library));
  await image[Symbol.asyncDispose]();
});

async function indexFileOf(folder: string): Promise<number> {
  const bytes = readFileSync(join(folder, "RST001.tap"));
  let [offset, file] = [0, 0];
  for (;;) {
    const length = bytes.readUInt32LE(offset);
    const label = length === 80 ? parseLabel(bytes.subarray(offset + 4, offset + 84)) : undefined;
    if (label?.kind === "file-1" && label.fileIdentifier.includes(".I")) return file + 1;
    if (length === 0) file++;
    offset += length === 0 ? 4 : 8 + length + (length % 2);
  }
}
