import assert from "node:assert/strict";
import { test } from "node:test";
import { isTapeError, type TapeErrorCode } from "../tape-error.ts";
import { type Barcode, parseBarcode } from "./barcode.ts";
import { locate, type TapeDrive } from "./tape-drive.ts";

/** An empty drive that can load the blank tapes RST001 and RST002, each of `capacityBytes`; all gone when disposed of. */
export type TapeDriveFixture = AsyncDisposable & {
  readonly drive: TapeDrive;
  readonly capacityBytes: number;
  readonly earlyWarningBytes: number;
  /** Moves the switch on a cartridge that is not in the drive. */
  readonly protect: (volume: Barcode) => Promise<void>;
  /** Makes the so-many-th block or mark of a tape unreadable that is not in the drive. */
  readonly damage: (volume: Barcode, index: number) => Promise<void>;
};

const first = parseBarcode("RST001");
const second = parseBarcode("RST002");

/** What every drive does. */
export function tapeDriveContract(name: string, open: () => Promise<TapeDriveFixture>): void {
  const contract = (title: string, work: (fixture: TapeDriveFixture) => Promise<void>): void => {
    test(`${name}: ${title}`, async () => {
      await using fixture = await open();
      await work(fixture);
    });
  };
  loading(contract);
  readingAndWriting(contract);
  spacing(contract);
  limits(contract);
}

type Contract = (title: string, work: (fixture: TapeDriveFixture) => Promise<void>) => void;

function loading(contract: Contract): void {
  contract("an empty drive says so, and does nothing but load", async ({ drive }) => {
    assert.equal((await drive.status()).loaded, false);
    for (const action of [
      () => drive.rewind(),
      () => drive.readBlock(),
      () => drive.writeBlock(Buffer.from("x")),
      () => drive.writeFileMark(),
      () => drive.spaceFileMarks(1),
      () => drive.spaceBlocks(1),
    ])
      await rejects("methods.tape-not-loaded", action);
    await drive.eject();
  });

  contract("a blank tape is at its beginning and has no data", async ({ drive }) => {
    await drive.load(first);
    assert.deepEqual(await drive.status(), {
      loaded: true,
      barcode: first,
      position: { file: 0, block: 0 },
      atEndOfTape: false,
      writeProtected: false,
    });
    assert.deepEqual(await drive.readBlock(), { kind: "end-of-data", torn: false });
  });

  contract(
    "a tape that is not there cannot be loaded, and the drive stays empty",
    async (fixture) => {
      const { drive } = fixture;
      await drive.load(first);
      await rejects("methods.tape-no-volume", () => drive.load(parseBarcode("RST999")));
      assert.equal((await drive.status()).loaded, false);
    },
  );

  contract(
    "what was written is there when the tape is loaded again, and not on another",
    async (fixture) => {
      const { drive } = fixture;
      await drive.load(first);
      await write(drive, "a", "|");
      await drive.load(second);
      assert.equal(await read(drive), "end");
      await drive.load(first);
      assert.equal(await read(drive), "a | end");
      await drive.eject();
      assert.equal((await drive.status()).loaded, false);
    },
  );

  contract("a write-protected tape is read and not written", async (fixture) => {
    const { drive, protect } = fixture;
    await drive.load(first);
    await write(drive, "kept", "|");
    await drive.eject();
    await protect(first);
    await drive.load(first);
    assert.equal((await drive.status()).writeProtected, true);
    await rejects("methods.tape-write-protected", () => drive.writeBlock(Buffer.from("x")));
    await rejects("methods.tape-write-protected", () => drive.writeFileMark());
    assert.equal(await read(drive), "kept | end");
  });
}

function readingAndWriting(contract: Contract): void {
  contract("blocks of any length come back byte for byte, even and odd", async ({ drive }) => {
    await drive.load(first);
    const blocks = [1, 2, 3, 511, 512, 4097].map((length) => Buffer.alloc(length, length & 0xff));
    for (const block of blocks) await drive.writeBlock(block);
    await drive.rewind();
    for (const block of blocks) {
      const found = await drive.readBlock();
      assert.ok(found.kind === "block");
      assert.deepEqual(Buffer.from(found.bytes), block);
    }
  });

  contract("a drive keeps its own copy of what is written", async ({ drive }) => {
    await drive.load(first);
    const bytes = Buffer.from("mine");
    await drive.writeBlock(bytes);
    bytes.fill(0);
    assert.equal(await read(drive), "mine end");
  });

  contract("writing somewhere ends the tape there", async ({ drive }) => {
    await drive.load(first);
    await write(drive, "a", "b", "|", "c", "|");
    await locate(drive, { file: 0, block: 1 });
    await write(drive, "x");
    assert.equal(await read(drive), "a x end");
    await drive.rewind();
    await write(drive, "|");
    assert.equal(await read(drive), "| end");
  });

  contract("reading changes nothing, however often", async ({ drive }) => {
    await drive.load(first);
    await write(drive, "a", "|", "b");
    for (const _ of [1, 2]) assert.equal(await read(drive), "a | b end");
    assert.deepEqual(await drive.readBlock(), { kind: "end-of-data", torn: false });
    await write(drive, "c");
    assert.equal(await read(drive), "a | b c end");
  });

  contract("a damaged block is told of, and what follows can be read", async (fixture) => {
    const { drive, damage } = fixture;
    await drive.load(first);
    await write(drive, "a", "bb", "c", "|", "d");
    await drive.eject();
    await damage(first, 1);
    await drive.load(first);
    assert.equal(await read(drive), "a ! c | d end");
    await drive.rewind();
    await drive.spaceBlocks(1);
    await assert.rejects(drive.readBlock(), /block 1 of file 0 is damaged/);
    assert.deepEqual((await drive.status()).position, { file: 0, block: 2 });
  });

  contract("everything stops when it is told to, before it does anything", async ({ drive }) => {
    await drive.load(first);
    const signal = AbortSignal.abort();
    for (const action of [
      () => drive.writeBlock(Buffer.from("x"), signal),
      () => drive.writeFileMark(signal),
      () => drive.readBlock(signal),
      () => drive.load(second, signal),
      () => drive.eject(signal),
    ])
      await assert.rejects(action, { name: "AbortError" });
    assert.equal(await read(drive), "end");
  });
}

function spacing(contract: Contract): void {
  contract("spacing goes over files and blocks, forward and backward", async ({ drive }) => {
    await drive.load(first);
    await write(drive, "a", "b", "|", "c", "|", "|", "d", "e");
    const at = async () => (await drive.status()).position;
    await drive.rewind();
    await drive.spaceFileMarks(1);
    assert.deepEqual(await at(), { file: 1, block: 0 });
    await drive.spaceFileMarks(2);
    assert.deepEqual(await at(), { file: 3, block: 0 });
    await drive.spaceBlocks(1);
    assert.deepEqual(await at(), { file: 3, block: 1 });
    await drive.spaceFileMarks(-1);
    assert.deepEqual(await at(), { file: 2, block: 0 });
    await drive.spaceFileMarks(-2);
    assert.deepEqual(await at(), { file: 0, block: 2 });
    assert.equal((await drive.readBlock()).kind, "file-mark");
    for (const to of [
      { file: 3, block: 1 },
      { file: 0, block: 1 },
      { file: 1, block: 0 },
      { file: 1, block: 1 },
      { file: 0, block: 0 },
      { file: 2, block: 0 },
    ]) {
      await locate(drive, to);
      assert.deepEqual(await at(), to);
    }
  });

  contract(
    "spacing beyond what there is fails, and the tape stands at that end",
    async ({ drive }) => {
      await drive.load(first);
      await write(drive, "a", "|", "b");
      await drive.rewind();
      await rejects("methods.tape-end-of-data", () => drive.spaceFileMarks(2));
      assert.deepEqual((await drive.status()).position, { file: 1, block: 1 });
      await rejects("methods.tape-end-of-data", () => drive.spaceFileMarks(-2));
      assert.deepEqual((await drive.status()).position, { file: 0, block: 0 });
      await rejects("methods.tape-end-of-data", () => drive.spaceBlocks(2));
    },
  );
}

function limits(contract: Contract): void {
  contract("a tape warns before its end, then is full, and keeps what fitted", async (fixture) => {
    const { drive, capacityBytes, earlyWarningBytes } = fixture;
    await drive.load(first);
    const block = Buffer.alloc(1000, "x");
    let written = 0;
    let warnedAt: number | undefined;
    await rejects("methods.tape-full", async () => {
      for (;;) {
        const { earlyWarning } = await drive.writeBlock(block);
        written++;
        if (earlyWarning) warnedAt ??= written;
      }
    });
    assert.ok(written * 1000 <= capacityBytes);
    assert.ok(warnedAt !== undefined && (written - warnedAt) * 1000 >= earlyWarningBytes - 2100);
    assert.equal((await drive.status()).atEndOfTape, true);
    await drive.rewind();
    assert.equal((await drive.status()).atEndOfTape, false);
    assert.equal((await read(drive)).split(" ").length, written + 1);
  });
}

async function write(drive: TapeDrive, ...what: readonly string[]): Promise<void> {
  for (const each of what) {
    if (each === "|") await drive.writeFileMark();
    else await drive.writeBlock(Buffer.from(each));
  }
}

/** Everything from the beginning on: blocks as text, "|" for a mark, "!" for damage, "end". */
async function read(drive: TapeDrive): Promise<string> {
  await drive.rewind();
  const seen: string[] = [];
  for (;;) {
    try {
      const found = await drive.readBlock();
      if (found.kind === "block") seen.push(Buffer.from(found.bytes).toString());
      else if (found.kind === "file-mark") seen.push("|");
      else return [...seen, found.torn ? "torn" : "end"].join(" ");
    } catch (error) {
      if (!isTapeError(error, "methods.tape-block-damaged")) throw error;
      seen.push("!");
    }
  }
}

export async function rejects(code: TapeErrorCode, action: () => Promise<unknown>): Promise<void> {
  await assert.rejects(action, (error) => {
    assert.ok(isTapeError(error, code), `${code}, not ${String(error)}`);
    const { message, hint } = error as { message: string; hint?: string };
    assert.match(message, /^Cannot /);
    assert.ok(hint !== undefined && hint.endsWith("."), `a hint: ${String(hint)}`);
    return true;
  });
}
