/**
 * Which of the borders that a message has become cuts.
 *
 * Every blob costs about 110 bytes beside its content (pack entry, tree reference, encryption,
 * a compression context of its own), so a border is worth a cut only where enough bytes beside
 * it may occur again elsewhere. All rules are functions of offsets within one message, so that
 * the same message is cut alike in a Maildir, a dbox file and an mbox.
 */

/** What follows the delivery trace is cut from it where it is at least this long. */
export const restMinimumBytes: number = 1024;
/** Parts below this stay with their neighbours. */
export const partMinimumBytes: number = 4 * 1024;
/** Parts from here on are blobs of their own, however small what lies between them. */
const apartBytes = 16 * 1024;
/** Shorter pieces are not made for the sake of a part below `apartBytes`. */
const pieceMinimumBytes = 1024;

export class CutPlan {
  /** Decided cuts, ascending. */
  cuts: number[] = [];
  /** The last decided cut, or what counts as one while `#rest` is undecided. */
  #lastCut = 0;
  #cutBeforeRest = 0;
  /** Where the rest after the trace starts, while it is not known to be long enough; -1: decided. */
  #rest = -1;
  #restMinimum = restMinimumBytes;
  #partStart = -1;
  #part: "small" | "joined" | "apart" = "small";
  /** End of a part whose cut waits for what follows it; -1: none. */
  #pendingEnd = -1;

  /** A new file. */
  reset(): void {
    this.cuts = [];
    this.#lastCut = 0;
    this.#rest = -1;
    this.#partStart = -1;
    this.#pendingEnd = -1;
  }

  /**
   * A message whose bytes after the delivery trace start here. `hasPrefix`: something that is
   * not of the message lies before. `isFromLine`: that is nothing but an mbox's `From ` line, which is most
   * often the same in every copy.
   */
  beginRest(
    offset: number,
    options: { readonly hasPrefix: boolean; readonly isFromLine: boolean },
  ): void {
    this.#cutBeforeRest = this.#lastCut;
    this.#lastCut = offset;
    this.#rest = options.hasPrefix && offset > 0 ? offset : -1;
    this.#restMinimum = options.isFromLine ? partMinimumBytes : restMinimumBytes;
  }

  openPart(offset: number): void {
    this.#partStart = offset;
    this.#part = "small";
  }

  /** Everything before this offset was seen and belongs to the open part, if one is open. */
  advance(offset: number): void {
    if (this.#rest >= 0 && offset - this.#rest >= this.#restMinimum) {
      this.cuts.push(this.#rest);
      this.#rest = -1;
    }
    const start = this.#partStart;
    if (
      this.#pendingEnd >= 0 &&
      (start < 0 ? offset : start) - this.#pendingEnd >= pieceMinimumBytes
    ) {
      this.#cut(this.#pendingEnd);
      this.#pendingEnd = -1;
    }
    if (start < 0) return;
    const length = offset - start;
    if (this.#part === "small" && length >= partMinimumBytes) {
      this.#pendingEnd = -1;
      this.#part = "joined";
      if (start - this.#lastCut >= pieceMinimumBytes) this.#cut(start);
    }
    if (this.#part === "joined" && length >= apartBytes) {
      this.#part = "apart";
      if (start > this.#lastCut) this.#cut(start);
    }
  }

  closePart(offset: number): void {
    this.advance(offset);
    if (this.#part === "apart") this.#cut(offset);
    else if (this.#part === "joined") this.#pendingEnd = offset;
    this.#partStart = -1;
    this.#part = "small";
  }

  /** The message ends here, and the file with it unless `isInside` says that more follows. */
  endMessage(offset: number, options: { readonly isInside: boolean }): void {
    this.advance(offset);
    if (this.#pendingEnd >= 0 && offset - this.#pendingEnd >= pieceMinimumBytes) {
      this.#cut(this.#pendingEnd);
    }
    this.#partStart = -1;
    this.#part = "small";
    this.#pendingEnd = -1;
    if (this.#rest >= 0) {
      this.#rest = -1;
      this.#lastCut = this.#cutBeforeRest;
    }
    if (options.isInside && offset - this.#lastCut >= pieceMinimumBytes) this.#cut(offset);
  }

  /** The cuts decided since the last call. */
  take(): readonly number[] {
    const cuts = this.cuts;
    if (cuts.length > 0) this.cuts = [];
    return cuts;
  }

  #cut(offset: number): void {
    this.cuts.push(offset);
    this.#lastCut = offset;
  }
}
