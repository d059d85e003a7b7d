import assert from "node:assert/strict";
import {
  chmodSync,
  closeSync,
  ftruncateSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { parseBarcode } from "./barcode.ts";
import { rejects, tapeDriveContract } from "./tape-drive.contract.ts";
import { tapeLibraryContract } from "./tape-library.contract.ts";
import { virtualTapeDrive } from "./virtual-tape-drive.ts";
import { openVirtualTapeLibrary, type VirtualTapeLibrary } from "./virtual-tape-library.ts";

const sizes = { capacityBytes: 100_000, earlyWarningBytes: 20_000 };
const first = parseBarcode("RST001");

type Place = AsyncDisposable & { readonly folder: string; readonly library: VirtualTapeLibrary };

async function place(): Promise<Place> {
  const folder = mkdtempSync(join(tmpdir(), "restante-tapes-"));
  const library = await openVirtualTapeLibrary(folder, sizes);
  for (const barcode of ["RST001", "RST002"]) await library.addVolume(barcode);
  return {
    folder,
    library,
    [Symbol.asyncDispose]: async () => {
      await library[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true });
    },
  };
}

/** Spoils a length word of the so-many-th object, as a bad sector would. */
function damage(path: string, index: number): void {
  const bytes = readFileSync(path);
  let offset = 0;
  for (let passed = 0; passed < index; passed++) {
    const length = bytes.readUInt32LE(offset);
    offset += length === 0 ? 4 : 8 + length + (length % 2);
  }
  bytes.writeUInt32LE(0x12345678, offset);
  writeFileSync(path, bytes);
}

tapeLibraryContract("virtual", place);

tapeDriveContract("virtual", async () => {
  const base = await place();
  const drive = await base.library.openDrive();
  return {
    ...sizes,
    drive,
    protect: async (volume) => chmodSync(join(base.folder, `${volume}.tap`), 0o400),
    damage: async (volume, index) => damage(join(base.folder, `${volume}.tap`), index),
    [Symbol.asyncDispose]: async () => {
      await drive[Symbol.asyncDispose]();
      await base[Symbol.asyncDispose]();
    },
  };
});

tapeDriveContract("a virtual drive alone", async () => {
  const base = await place();
  const drive = virtualTapeDrive(base.folder, sizes);
  return {
    ...sizes,
    drive,
    protect: async (volume) => chmodSync(join(base.folder, `${volume}.tap`), 0o400),
    damage: async (volume, index) => damage(join(base.folder, `${volume}.tap`), index),
    [Symbol.asyncDispose]: async () => {
      await drive[Symbol.asyncDispose]();
      await base[Symbol.asyncDispose]();
    },
  };
});

test("a .tap file holds exactly the bytes that SIMH describes", async () => {
  await using base = await place();
  await using drive = await base.library.openDrive();
  await drive.load(first);
  await drive.writeBlock(Buffer.from("abc"));
  await drive.writeFileMark();
  await drive.writeBlock(Buffer.from("de"));
  await drive.eject();
  assert.equal(
    readFileSync(join(base.folder, "RST001.tap")).toString("hex"),
    `03000000${"61626300"}03000000` + "00000000" + `02000000${"6465"}02000000`,
  );
});

test("a block that was cut short by a crash is the torn end of the tape, and is written over", async () => {
  await using base = await place();
  await using drive = await base.library.openDrive();
  await drive.load(first);
  await drive.writeBlock(Buffer.from("whole"));
  await drive.writeBlock(Buffer.from("cut short"));
  await drive.eject();
  const path = join(base.folder, "RST001.tap");
  const whole = readFileSync(path);
  for (let cut = 1; cut < 17; cut++) {
    writeFileSync(path, whole.subarray(0, whole.length - cut));
    await drive.load(first);
    await drive.spaceBlocks(1);
    assert.deepEqual(await drive.readBlock(), { kind: "end-of-data", torn: true }, `${cut} bytes`);
    await drive.writeBlock(Buffer.from("new"));
    await drive.rewind();
    await drive.spaceBlocks(1);
    const found = await drive.readBlock();
    assert.ok(found.kind === "block" && Buffer.from(found.bytes).toString() === "new");
    assert.deepEqual(await drive.readBlock(), { kind: "end-of-data", torn: false });
    await drive.eject();
  }
});

test("what stands behind an end of medium is not read, and is gone once something is written", async () => {
  await using base = await place();
  await using drive = await base.library.openDrive();
  const path = join(base.folder, "RST001.tap");
  writeFileSync(
    path,
    Buffer.from("02000000616202000000ffffffff0200000063640200000000000000", "hex"),
  );
  await drive.load(first);
  await drive.spaceBlocks(1);
  assert.deepEqual(await drive.readBlock(), { kind: "end-of-data", torn: false });
  await drive.writeFileMark();
  await drive.eject();
  assert.equal(readFileSync(path).toString("hex"), "0200000061620200000000000000");
});

test("a file that is removed while its tape is written is told of at the next mark", async () => {
  await using base = await place();
  await using drive = await base.library.openDrive();
  await drive.load(first);
  await drive.writeBlock(Buffer.from("x"));
  unlinkSync(join(base.folder, "RST001.tap"));
  await rejects("methods.tape-vanished", () => drive.writeFileMark());
});

test("a file that is cut while its tape is read is a damaged block, not wrong bytes", async () => {
  await using base = await place();
  await using drive = await base.library.openDrive();
  await drive.load(first);
  await drive.writeBlock(Buffer.alloc(100));
  await drive.writeFileMark();
  await drive.rewind();
  const descriptor = openSync(join(base.folder, "RST001.tap"), "r+");
  ftruncateSync(descriptor, 50);
  closeSync(descriptor);
  await rejects("methods.tape-block-damaged", () => drive.readBlock());
});

test("a library whose folder cannot be listed is unreachable, not empty", async () => {
  await using base = await place();
  const gone = await openVirtualTapeLibrary(join(base.folder, "inner"), sizes);
  rmSync(join(base.folder, "inner"), { recursive: true });
  await rejects("methods.tape-library-unreachable", () => gone.inventory());
  writeFileSync(join(base.folder, "file"), "");
  await rejects("methods.tape-library-unreachable", () =>
    openVirtualTapeLibrary(join(base.folder, "file")),
  );
});

test("files that are no tapes are no slots; a barcode that cannot be read is a slot without one", async () => {
  await using base = await place();
  writeFileSync(join(base.folder, "notes.txt"), "x");
  writeFileSync(join(base.folder, "odd name.tap"), "");
  symlinkSync("/etc/passwd", join(base.folder, "RST003.tap"));
  const slots = await base.library.inventory();
  assert.deepEqual(
    slots.map(({ slot, barcode }) => [slot, barcode]),
    [
      ["RST001.tap", "RST001"],
      ["RST002.tap", "RST002"],
      ["odd name.tap", undefined],
    ],
  );
});

test("addVolume() refuses a barcode that is taken, one like it, and one that is none", async () => {
  await using base = await place();
  await rejects("methods.tape-volume-exists", () => base.library.addVolume("RST001"));
  await rejects("methods.tape-volume-exists", () => base.library.addVolume("RST001L8"));
  for (const wrong of ["", "rst003", "RST03", "../RST", "RST 03", "RST0001L8"])
    await rejects("methods.tape-barcode", () => base.library.addVolume(wrong));
  assert.equal(await base.library.addVolume("RST003L8"), "RST003L8");
});

test("a block that does not fit on the disk is taken back, and the tape goes on", async (context) => {
  let full: number;
  try {
    full = openSync("/dev/full", "w");
  } catch {
    return context.skip("there is no /dev/full here");
  }
  assert.throws(() => writeSync(full, "x"), { code: "ENOSPC" });
  closeSync(full);
  await using base = await place();
  const path = join(base.folder, "RST001.tap");
  rmSync(path);
  symlinkSync("/dev/full", path);
  await using drive = virtualTapeDrive(base.folder, sizes);
  await drive.load(first);
  await rejects("methods.tape-disk-full", () => drive.writeBlock(Buffer.from("x")));
});
