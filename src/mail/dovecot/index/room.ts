/** The log asks for more work or memory than any server's does. */
export class TooMuchWork extends Error {}

/** How many rows an index has room for, and what bounds the cost of changing them. */
export interface Room {
  readonly capacity: number;
  /** Counts work in changes of one row; throws TooMuchWork. */
  spend(work: number): void;
}

/** Rows of 16 bytes for 30 million messages, or 128 for 4 million. */
const columnLimitBytes = 512 * 1024 * 1024;

/** Columns of zeros, counted as the work that they are. */
export function allocate(bytes: number, room: Pick<Room, "spend">): Uint8Array {
  if (bytes > columnLimitBytes) throw new TooMuchWork();
  room.spend(bytes >>> 4);
  return new Uint8Array(bytes);
}
