/** What is known of each blob of the source's index during a duplication: a byte a blob. */
import type { BlobIndex } from "./blob-index.ts";
import { plainLengthOf } from "./crypto.ts";

export const blobMarks = {
  /** No snapshot looked at so far needs it. */
  unseen: 0,
  /** The target had it before. */
  there: 1,
  /** The target lacks it. */
  wanted: 2,
  /** Stored in the target, and in an index there. */
  copied: 3,
  /** Read back from the target and hashed. */
  verified: 4,
  /** The source's bytes cannot be had, and the target has none. */
  lost: 5,
  /** The target's own bytes cannot be had. */
  lostThere: 6,
} as const;
export type BlobMark = (typeof blobMarks)[keyof typeof blobMarks];

export class DuplicateMarks {
  /** Of all blobs that were ever wanted. */
  blobsWanted = 0;
  bytesWanted = 0;
  readonly #index: BlobIndex;
  readonly #marks: Uint8Array;
  readonly #counts: number[] = Object.values(blobMarks).map(() => 0);

  constructor(index: BlobIndex) {
    this.#index = index;
    this.#marks = new Uint8Array(index.length);
    this.#counts[blobMarks.unseen] = index.length;
  }

  of(blob: number): BlobMark {
    return this.#marks[blob] as BlobMark;
  }

  set(blob: number, mark: BlobMark): void {
    const before = this.#marks[blob] as number;
    this.#counts[before] = this.count(before as BlobMark) - 1;
    this.#counts[mark] = this.count(mark) + 1;
    this.#marks[blob] = mark;
    if (mark !== blobMarks.wanted) return;
    this.blobsWanted++;
    this.bytesWanted += plainLengthOf(this.#index.rawLengthOf(blob), this.#index.lengthOf(blob));
  }

  count(mark: BlobMark): number {
    return this.#counts[mark] as number;
  }

  /** The numbers of all blobs that are marked so, ascending. */
  all(mark: BlobMark): Uint32Array {
    const blobs = new Uint32Array(this.count(mark));
    let used = 0;
    for (
      let blob = this.#marks.indexOf(mark);
      blob >= 0;
      blob = this.#marks.indexOf(mark, blob + 1)
    ) {
      blobs[used++] = blob;
    }
    return blobs;
  }
}
