import type { JournalRecord, Sequence } from "../journal-event.ts";
import type { JournalPoint } from "../journal.ts";
import { decodeEvent, peekEvent } from "./event-codec.ts";
import { frameOverheadBytes } from "./frame.ts";
import type { IndexedRecord } from "./index-blocks.ts";
import type { JournalFile } from "./journal-files.ts";
import { type ScannedFrame, type ScannedHole, scanFrames } from "./scan-frames.ts";
import { SealedSegment } from "./sealed-segment.ts";
import type { Segment, SegmentHole } from "./segment.ts";

export type SegmentReading = {
  readonly segment: Segment;
  readonly file: JournalFile;
  readonly from: Sequence;
  readonly to: Sequence;
  readonly withoutData: boolean;
  readonly signal: AbortSignal | undefined;
};

type Frame = Pick<ScannedFrame, "kind" | "sequence" | "metadata" | "data" | "offset" | "endOffset">;

const noBytes = Buffer.alloc(0);

/** The records of one segment, in order, in batches. `found` is told where there is something else. */
export async function* readSegment(
  reading: SegmentReading,
  found: (hole: Omit<SegmentHole, "isDamage">) => void,
): AsyncGenerator<readonly JournalRecord[]> {
  const { from, to } = reading;
  const { holes } = reading.segment;
  let after: JournalPoint | undefined;
  let hole: { readonly offset: number; readonly endOffset: number } | undefined;
  const endHole = async (before?: JournalPoint): Promise<readonly JournalRecord[]> => {
    if (hole === undefined) return [];
    found({ ...hole, ...pointsOf(after, before) });
    hole = undefined;
    const range = {
      from: Math.max(from, (after?.sequence ?? 0) + 1),
      to: Math.min(to, (before?.sequence ?? to + 1) - 1),
    };
    return await recordsInHole(reading, range);
  };
  for await (const batch of framesOf(reading)) {
    const records: JournalRecord[] = [];
    for (const item of batch) {
      if (item.kind === "hole") {
        hole = { offset: hole?.offset ?? item.offset, endOffset: item.endOffset };
        continue;
      }
      const { sequence, metadata, data, offset, endOffset } = item;
      // Whose data are lost is no record, also for a reader that does not want them.
      if (holes.some((known) => offset >= known.offset && offset < known.endOffset)) continue;
      const point = { sequence, atNs: peekEvent(metadata).atNs };
      if (hole !== undefined) records.push(...(await endHole(point)));
      after = point;
      if (sequence < from || sequence > to) continue;
      const decoded = decodeEvent(metadata, data);
      if (decoded !== undefined) records.push({ sequence, ...decoded });
      else hole = { offset, endOffset };
    }
    yield records;
    if (after !== undefined && after.sequence >= to) return;
  }
  yield await endHole();
}

/** From the index, where there is one and the bytes of mail are not wanted; otherwise from the frames. */
async function* framesOf({
  segment,
  file,
  from,
  to,
  withoutData,
  signal,
}: SegmentReading): AsyncGenerator<readonly (Frame | ScannedHole)[]> {
  const scan = (range: {
    readonly from: number;
    readonly to: number;
  }): AsyncGenerator<readonly (Frame | ScannedHole)[]> =>
    scanFrames(file, {
      ...range,
      salt: segment.opened.header.salt,
      key: segment.opened.keys.frame,
      withData: !withoutData,
      signal,
    });
  if (!withoutData || !(segment instanceof SealedSegment)) {
    yield* scan({ from: await segment.offsetOf(from, file), to: segment.endOffset });
    return;
  }
  for await (const part of segment.records(file, { from, to })) {
    signal?.throwIfAborted();
    if (part.records === undefined) yield* scan({ from: part.offset, to: part.endOffset });
    else yield part.records.map(frameOf);
  }
}

/** Records that a hole took, as far as the index has them: all but `data` events. */
async function recordsInHole(
  { segment, file }: SegmentReading,
  range: { readonly from: Sequence; readonly to: Sequence },
): Promise<readonly JournalRecord[]> {
  if (!(segment instanceof SealedSegment) || range.from > range.to) return [];
  const saved: JournalRecord[] = [];
  for await (const { records = [] } of segment.records(file, range)) {
    for (const { sequence, metadata, dataBytes } of records) {
      const decoded = dataBytes === 0 ? decodeEvent(metadata, noBytes) : undefined;
      if (decoded !== undefined) saved.push({ sequence, ...decoded });
    }
  }
  return saved;
}

function frameOf(record: IndexedRecord): Frame {
  const { sequence, offset, metadata, dataBytes } = record;
  const endOffset = offset + frameOverheadBytes + metadata.length + dataBytes;
  return { kind: "frame", sequence, metadata, data: noBytes, offset, endOffset };
}

function pointsOf(
  after: JournalPoint | undefined,
  before: JournalPoint | undefined,
): Pick<SegmentHole, "after" | "before"> {
  return {
    ...(after === undefined ? {} : { after }),
    ...(before === undefined ? {} : { before }),
  };
}
