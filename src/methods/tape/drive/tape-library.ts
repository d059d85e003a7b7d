/**
 * The port of a tape library: drives, and slots with tapes that a barcode reader can tell apart. An autoloader that
 * `mtx` drives, or a person who changes tapes by hand, fits behind it.
 */
import type { Barcode } from "./barcode.ts";
import type { TapeDrive } from "./tape-drive.ts";

export type TapeSlot = {
  readonly slot: string;
  /** Undefined where something lies in the slot whose barcode cannot be read. */
  readonly barcode?: Barcode;
  readonly inDrive: boolean;
  readonly writeProtected: boolean;
};

export interface TapeLibrary extends AsyncDisposable {
  readonly name: string;
  /** Absolute folder of this machine where what is known of the library and its tapes is kept. */
  readonly stateFolder: string;
  /** The slots with something in them, by slot. Throws `methods.tape-library-unreachable`: never an empty list instead. */
  inventory(signal?: AbortSignal): Promise<readonly TapeSlot[]>;
  /** A drive of its own until it is disposed of. Throws `methods.tape-no-drive` when all are in use. */
  openDrive(signal?: AbortSignal): Promise<TapeDrive>;
  /** Puts a tape into the slot that a person can open. Throws `methods.tape-no-volume`, `methods.tape-busy`. */
  exportVolume(volume: Barcode, signal?: AbortSignal): Promise<void>;
  /** Takes a tape from that slot in again. */
  importVolume(volume: Barcode, signal?: AbortSignal): Promise<void>;
}
