import assert from "node:assert/strict";
import { test } from "node:test";
import { parseBarcode } from "./barcode.ts";
import { rejects } from "./tape-drive.contract.ts";
import type { TapeLibrary } from "./tape-library.ts";

const first = parseBarcode("RST001");
const second = parseBarcode("RST002");

/** What every library does. `open` makes one with the blank tapes RST001 and RST002 and two drives. */
export function tapeLibraryContract(
  name: string,
  open: () => Promise<AsyncDisposable & { readonly library: TapeLibrary }>,
): void {
  const contract = (title: string, work: (library: TapeLibrary) => Promise<void>): void => {
    test(`${name}: ${title}`, async () => {
      await using fixture = await open();
      await work(fixture.library);
    });
  };

  contract(
    "the inventory says which tapes there are, and which are in a drive",
    async (library) => {
      assert.deepEqual(await seen(library), ["RST001", "RST002"]);
      await using drive = await library.openDrive();
      await drive.load(second);
      assert.deepEqual(await seen(library), ["RST001", "RST002 in a drive"]);
      await drive.eject();
      assert.deepEqual(await seen(library), ["RST001", "RST002"]);
    },
  );

  contract("a tape is in one drive at a time", async (library) => {
    await using one = await library.openDrive();
    await using two = await library.openDrive();
    await one.load(first);
    await rejects("methods.tape-busy", () => two.load(first));
    await two.load(second);
    await one.eject();
    await two.load(first);
  });

  contract(
    "there are as many drives as there are, and one that is given back is free",
    async (library) => {
      const one = await library.openDrive();
      await using _two = await library.openDrive();
      await rejects("methods.tape-no-drive", () => library.openDrive());
      await one.load(first);
      await one[Symbol.asyncDispose]();
      await using again = await library.openDrive();
      await again.load(first);
    },
  );

  contract(
    "a tape that was put out is not there until it is taken in, with all that is on it",
    async (library) => {
      await using drive = await library.openDrive();
      await drive.load(first);
      await drive.writeBlock(Buffer.from("kept"));
      await drive.writeFileMark();
      await rejects("methods.tape-busy", () => library.exportVolume(first));
      await drive.eject();
      await library.exportVolume(first);
      assert.deepEqual(await seen(library), ["RST002"]);
      await rejects("methods.tape-no-volume", () => drive.load(first));
      await rejects("methods.tape-no-volume", () => library.exportVolume(first));
      await library.importVolume(first);
      await rejects("methods.tape-no-volume", () => library.importVolume(second));
      await drive.load(first);
      const found = await drive.readBlock();
      assert.ok(found.kind === "block");
      assert.equal(Buffer.from(found.bytes).toString(), "kept");
    },
  );

  contract("an inventory stops when it is told to", async (library) => {
    await assert.rejects(library.inventory(AbortSignal.abort()), { name: "AbortError" });
  });
}

async function seen(library: TapeLibrary): Promise<string[]> {
  const slots = await library.inventory();
  return slots
    .map(({ barcode, inDrive }) => (inDrive ? `${barcode} in a drive` : String(barcode)))
    .sort();
}
