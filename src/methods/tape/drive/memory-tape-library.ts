import { tapeError } from "../tape-error.ts";
import { type Barcode, parseBarcode } from "./barcode.ts";
import { DrivePool } from "./drive-pool.ts";
import { MemoryMedium } from "./memory-medium.ts";
import type { TapeDrive } from "./tape-drive.ts";
import type { TapeLibrary, TapeSlot } from "./tape-library.ts";

export type MemoryTapeLibraryOptions = {
  readonly barcodes: readonly string[];
  readonly stateFolder: string;
  /** Default: 1 GiB. */
  readonly capacityBytes?: number;
  /** Default: 64 KiB. */
  readonly earlyWarningBytes?: number;
  /** Default: 2. */
  readonly drives?: number;
};

/** What a test may do to tapes in memory beside what a library does. */
export type MemoryTapeLibrary = TapeLibrary & { medium(volume: Barcode): MemoryMedium };

/** A library whose tapes are in memory. For tests and demonstrations. */
export function memoryTapeLibrary(options: MemoryTapeLibraryOptions): MemoryTapeLibrary {
  return new MemoryLibrary(options);
}

class MemoryLibrary implements MemoryTapeLibrary {
  readonly name = "memory";
  readonly stateFolder: string;
  readonly #slots = new Map<Barcode, MemoryMedium>();
  readonly #outside = new Map<Barcode, MemoryMedium>();
  readonly #pool: DrivePool;

  constructor(options: MemoryTapeLibraryOptions) {
    this.stateFolder = options.stateFolder;
    for (const barcode of options.barcodes)
      this.#slots.set(parseBarcode(barcode), new MemoryMedium());
    this.#pool = new DrivePool({
      library: this.name,
      drives: options.drives ?? 2,
      capacityBytes: options.capacityBytes ?? 1024 ** 3,
      earlyWarningBytes: options.earlyWarningBytes ?? 64 * 1024,
      open: async (volume) => this.#find(volume, this.#slots),
    });
  }

  medium(volume: Barcode): MemoryMedium {
    return this.#find(volume, new Map([...this.#slots, ...this.#outside]));
  }

  async inventory(signal?: AbortSignal): Promise<readonly TapeSlot[]> {
    signal?.throwIfAborted();
    return [...this.#slots].map(([barcode, { writeProtected }], index) => ({
      slot: String(index + 1),
      barcode,
      inDrive: this.#pool.has(barcode),
      writeProtected,
    }));
  }

  async openDrive(signal?: AbortSignal): Promise<TapeDrive> {
    signal?.throwIfAborted();
    return this.#pool.openDrive();
  }

  async exportVolume(volume: Barcode, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    const medium = this.#find(volume, this.#slots);
    this.#pool.refuseLoaded(volume);
    this.#slots.delete(volume);
    this.#outside.set(volume, medium);
  }

  async importVolume(volume: Barcode, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    const medium = this.#find(volume, this.#outside);
    this.#outside.delete(volume);
    this.#slots.set(volume, medium);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.resolve();
  }

  #find(volume: Barcode, among: ReadonlyMap<Barcode, MemoryMedium>): MemoryMedium {
    const medium = among.get(volume);
    if (medium !== undefined) return medium;
    throw noVolume(volume, this.name);
  }
}

export function noVolume(volume: Barcode, place: string, cause?: unknown): Error {
  return tapeError(
    "methods.tape-no-volume",
    `Cannot find tape ${volume}: it is not in "${place}"`,
    {
      hint: "Put it in, or look where it was taken to with the vault's list.",
      ...(cause === undefined ? {} : { cause }),
    },
  );
}
