/**
 * What a segment's index holds, and where:
 *
 *   number of blocks, for each: number first sequence − the segment's first, number last − first,
 *     number offset of the first frame, then its place
 *   place of the places of `data` events
 *   number of holes, for each: u8 flags, number offset, number end, the point before, the point after
 *
 * A place is number offset in the file, number length with its tag, number length before it was compressed.
 * A point is number sequence, i64 instant. Flags: 1 damage, 2 there is a point before, 4 one after.
 */
import type { Sequence } from "../journal-event.ts";
import type { JournalPoint } from "../journal.ts";
import { FieldError, FieldReader } from "./field-reader.ts";
import type { FieldWriter } from "./field-writer.ts";
import type { BlockPlace, PartPlace } from "./index-blocks.ts";
import type { SegmentHole } from "./segment.ts";

const flag = { isDamage: 1, after: 2, before: 4 } as const;

export type IndexDirectory = {
  readonly segmentFirst: Sequence;
  readonly blocks: readonly BlockPlace[];
  readonly places: PartPlace;
  readonly holes: readonly SegmentHole[];
};

export function writeDirectory(writer: FieldWriter, directory: IndexDirectory): void {
  const { segmentFirst, blocks, places, holes } = directory;
  writer.number(blocks.length);
  for (const block of blocks) {
    writer.number(block.first - segmentFirst);
    writer.number(block.last - block.first);
    writer.number(block.frameOffset);
    writePlace(writer, block);
  }
  writePlace(writer, places);
  writer.number(holes.length);
  for (const { isDamage, after, before, offset, endOffset } of holes) {
    writer.u8(
      (isDamage ? flag.isDamage : 0) |
        (after === undefined ? 0 : flag.after) |
        (before === undefined ? 0 : flag.before),
    );
    writer.number(offset);
    writer.number(endOffset);
    if (after !== undefined) writePoint(writer, after);
    if (before !== undefined) writePoint(writer, before);
  }
}

/** Undefined where the bytes mean nothing here. */
export function readDirectory(bytes: Buffer, segmentFirst: Sequence): IndexDirectory | undefined {
  try {
    const reader = new FieldReader(bytes);
    const blocks = Array.from({ length: reader.count() }, () => {
      const first = segmentFirst + reader.number();
      const last = first + reader.number();
      return { first, last, frameOffset: reader.number(), ...readPlace(reader) };
    });
    const places = readPlace(reader);
    const holes = Array.from({ length: reader.count() }, () => readHole(reader));
    return reader.isAtEnd ? { segmentFirst, blocks, places, holes } : undefined;
  } catch (error) {
    if (error instanceof FieldError) return undefined;
    throw error;
  }
}

function readHole(reader: FieldReader): SegmentHole {
  const flags = reader.u8();
  const [offset, endOffset] = [reader.number(), reader.number()];
  const after = (flags & flag.after) === 0 ? undefined : readPoint(reader);
  const before = (flags & flag.before) === 0 ? undefined : readPoint(reader);
  return {
    isDamage: (flags & flag.isDamage) !== 0,
    offset,
    endOffset,
    ...(after === undefined ? {} : { after }),
    ...(before === undefined ? {} : { before }),
  };
}

function writePlace(writer: FieldWriter, { offset, lengthBytes, plainBytes }: PartPlace): void {
  writer.number(offset);
  writer.number(lengthBytes);
  writer.number(plainBytes);
}

function readPlace(reader: FieldReader): PartPlace {
  return {
    offset: reader.number(),
    lengthBytes: reader.number(),
    plainBytes: reader.number(),
  };
}

function writePoint(writer: FieldWriter, { sequence, atNs }: JournalPoint): void {
  writer.number(sequence);
  writer.i64(atNs);
}

function readPoint(reader: FieldReader): JournalPoint {
  return { sequence: reader.number(), atNs: reader.i64() };
}
