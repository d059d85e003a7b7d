import { tapeError } from "../tape-error.ts";
import type { Barcode } from "./barcode.ts";
import { softwareDrive } from "./software-drive.ts";
import type { TapeDrive } from "./tape-drive.ts";
import type { TapeMedium } from "./tape-medium.ts";

export type DrivePoolOptions = {
  readonly library: string;
  readonly drives: number;
  readonly capacityBytes: number;
  readonly earlyWarningBytes: number;
  readonly open: (volume: Barcode, signal?: AbortSignal) => Promise<TapeMedium>;
};

/** The drives of a library made of software: so many at once, and a tape is in one of them at most. */
export class DrivePool {
  readonly #options: DrivePoolOptions;
  readonly #inUse = new Set<number>();
  readonly #loaded = new Map<Barcode, number>();

  constructor(options: DrivePoolOptions) {
    this.#options = options;
  }

  has(volume: Barcode): boolean {
    return this.#loaded.has(volume);
  }

  refuseLoaded(volume: Barcode): void {
    const drive = this.#loaded.get(volume);
    if (drive === undefined) return;
    throw tapeError(
      "methods.tape-busy",
      `Cannot take tape ${volume}: it is in drive ${drive} of library "${this.#options.library}"`,
      { hint: "Wait until whoever reads or writes it is done.", retryable: true },
    );
  }

  openDrive(): TapeDrive {
    const { drives, library } = this.#options;
    let number = 1;
    while (this.#inUse.has(number)) number++;
    if (number > drives) {
      throw tapeError(
        "methods.tape-no-drive",
        `Cannot open a drive of library "${library}": all ${drives} are in use`,
        { hint: "Wait until one is free.", retryable: true },
      );
    }
    this.#inUse.add(number);
    return this.#drive(number);
  }

  #drive(number: number): TapeDrive {
    const { capacityBytes, earlyWarningBytes, library, open } = this.#options;
    const drive = softwareDrive({
      name: `${library} drive ${number}`,
      capacityBytes,
      earlyWarningBytes,
      fetch: async (volume, signal) => {
        this.refuseLoaded(volume);
        this.#loaded.set(volume, number);
        try {
          return await open(volume, signal);
        } catch (error) {
          this.#loaded.delete(volume);
          throw error;
        }
      },
      onEjected: (volume) => this.#loaded.delete(volume),
    });
    const dispose = drive[Symbol.asyncDispose].bind(drive);
    drive[Symbol.asyncDispose] = async () => {
      await dispose();
      this.#inUse.delete(number);
    };
    return drive;
  }
}
