import type { Sequence } from "../journal-event.ts";
import type { JournalPoint } from "../journal.ts";
import { peekEvent } from "./event-codec.ts";
import { frameOverheadBytes } from "./frame.ts";
import { FrameColumns } from "./frame-columns.ts";
import type { JournalFile } from "./journal-files.ts";
import { type ScannedFrame, scanFrames } from "./scan-frames.ts";
import type { FramePlace, Segment, SegmentHole } from "./segment.ts";
import { headerBytes, type OpenedHeader } from "./segment-header.ts";

/** A hole whose meaning depends on how far the journal was durable. */
type Found = Omit<SegmentHole, "isDamage">;

/**
 * A segment that has no index yet: it is being written, or its writer came to an end before it could
 * write one. Its frames are looked at as far as it is known to go; what is looked at once is
 * not looked at again.
 */
export class OpenSegment implements Segment {
  readonly opened: OpenedHeader;
  first: JournalPoint | undefined;
  last: JournalPoint | undefined;
  lastTag: Buffer;
  isCleanStop = false;
  /** An index stands at its end that is not what was written. */
  hasDamagedIndex = false;
  endOffset: number = headerBytes;
  readonly #columns: FrameColumns;
  #found: Found[] = [];
  /** The last hole is one because nothing whole follows yet. */
  #hasOpenEnd = false;
  #promised: Sequence = 0;

  constructor(opened: OpenedHeader) {
    this.opened = opened;
    this.lastTag = opened.tag;
    this.#columns = new FrameColumns(opened.header.first);
  }

  get holes(): readonly SegmentHole[] {
    return this.#found.map((hole) => ({ ...hole, isDamage: this.#isPromised(hole) }));
  }

  /** The last sequence that was promised to be safe, as far as anything says so. */
  get promised(): Sequence {
    return this.#promised;
  }

  promise(sequence: Sequence): void {
    this.#promised = Math.max(this.#promised, sequence);
  }

  /** Looks at what was written since, up to `to`. `each` is told of every record that is new. */
  async advance(
    file: JournalFile,
    {
      to,
      each,
      signal,
    }: {
      readonly to: number;
      readonly each?: (frame: ScannedFrame) => void;
      readonly signal?: AbortSignal | undefined;
    },
  ): Promise<void> {
    if (this.#hasOpenEnd) this.#found.pop();
    this.#hasOpenEnd = false;
    const { header, keys } = this.opened;
    const previous = { sequence: this.last?.sequence ?? header.first - 1, tag: this.lastTag };
    const frames = scanFrames(file, {
      salt: header.salt,
      key: keys.frame,
      from: this.endOffset,
      to,
      previous,
      withData: true,
      signal,
    });
    let hole: { readonly offset: number; readonly endOffset: number } | undefined;
    for await (const batch of frames) {
      for (const item of batch) {
        if (item.kind === "hole")
          hole = { offset: hole?.offset ?? item.offset, endOffset: item.endOffset };
        else {
          this.#add(item, hole);
          hole = undefined;
          each?.(item);
        }
      }
    }
    if (hole === undefined) return;
    this.#found.push({ ...hole, ...(this.last === undefined ? {} : { after: this.last }) });
    this.#hasOpenEnd = true;
  }

  /** What follows the last record belongs to the index that is being written: no hole. */
  ignoreEnd(): void {
    if (this.#hasOpenEnd) this.#found.pop();
    this.#hasOpenEnd = false;
  }

  async offsetOf(sequence: Sequence): Promise<number> {
    return this.#columns.atOrAfter(sequence)?.offset ?? this.endOffset;
  }

  async dataAt(sequence: Sequence): Promise<FramePlace | undefined> {
    const found = this.#columns.atOrAfter(sequence);
    return found?.sequence === sequence && found.dataBytes > 0 ? found : undefined;
  }

  #add(
    frame: ScannedFrame,
    hole: { readonly offset: number; readonly endOffset: number } | undefined,
  ): void {
    const { atNs, isCleanStop } = peekEvent(frame.metadata);
    const point = { sequence: frame.sequence, atNs };
    if (hole !== undefined)
      this.#found.push({
        ...hole,
        ...(this.last === undefined ? {} : { after: this.last }),
        before: point,
      });
    this.first ??= point;
    this.last = point;
    this.lastTag = Buffer.from(frame.tag);
    this.isCleanStop = isCleanStop;
    this.endOffset = frame.endOffset;
    this.promise(frame.sequence - frame.unsynced);
    const lengthBytes = frameOverheadBytes + frame.metadata.length + frame.dataBytes;
    this.#columns.add({ ...frame, lengthBytes });
  }

  #isPromised({ after }: Found): boolean {
    return (after?.sequence ?? this.opened.header.first - 1) < this.#promised;
  }
}
