/**
 * methods/tape/drive: the ports of a tape drive and a tape library, virtual tape on SIMH .tap files, and tape in memory.
 */
export { type Barcode, isBarcode, parseBarcode, volumeSerialOf } from "./barcode.ts";
export {
  locate,
  type TapeDrive,
  type TapePosition,
  type TapeRead,
  type TapeStatus,
  type TapeWritten,
} from "./tape-drive.ts";
export type { TapeLibrary, TapeSlot } from "./tape-library.ts";
export {
  memoryTapeLibrary,
  type MemoryTapeLibrary,
  type MemoryTapeLibraryOptions,
} from "./memory-tape-library.ts";
export {
  openVirtualTapeLibrary,
  type VirtualTapeLibrary,
  type VirtualTapeLibraryOptions,
} from "./virtual-tape-library.ts";
export { virtualTapeDrive, type VirtualTapeDriveOptions } from "./virtual-tape-drive.ts";
