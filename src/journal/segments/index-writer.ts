import { randomBytes } from "node:crypto";
import type { Sequence } from "../journal-event.ts";
import type { JournalPoint } from "../journal.ts";
import { peekedBytes, peekEvent } from "./event-codec.ts";
import { FieldWriter } from "./field-writer.ts";
import { frameOverheadBytes } from "./frame.ts";
import { FrameColumns } from "./frame-columns.ts";
import {
  type BlockPlace,
  BlockWriter,
  directoryNumber,
  type IndexedRecord,
  sealIndexPart,
} from "./index-blocks.ts";
import { writeDirectory } from "./index-directory.ts";
import { type JournalFile, writeAll } from "./journal-files.ts";
import type { SegmentHole } from "./segment.ts";
import { deriveKeys, saltBytes, type SegmentKeys } from "./segment-header.ts";
import { encodeTrailer, trailerBytes } from "./segment-trailer.ts";

/** Of metadata, before they are compressed. */
const blockBytes = 256 * 1024;

export type SealedEnd = {
  /** Where the index begins: at the end of the file. */
  readonly indexOffset: number;
  /** Where the last whole frame ends. */
  readonly endOffset: number;
  readonly lastTag: Buffer;
  readonly digest: Buffer;
  readonly holes: readonly SegmentHole[];
  readonly header: Uint8Array;
};

export type FinishedIndex = {
  /** Up to a multiple of 4,096 bytes. */
  readonly parts: readonly Buffer[];
  readonly trailer: Buffer;
};

/** Writes and syncs it behind the frames: the trailer last, so that it says of all before it that it is there. */
export async function writeIndex(
  file: JournalFile,
  { parts, trailer }: FinishedIndex,
  offset: number,
): Promise<void> {
  await writeAll(file, parts, { offset });
  await file.sync();
  const lengthBytes = parts.reduce((sum, part) => sum + part.length, 0);
  await writeAll(file, [trailer], { offset: offset + lengthBytes });
  await file.sync();
}

/** Collects the index of a segment while it is written; blocks are compressed and sealed as they fill. */
export class IndexWriter {
  readonly #salt = randomBytes(saltBytes);
  readonly #keys: SegmentKeys;
  readonly #segmentFirst: Sequence;
  readonly #places: FrameColumns;
  readonly #block = new BlockWriter();
  readonly #blocks: Omit<BlockPlace, "offset" | "lengthBytes">[] = [];
  readonly #sealed: Promise<Buffer>[] = [];
  #first: JournalPoint | undefined;
  #lastSequence: Sequence = 0;
  /** How the metadata of the last record begins. */
  readonly #lastHead: Buffer = Buffer.alloc(peekedBytes);

  constructor(segmentFirst: Sequence, journalKey: Uint8Array) {
    this.#segmentFirst = segmentFirst;
    this.#keys = deriveKeys(journalKey, this.#salt, "index");
    this.#places = new FrameColumns(segmentFirst);
  }

  add(record: IndexedRecord): void {
    const { sequence, metadata, dataBytes } = record;
    this.#first ??= { sequence, atNs: peekEvent(metadata).atNs };
    this.#lastSequence = sequence;
    metadata.copy(this.#lastHead.fill(0), 0, 0, peekedBytes);
    this.#block.add(record);
    if (dataBytes > 0)
      this.#places.add({
        ...record,
        lengthBytes: frameOverheadBytes + metadata.length + dataBytes,
      });
    if (this.#block.sizeBytes >= blockBytes) this.#endBlock();
  }

  /** The bytes that follow the frames. */
  async finish(end: SealedEnd): Promise<FinishedIndex> {
    if (this.#block.sizeBytes > 0) this.#endBlock();
    const { frame: key } = this.#keys;
    const parts = await Promise.all(this.#sealed);
    const number = parts.length;
    const places = this.#places.toBytes();
    parts.push(await sealIndexPart(places, { key, number }));
    const offsets = offsetsOf(parts, end.indexOffset);
    const placeOf = (index: number): Pick<BlockPlace, "offset" | "lengthBytes"> => ({
      offset: offsets[index] ?? 0,
      lengthBytes: parts[index]?.length ?? 0,
    });
    const fields = new FieldWriter(4096);
    writeDirectory(fields, {
      segmentFirst: this.#segmentFirst,
      blocks: this.#blocks.map((block, index) => ({ ...block, ...placeOf(index) })),
      places: { ...placeOf(number), plainBytes: places.length },
      holes: end.holes,
    });
    const plain = fields.written();
    const { atNs, isCleanStop } = peekEvent(this.#lastHead);
    const last: JournalPoint = { sequence: this.#lastSequence, atNs };
    const directory = await sealIndexPart(plain, { key, number: directoryNumber });
    const trailer = encodeTrailer(
      {
        ...end,
        isCleanStop,
        directory: {
          offset: offsets[number + 1] ?? 0,
          lengthBytes: directory.length,
          plainBytes: plain.length,
        },
        first: this.#first ?? last,
        last,
        salt: this.#salt,
      },
      this.#keys,
      end.header,
    );
    parts.push(directory, paddingTo(trailerBytes, (offsets.at(-1) ?? 0) + directory.length));
    return { parts, trailer };
  }

  #endBlock(): void {
    const { plain, ...block } = this.#block.take();
    this.#blocks.push({ ...block, plainBytes: plain.length });
    const sealed = sealIndexPart(plain, { key: this.#keys.frame, number: this.#sealed.length });
    // Whoever finishes the index meets the failure; a journal that ends without must not stumble over it.
    sealed.catch(() => undefined);
    this.#sealed.push(sealed);
  }
}

function paddingTo(multiple: number, offset: number): Buffer {
  return Buffer.alloc((multiple - (offset % multiple)) % multiple);
}

/** Where each part begins, and where what follows them does. */
function offsetsOf(parts: readonly Buffer[], from: number): readonly number[] {
  const offsets = [from];
  for (const part of parts) offsets.push((offsets.at(-1) ?? 0) + part.length);
  return offsets;
}
