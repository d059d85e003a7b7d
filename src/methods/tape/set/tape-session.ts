import { type Barcode, locate, type TapeDrive } from "../drive/index.ts";
import { isTapeError, tapeError } from "../tape-error.ts";
import { WrittenLog } from "./written-log.ts";

/** One time of writing to one tape, from the end of what is kept on it: remembers what was written, and reads it back. */
export class TapeSession {
  readonly barcode: Barcode;
  readonly drive: TapeDrive;
  readonly firstFile: number;
  readonly #log = new WrittenLog();
  #file: number;
  #full = false;

  /** The drive stands where the file begins. */
  constructor(options: {
    readonly barcode: Barcode;
    readonly drive: TapeDrive;
    readonly firstFile: number;
  }) {
    this.barcode = options.barcode;
    this.drive = options.drive;
    this.firstFile = options.firstFile;
    this.#file = options.firstFile;
  }

  /** The number of the tape's file that is being written. */
  get file(): number {
    return this.#file;
  }

  /** The drive warned that the tape ends, or it did end. */
  get full(): boolean {
    return this.#full;
  }

  /** False where the tape has no room for the block any more; nothing was written then. */
  async block(bytes: Uint8Array, signal?: AbortSignal): Promise<boolean> {
    try {
      const { earlyWarning } = await this.drive.writeBlock(bytes, signal);
      if (earlyWarning) this.#full = true;
    } catch (error) {
      if (!isTapeError(error, "methods.tape-full")) throw error;
      this.#full = true;
      return false;
    }
    this.#log.addBlock(bytes);
    return true;
  }

  /** A block that must fit: a label, or the end of what was begun. */
  async requiredBlock(bytes: Uint8Array, signal?: AbortSignal): Promise<void> {
    if (await this.block(bytes, signal)) return;
    throw tapeError(
      "methods.tape-full",
      `Cannot finish what was begun on tape ${this.barcode}: it ended sooner after the drive's warning than expected`,
      { hint: "Set a larger reserve for the early warning, or smaller blocks, and run it again." },
    );
  }

  async mark(signal?: AbortSignal): Promise<void> {
    const { earlyWarning } = await this.drive.writeFileMark(signal);
    if (earlyWarning) this.#full = true;
    this.#log.addMark();
    this.#file++;
  }

  /** Reads back every label, block and mark. Throws `methods.tape-not-verified`, saying where. */
  async verify(signal?: AbortSignal): Promise<void> {
    await locate(this.drive, { file: this.firstFile, block: 0 }, signal).catch((cause: unknown) => {
      throw isTapeError(cause) ? this.#notVerified("it cannot be found any more", cause) : cause;
    });
    let [file, block] = [this.firstFile, 0];
    for (let index = 0; index < this.#log.length; index++) {
      const where = `block ${block} of file ${file}`;
      const read = await this.drive.readBlock(signal).catch((cause: unknown) => {
        throw isTapeError(cause, "methods.tape-block-damaged")
          ? this.#notVerified(`${where} cannot be read`, cause)
          : cause;
      });
      const isSame =
        read.kind === "file-mark"
          ? this.#log.isMark(index)
          : read.kind === "block" && this.#log.isBlock(index, read.bytes);
      if (!isSame) throw this.#notVerified(`${where} does not read back as it was written`);
      if (read.kind === "file-mark") [file, block] = [file + 1, 0];
      else block++;
    }
    const { kind } = await this.drive.readBlock(signal);
    if (kind !== "end-of-data") throw this.#notVerified("something follows what was written");
  }

  #notVerified(state: string, cause?: unknown): Error {
    return tapeError(
      "methods.tape-not-verified",
      `Cannot trust what was written to tape ${this.barcode}: ${state}`,
      {
        hint: "Clean the drive and run it again; nothing of this run was listed. A tape that fails again is worn out.",
        ...(cause === undefined ? {} : { cause }),
      },
    );
  }
}
