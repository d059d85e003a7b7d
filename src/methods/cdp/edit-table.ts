import type { ContentPiece, Sequence } from "#journal";
import { grown } from "./state-table.ts";

/** Where a stretch of a file's bytes is had from. */
export type Extent = {
  /** First byte, and the one after the last, within the file. */
  readonly start: number;
  readonly end: number;
  readonly from: "base" | "zeros" | "unknown" | Sequence;
  /** First byte within the base's file, or within that event's bytes. */
  readonly at: number;
};

const firstRows = 1024;
const kinds = { put: 0, write: 1, truncate: 2 } as const;

export type Edit = {
  readonly kind: keyof typeof kinds;
  /** Of a write. */
  readonly offset: number;
  /** Of the file, once it is done. */
  readonly sizeBytes: number;
  readonly content: readonly ContentPiece[];
};

/**
 * What was done to the bytes of files, in columns: 29 bytes a change and 16 a piece. Each file's changes
 * are a chain, newest first; one that gives the whole file ends it.
 */
export class EditTable {
  #edits = 0;
  #kinds = new Uint8Array(firstRows);
  #offsets = new Float64Array(firstRows);
  #sizes = new Float64Array(firstRows);
  #firstPieces = new Uint32Array(firstRows);
  #pieceCounts = new Uint32Array(firstRows);
  #previous = new Int32Array(firstRows);
  #pieces = 0;
  #pieceData = new Float64Array(firstRows);
  #pieceOffsets = new Uint32Array(firstRows);
  #pieceLengths = new Uint32Array(firstRows);

  /** Adds a change after `previous` (-1: the first), and returns its number. */
  add({ kind, offset, sizeBytes, content }: Edit, previous: number): number {
    const edit = this.#newEdit();
    this.#kinds[edit] = kinds[kind];
    this.#offsets[edit] = offset;
    this.#sizes[edit] = sizeBytes;
    this.#firstPieces[edit] = this.#pieces;
    this.#pieceCounts[edit] = content.length;
    this.#previous[edit] = kind === "put" ? -1 : previous;
    for (const piece of content) {
      const row = this.#newPiece();
      this.#pieceData[row] = piece.data;
      this.#pieceOffsets[row] = piece.offset;
      this.#pieceLengths[row] = piece.lengthBytes;
    }
    return edit;
  }

  /**
   * All bytes of a file after its newest change `last`, in order and without a gap. `baseBytes` is the
   * size that the base copy has of it; undefined where the base has no such file: what no change gave
   * is unknown then.
   */
  extents(last: number, baseBytes: number | undefined): readonly Extent[] {
    const chain: number[] = [];
    for (let edit = last; edit >= 0; edit = this.#previous[edit] as number) chain.push(edit);
    const painted = new Painted(baseBytes);
    for (const edit of chain.reverse()) {
      const sizeBytes = this.#sizes[edit] as number;
      let at = this.#offsets[edit] as number;
      if (this.#kinds[edit] === kinds.put) painted.clear();
      if (at > painted.end && this.#kinds[edit] === kinds.write) painted.resize(at, "zeros");
      const first = this.#firstPieces[edit] as number;
      for (let row = first; row < first + (this.#pieceCounts[edit] as number); row++) {
        const end = at + (this.#pieceLengths[row] as number);
        painted.paint({
          start: at,
          end,
          from: this.#pieceData[row] as number,
          at: this.#pieceOffsets[row] as number,
        });
        at = end;
      }
      // A file that is put whole, and says that it is longer than the bytes that came along.
      painted.resize(sizeBytes, this.#kinds[edit] === kinds.put ? "unknown" : "zeros");
    }
    return painted.extents;
  }

  #newEdit(): number {
    const edit = this.#edits++;
    if (edit < this.#kinds.length) return edit;
    const rows = edit * 2;
    this.#kinds = grown(this.#kinds, new Uint8Array(rows));
    this.#offsets = grown(this.#offsets, new Float64Array(rows));
    this.#sizes = grown(this.#sizes, new Float64Array(rows));
    this.#firstPieces = grown(this.#firstPieces, new Uint32Array(rows));
    this.#pieceCounts = grown(this.#pieceCounts, new Uint32Array(rows));
    this.#previous = grown(this.#previous, new Int32Array(rows));
    return edit;
  }

  #newPiece(): number {
    const piece = this.#pieces++;
    if (piece < this.#pieceData.length) return piece;
    const rows = piece * 2;
    this.#pieceData = grown(this.#pieceData, new Float64Array(rows));
    this.#pieceOffsets = grown(this.#pieceOffsets, new Uint32Array(rows));
    this.#pieceLengths = grown(this.#pieceLengths, new Uint32Array(rows));
    return piece;
  }
}

/** A file's extents while its changes are laid over each other, oldest first. */
class Painted {
  #extents: Extent[];

  constructor(baseBytes: number | undefined) {
    // Of a file whose beginning nobody saw not even the size is known, until the first change tells it.
    const from = baseBytes === undefined ? "unknown" : "base";
    const end = baseBytes ?? Number.MAX_SAFE_INTEGER;
    this.#extents = end === 0 ? [] : [{ start: 0, end, from, at: 0 }];
  }

  get extents(): readonly Extent[] {
    return this.#extents;
  }

  get end(): number {
    return this.#extents.at(-1)?.end ?? 0;
  }

  clear(): void {
    this.#extents = [];
  }

  /** Cuts what lies beyond, or fills up to it. */
  resize(sizeBytes: number, filling: "zeros" | "unknown"): void {
    const { end } = this;
    if (sizeBytes > end) this.#extents.push({ start: end, end: sizeBytes, from: filling, at: 0 });
    if (sizeBytes >= end) return;
    const at = this.#indexAt(sizeBytes);
    const cut = this.#extents[at];
    this.#extents.length = at;
    if (cut !== undefined && cut.start < sizeBytes) this.#extents.push({ ...cut, end: sizeBytes });
  }

  /** `one` begins at or before the end. */
  paint(one: Extent): void {
    if (one.start === one.end) return;
    if (one.start === this.end) {
      this.#extents.push(one);
      return;
    }
    const first = this.#indexAt(one.start);
    const last = one.end >= this.end ? this.#extents.length - 1 : this.#indexAt(one.end - 1);
    const before = this.#extents[first] as Extent;
    const after = this.#extents[last] as Extent;
    const fresh: Extent[] = [];
    if (before.start < one.start) fresh.push({ ...before, end: one.start });
    fresh.push(one);
    if (after.end > one.end)
      fresh.push({ ...after, start: one.end, at: after.at + one.end - after.start });
    this.#extents.splice(first, last - first + 1, ...fresh);
  }

  /** The extent that holds a byte. Binary search. */
  #indexAt(offset: number): number {
    let low = 0;
    let high = this.#extents.length - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#extents[middle] as Extent).end <= offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
