/** What lies on a tape, for drives that are made of software: blocks and file marks in a row, which only grows or is cut. */
export type TapeObject = "block" | "file-mark" | "damaged";

export interface TapeMedium extends AsyncDisposable {
  /** How many objects there are. */
  readonly length: number;
  /** Whether something follows the last object whose writing never ended. */
  readonly torn: boolean;
  readonly writeProtected: boolean;
  kindOf(index: number): TapeObject;
  /** Bytes of tape before an object; of `length`: all that is used. */
  offsetOf(index: number): number;
  /** The bytes of a block. Throws where they cannot be read. */
  read(index: number): Promise<Uint8Array>;
  /** Everything from this object on is gone. */
  cut(index: number): Promise<void>;
  append(block: Uint8Array): Promise<void>;
  /** Everything survives a power cut once this returns. */
  appendMark(): Promise<void>;
}
