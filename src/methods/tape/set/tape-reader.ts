import { type Barcode, locate, type TapeDrive } from "../drive/index.ts";
import { isTapeError, tapeError } from "../tape-error.ts";
import { checkVolumeLabel } from "./survey-tape.ts";

export type TapeReaderOptions = {
  /** Called when a tape is needed for the first time, or another one than before. Puts it into the drive. */
  readonly load: (barcode: Barcode, signal?: AbortSignal) => Promise<TapeDrive>;
  readonly blockBytes: number;
};

/** A range of a tape's file. */
export type TapeRange = {
  readonly barcode: Barcode;
  readonly file: number;
  readonly offset: number;
  readonly lengthBytes: number;
  readonly signal?: AbortSignal | undefined;
};

/** Any range of any file of a set's tapes, as if they were disks: goes where it must, and keeps the last block. */
export class TapeReader {
  readonly #options: TapeReaderOptions;
  #loaded: { readonly barcode: Barcode; readonly drive: TapeDrive } | undefined;
  #kept:
    | {
        readonly barcode: Barcode;
        readonly file: number;
        readonly block: number;
        readonly bytes: Uint8Array;
      }
    | undefined;
  /** One at a time: there is one tape and one head. */
  #queue: Promise<unknown> = Promise.resolve();

  constructor(options: TapeReaderOptions) {
    this.#options = options;
  }

  /**
   * Throws `methods.tape-block-damaged`, `methods.tape-end-of-data` where the file is shorter, and whatever putting the
   * tape into the drive throws.
   */
  async read(range: TapeRange): Promise<Buffer> {
    const turn = this.#queue.then(async () => await this.#read(range));
    this.#queue = turn.catch(() => undefined);
    return await turn;
  }

  async #read({ barcode, file, offset, lengthBytes, signal }: TapeRange): Promise<Buffer> {
    signal?.throwIfAborted();
    const { blockBytes } = this.#options;
    const result = Buffer.allocUnsafeSlow(lengthBytes);
    let done = 0;
    while (done < lengthBytes) {
      const at = offset + done;
      const block = Math.floor(at / blockBytes);
      const bytes = await this.#block({ barcode, file, block, signal });
      const within = at - block * blockBytes;
      const piece = bytes.subarray(within, within + lengthBytes - done);
      if (piece.length === 0) throw endsEarly({ barcode, file, block });
      result.set(piece, done);
      done += piece.length;
    }
    return result;
  }

  async #block(at: BlockPlace & { readonly signal: AbortSignal | undefined }): Promise<Uint8Array> {
    const { barcode, file, block, signal } = at;
    const kept = this.#kept;
    if (kept?.barcode === barcode && kept.file === file && kept.block === block) return kept.bytes;
    const drive = await this.#drive(barcode, signal);
    try {
      await locate(drive, { file, block }, signal);
    } catch (error) {
      throw isTapeError(error, "methods.tape-end-of-data") ? endsEarly(at, error) : error;
    }
    const read = await drive.readBlock(signal);
    if (read.kind !== "block") throw endsEarly(at);
    this.#kept = { barcode, file, block, bytes: read.bytes };
    return read.bytes;
  }

  async #drive(barcode: Barcode, signal: AbortSignal | undefined): Promise<TapeDrive> {
    if (this.#loaded?.barcode === barcode) return this.#loaded.drive;
    this.#loaded = undefined;
    this.#kept = undefined;
    const drive = await this.#options.load(barcode, signal);
    await checkVolumeLabel(drive, barcode, signal);
    this.#loaded = { barcode, drive };
    return drive;
  }
}

type BlockPlace = { readonly barcode: Barcode; readonly file: number; readonly block: number };

function endsEarly({ barcode, file, block }: BlockPlace, cause?: unknown): Error {
  return tapeError(
    "methods.tape-end-of-data",
    `Cannot read tape ${barcode}: file ${file} ends before block ${block}`,
    {
      hint: "The tape was written over or cut since; rebuild the catalogue to see what is on it.",
      ...(cause === undefined ? {} : { cause }),
    },
  );
}
