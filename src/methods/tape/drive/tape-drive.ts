/**
 * The port of a tape drive: what a drive with a tape in it can do, as `mt` and read(2) know it. A tape is a row of
 * blocks and file marks; writing somewhere ends the tape there, whatever stood behind is gone.
 */
import type { Barcode } from "./barcode.ts";

/** Where the tape stands: file marks passed since its beginning, and blocks since the last of them. */
export type TapePosition = { readonly file: number; readonly block: number };

export type TapeStatus = {
  readonly loaded: boolean;
  /** Of the cartridge, as the library or a person read it; what is recorded on the tape is another matter. */
  readonly barcode?: Barcode;
  readonly position?: TapePosition;
  /** The position is behind the early warning: there is room for labels and little more. */
  readonly atEndOfTape: boolean;
  readonly writeProtected: boolean;
};

export type TapeRead =
  | { readonly kind: "block"; readonly bytes: Uint8Array }
  | { readonly kind: "file-mark" }
  /** Nothing was written from here on. Torn: there is a piece of something whose writing never ended. */
  | { readonly kind: "end-of-data"; readonly torn: boolean };

export type TapeWritten = {
  /** The block is written, and the tape is nearly at its end. */
  readonly earlyWarning: boolean;
};

/**
 * Every method but `status`, `load` and `eject` throws `methods.tape-not-loaded` without a tape. Writing throws
 * `methods.tape-write-protected`; `methods.tape-full` where nothing fits any more, and then nothing was written.
 */
export interface TapeDrive extends AsyncDisposable {
  readonly name: string;
  status(signal?: AbortSignal): Promise<TapeStatus>;
  /**
   * Takes the tape out that is in the drive, and puts this one in, at its beginning. Throws `methods.tape-no-volume`
   * where there is none, `methods.tape-busy` where another drive has it.
   */
  load(volume: Barcode, signal?: AbortSignal): Promise<void>;
  rewind(signal?: AbortSignal): Promise<void>;
  /** Throws `methods.tape-block-damaged`; the tape then stands behind that block. */
  readBlock(signal?: AbortSignal): Promise<TapeRead>;
  writeBlock(bytes: Uint8Array, signal?: AbortSignal): Promise<TapeWritten>;
  /** What was written so far survives a power cut once this returns. */
  writeFileMark(signal?: AbortSignal): Promise<TapeWritten>;
  /**
   * Forward to behind the so-many-th file mark; backward (negative) to before it. Throws `methods.tape-end-of-data`
   * where there are fewer; the tape then stands at the end of data, or at its beginning.
   */
  spaceFileMarks(count: number, signal?: AbortSignal): Promise<void>;
  /** Forward over so many blocks of this file. Throws `methods.tape-end-of-data` where a mark or the end comes first. */
  spaceBlocks(count: number, signal?: AbortSignal): Promise<void>;
  /** Takes the tape out, if there is one. */
  eject(signal?: AbortSignal): Promise<void>;
}

/** Goes to a position by the shortest way that every drive has. */
export async function locate(
  drive: TapeDrive,
  to: TapePosition,
  signal?: AbortSignal,
): Promise<void> {
  const { position } = await drive.status(signal);
  const here = position ?? { file: 0, block: 0 };
  if (to.file === here.file && to.block >= here.block) {
    if (to.block > here.block) await drive.spaceBlocks(to.block - here.block, signal);
    return;
  }
  if (to.file > here.file) await drive.spaceFileMarks(to.file - here.file, signal);
  else if (to.file === 0 || position === undefined) await drive.rewind(signal);
  else {
    // Before the mark that begins the file, and over it again.
    await drive.spaceFileMarks(to.file - here.file - 1, signal);
    await drive.spaceFileMarks(1, signal);
  }
  if (to.block > 0) await drive.spaceBlocks(to.block, signal);
}
