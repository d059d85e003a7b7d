/** Cuts a file that arrives in chunks: the same cuts however it is divided, in bounded memory. */
export interface Cutter {
  /** The cuts that became certain, as absolute offsets, ascending over all calls. */
  push(chunk: Uint8Array): readonly number[];
  /** The remaining cuts. The cutter is of no further use then. */
  end(): readonly number[];
  /** Bytes that the cutter holds between calls; stays below `cutLookbackBytes`. */
  readonly heldBytes: number;
}
