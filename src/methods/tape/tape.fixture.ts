/** What tests of tapes share: a library of virtual tapes in a folder of its own, a clock, and faults. */
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RecoveryPoint } from "#copies";
import {
  type Image,
  memoryImage,
  type MemoryNodes,
  type RawPath,
  readAll,
  rootPath,
  statModeOf,
  walkImage,
} from "#image";
import type { TakeResult } from "../method.ts";
import { backUpToTape, type TapeWriteOptions } from "./backup-to-tape.ts";
import {
  openVirtualTapeLibrary,
  type TapeDrive,
  type TapeLibrary,
  type VirtualTapeLibrary,
} from "./drive/index.ts";

export const dayNs = 86_400_000_000_000n;
export const startNs = 1_785_000_000_000_000_000n;
export const smallTape: { readonly blockBytes: number; readonly dataFileBytes: number } = {
  blockBytes: 4096,
  dataFileBytes: 65_536,
};

export type Tapes = AsyncDisposable & {
  readonly folder: string;
  readonly library: VirtualTapeLibrary;
  /** What the fake clock shows; tests move it. */
  nowNs: bigint;
};

export async function tapes(
  options: { readonly count?: number; readonly capacityBytes?: number } = {},
): Promise<Tapes> {
  const folder = mkdtempSync(join(tmpdir(), "restante-tapes-"));
  const library = await openVirtualTapeLibrary(folder, {
    capacityBytes: options.capacityBytes ?? 10_000_000,
    earlyWarningBytes: 40_000,
  });
  for (let number = 1; number <= (options.count ?? 2); number++)
    await library.addVolume(`RST${String(number).padStart(3, "0")}`);
  return {
    folder,
    library,
    nowNs: startNs,
    [Symbol.asyncDispose]: async () => {
      await library[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true });
    },
  };
}

/** Takes a moment of the nodes, with small blocks and the fake clock. */
export async function take(
  place: Tapes,
  nodes: MemoryNodes | Image,
  options: TapeWriteOptions & {
    readonly group?: string;
    readonly library?: TapeLibrary;
    readonly signal?: AbortSignal;
  } = {},
): Promise<TakeResult> {
  const image = isImage(nodes)
    ? nodes
    : memoryImage(nodes, { at: { fromNs: place.nowNs, toNs: place.nowNs } });
  return await backUpToTape(image, {
    ...smallTape,
    library: place.library,
    group: "mx1/all",
    hostname: "mx1",
    path: "/var/mail" as RawPath,
    now: () => place.nowNs,
    ...options,
  });
}

function isImage(value: MemoryNodes | Image): value is Image {
  return typeof value["list"] === "function";
}

/** Everything of an Image in a form that compares: names, attributes and contents. */
export async function contentsOf(image: Image): Promise<Readonly<Record<string, string>>> {
  const seen: Record<string, string> = {};
  for await (const { path, entry } of walkImage(image, rootPath)) {
    const { mode, uid, gid, mtimeNs, linkTarget = "", links } = entry;
    const attributes = (await image.extendedAttributes(path)).map(
      ({ name, value }) => `${name}=${Buffer.from(value).toString("hex")}`,
    );
    const bytes = entry.type === "file" ? await readAll(image, path) : new Uint8Array();
    seen[path] = [
      statModeOf({ ...entry, mode }).toString(8),
      uid,
      gid,
      mtimeNs,
      linkTarget,
      entry.type === "directory" ? "" : links,
      ...attributes,
      bytes.length,
      createHash("sha256").update(bytes).digest("hex"),
    ].join(" ");
  }
  return seen;
}

/** Mail of so many messages, the same for the same number; some longer than a block of tape. */
export function mail(count: number, salt = ""): MemoryNodes {
  return Object.fromEntries(
    Array.from({ length: count }, (_, index) => [
      `cur/${1_700_000_000 + index}.M1P2.mx1:2,S`,
      `From: a\r\nSubject: ${salt}${index}\r\n\r\n${`line ${index} ${salt}\r\n`.repeat((index * 37) % 900)}`,
    ]),
  );
}

export type PowerCut = "before" | "after" | "torn";

/** Thrown by every operation of a drive from the power cut on. */
export class PowerCutError extends Error {}

/** A library whose drives stop for ever at the so-many-th writing operation. */
export function libraryWithPowerCut(
  place: Tapes,
  options: { readonly at: number; readonly cut: PowerCut },
): TapeLibrary & { readonly operations: number } {
  let operations = 0;
  let isDead = false;
  const { library } = place;
  const guard = <Arguments extends unknown[], Result>(
    work: (...given: Arguments) => Promise<Result>,
  ): ((...given: Arguments) => Promise<Result>) => {
    return async (...given) => {
      if (isDead) throw new PowerCutError("the power is off");
      return await work(...given);
    };
  };
  const write = <Arguments extends unknown[], Result>(
    drive: TapeDrive,
    work: (...given: Arguments) => Promise<Result>,
  ): ((...given: Arguments) => Promise<Result>) => {
    return guard(async (...given) => {
      operations++;
      if (operations !== options.at) return await work(...given);
      const { barcode } = await drive.status();
      if (options.cut !== "before") await work(...given);
      isDead = true;
      await drive.eject();
      const path = join(place.folder, `${barcode}.tap`);
      const bytes = readFileSync(path);
      // A part of what was written last is there, and the rest is not.
      if (options.cut === "torn")
        writeFileSync(path, bytes.subarray(0, Math.max(0, bytes.length - 3)));
      throw new PowerCutError("the power is cut");
    });
  };
  return {
    name: library.name,
    stateFolder: library.stateFolder,
    get operations() {
      return operations;
    },
    inventory: guard(async (signal) => await library.inventory(signal)),
    exportVolume: guard(async (volume) => await library.exportVolume(volume)),
    importVolume: guard(async (volume) => await library.importVolume(volume)),
    openDrive: guard(async () => {
      const drive = await library.openDrive();
      return {
        name: drive.name,
        status: guard(async (signal) => await drive.status(signal)),
        load: guard(async (volume, signal) => await drive.load(volume, signal)),
        rewind: guard(async (signal) => await drive.rewind(signal)),
        readBlock: guard(async (signal) => await drive.readBlock(signal)),
        writeBlock: write(drive, async (bytes, signal) => await drive.writeBlock(bytes, signal)),
        writeFileMark: write(drive, async (signal) => await drive.writeFileMark(signal)),
        spaceFileMarks: guard(async (count, signal) => await drive.spaceFileMarks(count, signal)),
        spaceBlocks: guard(async (count, signal) => await drive.spaceBlocks(count, signal)),
        eject: guard(async (signal) => await drive.eject(signal)),
        [Symbol.asyncDispose]: async () => await drive[Symbol.asyncDispose](),
      };
    }),
    [Symbol.asyncDispose]: async () => undefined,
  };
}

/** The bytes of one file of a tape, as `mt asf` and `dd` would give them. */
export async function dumpTapeFile(
  library: TapeLibrary,
  { barcode, file }: { readonly barcode: Parameters<TapeDrive["load"]>[0]; readonly file: number },
): Promise<Buffer> {
  await using drive = await library.openDrive();
  await drive.load(barcode);
  await drive.spaceFileMarks(file);
  const blocks: Uint8Array[] = [];
  for (;;) {
    const found = await drive.readBlock();
    if (found.kind !== "block") return Buffer.concat(blocks);
    blocks.push(found.bytes);
  }
}

/** Changes bytes of a .tap file. */
export function spoil(place: Tapes, barcode: string, change: (bytes: Buffer) => void): void {
  const path = join(place.folder, `${barcode}.tap`);
  const bytes = readFileSync(path);
  change(bytes);
  writeFileSync(path, bytes);
}

/** Spoils the length word of one block of a tape's file: a block that cannot be read. */
export function spoilBlock(
  place: Tapes,
  where: { readonly barcode: string; readonly file: number; readonly block: number },
): void {
  spoil(place, where.barcode, (bytes) => {
    let [offset, file, block] = [0, 0, 0];
    while (file !== where.file || block !== where.block) {
      const length = bytes.readUInt32LE(offset);
      if (length === 0) [file, block] = [file + 1, 0];
      else block++;
      offset += length === 0 ? 4 : 8 + length + (length % 2);
    }
    bytes.writeUInt32LE(0x12345678, offset);
  });
}

export function newest(points: readonly RecoveryPoint[]): RecoveryPoint {
  const point = points.at(-1);
  if (point === undefined) throw new Error("there is no moment");
  return point;
}
