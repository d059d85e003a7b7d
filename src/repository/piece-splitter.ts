/**
 * A file's bytes as pieces, each to become one blob: cut as mail where it is mail, by content
 * where it is not or where a piece of mail is longer than 8 MiB. The pieces depend on the bytes
 * alone, never on how they arrive.
 */
import { type ContentKind, type Cutter, cutLookbackBytes, cutWhole, openCutter } from "#mail";
import { type Chunker, maxChunkBytes, minChunkBytes, openChunker } from "./chunker.ts";

/** Receives a view that is valid during the call only. */
export type OnPiece = (piece: Uint8Array) => void;

export type PieceSplitter = {
  /** The pieces of a file that is in memory as a whole. */
  splitWhole(kind: ContentKind, bytes: Uint8Array, onPiece: OnPiece): void;
  /** Begins a file that comes in chunks. */
  stream(kind: ContentKind, onPiece: OnPiece): PieceStream;
};

export type PieceStream = {
  push(chunk: Uint8Array): void;
  end(): void;
};

export function openPieceSplitter(polynomial: bigint): PieceSplitter {
  // Its tables take milliseconds, and most captures meet nothing that is cut by content.
  let opened: Chunker | undefined;
  const chunkerOf = (): Chunker => (opened ??= openChunker(polynomial));

  function splitWhole(kind: ContentKind, bytes: Uint8Array, onPiece: OnPiece): void {
    if (bytes.length > maxChunkBytes || (kind === "other" && bytes.length > minChunkBytes)) {
      const stream = new Stream({ kind, chunker: chunkerOf(), onPiece });
      stream.push(bytes);
      stream.end();
      return;
    }
    let start = 0;
    if (kind !== "other") {
      for (const cut of cutWhole(kind, bytes)) {
        onPiece(bytes.subarray(start, cut));
        start = cut;
      }
    }
    if (start < bytes.length) onPiece(start === 0 ? bytes : bytes.subarray(start));
  }

  return {
    splitWhole,
    stream: (kind, onPiece) => new Stream({ kind, chunker: chunkerOf(), onPiece }),
  };
}

type StreamOptions = {
  readonly kind: ContentKind;
  readonly chunker: Chunker;
  readonly onPiece: OnPiece;
};

class Stream implements PieceStream {
  readonly #cutter: Cutter;
  readonly #chunker: Chunker;
  readonly #onPiece: OnPiece;
  readonly #isMail: boolean;
  /** What is held: bytes [#base, #base + #used) of the file, the piece begun at its front. */
  #held: Uint8Array = new Uint8Array(1024 * 1024);
  #base = 0;
  #used = 0;
  /** Absolute offset up to which the chunker has looked at the piece begun; #base where it has not. */
  #chunked = 0;

  constructor(options: StreamOptions) {
    this.#isMail = options.kind !== "other";
    this.#cutter = openCutter(options.kind);
    this.#chunker = options.chunker;
    this.#onPiece = options.onPiece;
    this.#chunker.reset();
  }

  push(bytes: Uint8Array): void {
    // Bounded steps, so that a whole file pushed at once is not held twice.
    const step = 1024 * 1024;
    for (let from = 0; from < bytes.length; from += step) {
      const chunk = bytes.subarray(from, from + step);
      this.#append(chunk);
      for (const cut of this.#cutter.push(chunk)) this.#endPiece(cut);
      const certain = this.#base + this.#used - (this.#isMail ? cutLookbackBytes : 0);
      if (!this.#isMail || certain - this.#base > maxChunkBytes) this.#chunkUpTo(certain);
    }
  }

  end(): void {
    for (const cut of this.#cutter.end()) this.#endPiece(cut);
    if (this.#used > 0) this.#endPiece(this.#base + this.#used);
  }

  #append(chunk: Uint8Array): void {
    const needed = this.#used + chunk.length;
    if (needed > this.#held.length) {
      const larger = new Uint8Array(Math.max(needed, this.#held.length * 2));
      larger.set(this.#held.subarray(0, this.#used));
      this.#held = larger;
    }
    this.#held.set(chunk, this.#used);
    this.#used = needed;
  }

  #endPiece(end: number): void {
    const isLong = end - this.#base > maxChunkBytes || this.#chunked > this.#base || !this.#isMail;
    if (isLong || this.#pieceIsChunked) this.#chunkUpTo(end);
    if (end > this.#base) this.#emit(end);
    this.#chunker.reset();
    this.#chunked = this.#base;
    this.#pieceIsChunked = false;
  }

  /** Whether a part of the piece begun has been emitted already. */
  #pieceIsChunked = false;

  #chunkUpTo(end: number): void {
    this.#chunked = Math.max(this.#chunked, this.#base);
    while (this.#chunked < end) {
      const from = this.#chunked - this.#base;
      const cut = this.#chunker.next(this.#held, { from, to: end - this.#base });
      if (cut < 0) {
        this.#chunked = end;
        return;
      }
      this.#chunked = this.#base + cut;
      this.#emit(this.#chunked);
      this.#pieceIsChunked = true;
    }
  }

  #emit(end: number): void {
    const length = end - this.#base;
    this.#onPiece(this.#held.subarray(0, length));
    this.#held.copyWithin(0, length, this.#used);
    this.#used -= length;
    this.#base = end;
  }
}
