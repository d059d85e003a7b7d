import { tapeError } from "../tape-error.ts";
import type { Barcode } from "./barcode.ts";
import type { TapeDrive, TapePosition, TapeRead, TapeStatus, TapeWritten } from "./tape-drive.ts";
import type { TapeMedium } from "./tape-medium.ts";

/** What one block and a mark may take beside their bytes, at most. */
const blockOverheadBytes = 16;

export type SoftwareDriveOptions = {
  readonly name: string;
  /** Bytes that a tape takes. */
  readonly capacityBytes: number;
  /** So many bytes before its end the drive begins to warn. */
  readonly earlyWarningBytes: number;
  /** Fetches a tape: throws `methods.tape-no-volume`, `methods.tape-busy`. */
  readonly fetch: (volume: Barcode, signal?: AbortSignal) => Promise<TapeMedium>;
  /** Told when a tape left the drive. */
  readonly onEjected?: (volume: Barcode) => void;
};

/** A drive whose tapes are in memory or in files. */
export function softwareDrive(options: SoftwareDriveOptions): TapeDrive {
  return new SoftwareDrive(options);
}

type Loaded = { readonly volume: Barcode; readonly medium: TapeMedium };

class SoftwareDrive implements TapeDrive {
  readonly name: string;
  readonly #options: SoftwareDriveOptions;
  #loaded: Loaded | undefined;
  #index = 0;
  #file = 0;
  #block = 0;

  constructor(options: SoftwareDriveOptions) {
    this.name = options.name;
    this.#options = options;
  }

  async status(signal?: AbortSignal): Promise<TapeStatus> {
    signal?.throwIfAborted();
    if (this.#loaded === undefined)
      return { loaded: false, atEndOfTape: false, writeProtected: false };
    const { volume, medium } = this.#loaded;
    return {
      loaded: true,
      barcode: volume,
      position: this.#position(),
      atEndOfTape: this.#warns(medium.offsetOf(this.#index)),
      writeProtected: medium.writeProtected,
    };
  }

  async load(volume: Barcode, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    await this.eject(signal);
    const medium = await this.#options.fetch(volume, signal);
    this.#loaded = { volume, medium };
    this.#toBeginning();
  }

  async rewind(signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    this.#tape("rewind");
    this.#toBeginning();
  }

  async readBlock(signal?: AbortSignal): Promise<TapeRead> {
    signal?.throwIfAborted();
    const { volume, medium } = this.#tape("read");
    if (this.#index >= medium.length) return { kind: "end-of-data", torn: medium.torn };
    const index = this.#index;
    const at = this.#position();
    this.#stepOver(medium);
    switch (medium.kindOf(index)) {
      case "file-mark":
        return { kind: "file-mark" };
      case "damaged":
        throw damaged(volume, at);
      case "block":
        try {
          return { kind: "block", bytes: await medium.read(index) };
        } catch (error) {
          throw damaged(volume, at, error);
        }
    }
  }

  async writeBlock(bytes: Uint8Array, signal?: AbortSignal): Promise<TapeWritten> {
    signal?.throwIfAborted();
    const { medium, volume } = await this.#cutHere();
    const { capacityBytes } = this.#options;
    if (medium.offsetOf(medium.length) + bytes.length + blockOverheadBytes > capacityBytes) {
      throw tapeError(
        "methods.tape-full",
        `Cannot write to tape ${volume}: it is full at file ${this.#file}, block ${this.#block}`,
        { hint: "Go on with another tape." },
      );
    }
    await medium.append(bytes);
    this.#index++;
    this.#block++;
    return { earlyWarning: this.#warns(medium.offsetOf(this.#index)) };
  }

  async writeFileMark(signal?: AbortSignal): Promise<TapeWritten> {
    signal?.throwIfAborted();
    const { medium } = await this.#cutHere();
    await medium.appendMark();
    this.#stepOver(medium);
    return { earlyWarning: this.#warns(medium.offsetOf(this.#index)) };
  }

  async spaceFileMarks(count: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    const { volume, medium } = this.#tape("space over file marks");
    let left = Math.abs(count);
    const from = this.#position();
    while (count > 0 && left > 0 && this.#index < medium.length) {
      if (medium.kindOf(this.#index) === "file-mark") left--;
      this.#stepOver(medium);
    }
    while (count < 0 && left > 0 && this.#index > 0) {
      this.#index--;
      if (medium.kindOf(this.#index) === "file-mark") left--;
    }
    if (count < 0) this.#recount(medium);
    if (left > 0) throw noSuchPlace(volume, `${count} file marks`, from);
  }

  async spaceBlocks(count: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    const { volume, medium } = this.#tape("space over blocks");
    const from = this.#position();
    for (let left = count; left > 0; left--) {
      if (this.#index >= medium.length || medium.kindOf(this.#index) === "file-mark")
        throw noSuchPlace(volume, `${count} blocks`, from);
      this.#stepOver(medium);
    }
  }

  async eject(signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    const loaded = this.#loaded;
    if (loaded === undefined) return;
    this.#loaded = undefined;
    this.#toBeginning();
    try {
      await loaded.medium[Symbol.asyncDispose]();
    } finally {
      this.#options.onEjected?.(loaded.volume);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.eject();
  }

  #tape(action: string): Loaded {
    if (this.#loaded !== undefined) return this.#loaded;
    throw tapeError(
      "methods.tape-not-loaded",
      `Cannot ${action}: there is no tape in drive "${this.name}"`,
      { hint: "Load one first." },
    );
  }

  /** What stands from here on is gone, as on every tape. */
  async #cutHere(): Promise<Loaded> {
    const loaded = this.#tape("write");
    if (loaded.medium.writeProtected) {
      throw tapeError(
        "methods.tape-write-protected",
        `Cannot write to tape ${loaded.volume}: it is write-protected`,
        { hint: "Move the switch on the cartridge if it may be written to, or use another tape." },
      );
    }
    const { medium } = loaded;
    if (this.#index < medium.length || medium.torn) await medium.cut(this.#index);
    return loaded;
  }

  #warns(usedBytes: number): boolean {
    return usedBytes >= this.#options.capacityBytes - this.#options.earlyWarningBytes;
  }

  #position(): TapePosition {
    return { file: this.#file, block: this.#block };
  }

  #toBeginning(): void {
    this.#index = 0;
    this.#file = 0;
    this.#block = 0;
  }

  #stepOver(medium: TapeMedium): void {
    if (medium.kindOf(this.#index) === "file-mark") {
      this.#file++;
      this.#block = 0;
    } else this.#block++;
    this.#index++;
  }

  #recount(medium: TapeMedium): void {
    const index = this.#index;
    this.#toBeginning();
    while (this.#index < index) this.#stepOver(medium);
  }
}

function damaged(volume: Barcode, { file, block }: TapePosition, cause?: unknown): Error {
  return tapeError(
    "methods.tape-block-damaged",
    `Cannot read tape ${volume}: block ${block} of file ${file} is damaged`,
    {
      hint: "Clean the drive and read it again; everything else on the tape can still be read.",
      ...(cause === undefined ? {} : { cause }),
    },
  );
}

function noSuchPlace(volume: Barcode, what: string, { file, block }: TapePosition): Error {
  return tapeError(
    "methods.tape-end-of-data",
    `Cannot go ${what} on from file ${file}, block ${block} of tape ${volume}: there are fewer`,
    { hint: "The tape holds less than was expected: look at it with the survey of its labels." },
  );
}
