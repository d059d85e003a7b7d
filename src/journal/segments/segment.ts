/** What is known of one segment of a journal, and how its records are found. */
import type { Sequence } from "../journal-event.ts";
import type { JournalPoint } from "../journal.ts";
import type { JournalFile } from "./journal-files.ts";
import type { OpenedHeader } from "./segment-header.ts";

/** Where records are not what was written. */
export type SegmentHole = {
  /** What was written there was promised to be safe. */
  readonly isDamage: boolean;
  /** The last whole record before it in this segment, and the first after. */
  readonly after?: JournalPoint;
  readonly before?: JournalPoint;
  readonly offset: number;
  readonly endOffset: number;
};

export type FramePlace = {
  readonly offset: number;
  readonly lengthBytes: number;
};

export interface Segment {
  readonly opened: OpenedHeader;
  readonly first: JournalPoint | undefined;
  readonly last: JournalPoint | undefined;
  /** Tag of the last frame; of the header where there is none. */
  readonly lastTag: Buffer;
  /** Its last record is the mark of a clean stop. */
  readonly isCleanStop: boolean;
  readonly holes: readonly SegmentHole[];
  /** An index stands at its end of which something is not what was written. */
  readonly hasDamagedIndex?: boolean;
  /** Where the frames end. */
  readonly endOffset: number;
  /** Where to begin to look for a sequence: at its frame, or at one before. */
  offsetOf(sequence: Sequence, file: JournalFile): Promise<number>;
  /** Where the frame of a `data` event lies. */
  dataAt(sequence: Sequence, file: JournalFile): Promise<FramePlace | undefined>;
}
