import { copyFile, lstat, mkdir, open, readdir, rename, rm } from "node:fs/promises";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { systemErrorCode } from "#errors";
import { syncFolder, writeDurably } from "#files";
import { tapeError } from "../tape-error.ts";
import { type Barcode, isBarcode, parseBarcode, volumeSerialOf } from "./barcode.ts";
import { DrivePool } from "./drive-pool.ts";
import { noVolume } from "./memory-tape-library.ts";
import { openSimhMedium } from "./simh-medium.ts";
import type { TapeDrive } from "./tape-drive.ts";
import type { TapeLibrary, TapeSlot } from "./tape-library.ts";
import type { TapeMedium } from "./tape-medium.ts";

export type VirtualTapeLibraryOptions = {
  /** Bytes that each tape takes. Default: 100 GB. */
  readonly capacityBytes?: number;
  /** Room that is kept for the labels at the end of a tape. Default: 4 MiB. */
  readonly earlyWarningBytes?: number;
  /** Default: 2. */
  readonly drives?: number;
  /** Default: the folder "state" of the library's. */
  readonly stateFolder?: string;
  /** Where tapes are put that leave the library. Default: the folder "outside" of the library's. */
  readonly outsideFolder?: string;
};

export type VirtualTapeLibrary = TapeLibrary & {
  /** Puts a blank tape in. Throws `methods.tape-volume-exists`. */
  addVolume(barcode: string, signal?: AbortSignal): Promise<Barcode>;
};

const suffix = ".tap";

/** A folder of SIMH .tap files, named by barcode: one file, one tape, one slot. Makes the folders that are missing. */
export async function openVirtualTapeLibrary(
  folder: string,
  options: VirtualTapeLibraryOptions = {},
): Promise<VirtualTapeLibrary> {
  const stateFolder = options.stateFolder ?? join(folder, "state");
  const outsideFolder = options.outsideFolder ?? join(folder, "outside");
  try {
    for (const each of [folder, stateFolder, outsideFolder])
      await mkdir(each, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw unreachable(folder, error);
  }
  return new VirtualLibrary(folder, { ...options, stateFolder, outsideFolder });
}

class VirtualLibrary implements VirtualTapeLibrary {
  readonly name: string;
  readonly stateFolder: string;
  readonly #folder: string;
  readonly #outside: string;
  readonly #pool: DrivePool;

  constructor(
    folder: string,
    options: VirtualTapeLibraryOptions & {
      readonly stateFolder: string;
      readonly outsideFolder: string;
    },
  ) {
    this.name = folder;
    this.#folder = folder;
    this.stateFolder = options.stateFolder;
    this.#outside = options.outsideFolder;
    this.#pool = new DrivePool({
      library: folder,
      drives: options.drives ?? 2,
      capacityBytes: options.capacityBytes ?? 100e9,
      earlyWarningBytes: options.earlyWarningBytes ?? 4 * 1024 * 1024,
      open: async (volume) => await this.#open(volume),
    });
  }

  async inventory(signal?: AbortSignal): Promise<readonly TapeSlot[]> {
    signal?.throwIfAborted();
    const slots: TapeSlot[] = [];
    try {
      for (const name of (await readdir(this.#folder)).sort()) {
        if (!name.endsWith(suffix)) continue;
        const stats = await lstat(join(this.#folder, name));
        if (!stats.isFile()) continue;
        const barcode = name.slice(0, -suffix.length);
        const writeProtected = (stats.mode & 0o222) === 0;
        if (!isBarcode(barcode)) slots.push({ slot: name, inDrive: false, writeProtected });
        else slots.push({ slot: name, barcode, inDrive: this.#pool.has(barcode), writeProtected });
      }
    } catch (error) {
      throw unreachable(this.#folder, error);
    }
    return slots;
  }

  async openDrive(signal?: AbortSignal): Promise<TapeDrive> {
    signal?.throwIfAborted();
    return this.#pool.openDrive();
  }

  async addVolume(barcode: string, signal?: AbortSignal): Promise<Barcode> {
    const volume = parseBarcode(barcode);
    for (const { barcode: other } of await this.inventory(signal)) {
      if (other !== undefined && volumeSerialOf(other) === volumeSerialOf(volume))
        throw exists(volume, other);
    }
    try {
      await writeDurably(this.#path(volume), new Uint8Array(), { exclusive: true });
    } catch (error) {
      if (systemErrorCode(error) === "EEXIST") throw exists(volume, volume);
      throw unreachable(this.#folder, error);
    }
    return volume;
  }

  async exportVolume(volume: Barcode, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    this.#pool.refuseLoaded(volume);
    await this.#move(volume, { from: this.#folder, to: this.#outside });
  }

  async importVolume(volume: Barcode, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    await this.#move(volume, { from: this.#outside, to: this.#folder });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.resolve();
  }

  #path(volume: Barcode): string {
    return join(this.#folder, volume + suffix);
  }

  async #open(volume: Barcode): Promise<TapeMedium> {
    try {
      return await openSimhMedium(this.#path(volume));
    } catch (error) {
      if (systemErrorCode(error) === "ENOENT") throw noVolume(volume, this.#folder, error);
      throw systemErrorCode(error) === undefined ? error : unreachable(this.#path(volume), error);
    }
  }

  /** The tape is in one folder or in the other, whole, whenever the machine stops. */
  async #move(
    volume: Barcode,
    { from, to }: { readonly from: string; readonly to: string },
  ): Promise<void> {
    const source = join(from, volume + suffix);
    const target = join(to, volume + suffix);
    try {
      await lstat(source);
      if (await isThere(target)) throw exists(volume, volume);
      try {
        await rename(source, target);
      } catch (error) {
        if (systemErrorCode(error) !== "EXDEV") throw error;
        await copyDurably(source, target);
        await rm(source);
      }
      await syncFolder(to);
      await syncFolder(from);
    } catch (error) {
      const code = systemErrorCode(error);
      if (code === "ENOENT") throw noVolume(volume, from, error);
      throw code === undefined ? error : unreachable(source, error);
    }
  }
}

async function copyDurably(source: string, target: string): Promise<void> {
  const temporary = `${target}.tmp-${randomBytes(4).toString("hex")}`;
  try {
    await copyFile(source, temporary);
    const file = await open(temporary, "r");
    try {
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

async function isThere(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return false;
    throw error;
  }
}

function exists(volume: Barcode, other: Barcode): Error {
  return tapeError(
    "methods.tape-volume-exists",
    `Cannot put tape ${volume} in: ${other === volume ? "there is one of that barcode" : `${other} has the same volume name on its label`}`,
    { hint: "Give each tape a barcode whose first six characters are its own." },
  );
}

function unreachable(place: string, cause: unknown): Error {
  const reason = cause instanceof Error ? cause.message : "the reason is unknown";
  return tapeError(
    "methods.tape-library-unreachable",
    `Cannot use the tape library at "${place}": ${reason}`,
    { hint: "Check that its disk is mounted and that its permissions let us in.", cause },
  );
}
