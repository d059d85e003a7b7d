import type { Sequence } from "../journal-event.ts";
import type { JournalPoint } from "../journal.ts";
import { frameOverheadBytes } from "./frame.ts";
import { FrameColumns } from "./frame-columns.ts";
import {
  type BlockPlace,
  directoryNumber,
  type IndexedRecord,
  maxPartBytes,
  openIndexPart,
  type PartPlace,
  readBlock,
} from "./index-blocks.ts";
import { type IndexDirectory, readDirectory } from "./index-directory.ts";
import type { JournalFile } from "./journal-files.ts";
import type { FramePlace, Segment, SegmentHole } from "./segment.ts";
import type { OpenedHeader } from "./segment-header.ts";
import { decodeTrailer, type OpenedTrailer, trailerBytes } from "./segment-trailer.ts";

/** The records of a part of a segment; absent where that part of the index is damaged. */
export type IndexedPart = {
  readonly records: readonly IndexedRecord[] | undefined;
  /** Where its frames lie. */
  readonly offset: number;
  readonly endOffset: number;
};

/** A segment that is finished: its index says what is in it, and where. */
export class SealedSegment implements Segment {
  readonly opened: OpenedHeader;
  /** A part of its index was not what was written, when it was looked at. */
  hasDamagedIndex = false;
  readonly #sealed: OpenedTrailer;
  readonly #directory: IndexDirectory;
  #places: FrameColumns | undefined;

  private constructor(opened: OpenedHeader, sealed: OpenedTrailer, directory: IndexDirectory) {
    this.opened = opened;
    this.#sealed = sealed;
    this.#directory = directory;
  }

  /** Undefined where its index is not finished, or not what was written. */
  static async open(
    file: JournalFile,
    opened: OpenedHeader,
    from: { readonly trailer: Buffer; readonly sizeBytes: number; readonly key: Uint8Array },
  ): Promise<SealedSegment | undefined> {
    const { sizeBytes } = from;
    const sealed = decodeTrailer(from.trailer, from.key);
    if (sealed === undefined) return undefined;
    const { trailer, keys } = sealed;
    const sealedBytes = await readPart(file, trailer.directory, sizeBytes);
    if (sealedBytes === undefined) return undefined;
    const plain = openIndexPart(sealedBytes, trailer.directory, {
      key: keys.frame,
      number: directoryNumber,
    });
    const directory = plain === undefined ? undefined : readDirectory(plain, opened.header.first);
    return directory === undefined ? undefined : new SealedSegment(opened, sealed, directory);
  }

  get first(): JournalPoint {
    return this.#sealed.trailer.first;
  }

  get last(): JournalPoint {
    return this.#sealed.trailer.last;
  }

  get lastTag(): Buffer {
    return this.#sealed.trailer.lastTag;
  }

  get isCleanStop(): boolean {
    return this.#sealed.trailer.isCleanStop;
  }

  get holes(): readonly SegmentHole[] {
    return this.#directory.holes;
  }

  get endOffset(): number {
    return this.#sealed.trailer.endOffset;
  }

  /** SHA-256 of everything before the index. */
  get digest(): Buffer {
    return this.#sealed.trailer.digest;
  }

  get indexOffset(): number {
    return this.#sealed.trailer.indexOffset;
  }

  async offsetOf(sequence: Sequence, file: JournalFile): Promise<number> {
    const { blocks } = this.#directory;
    const index = blocks.findIndex(({ last }) => last >= sequence);
    const block = blocks[index];
    if (block === undefined) return this.endOffset;
    if (sequence <= block.first) return block.frameOffset;
    const records = await this.#block(index, file, { from: sequence, to: block.last });
    return records?.[0]?.offset ?? block.frameOffset;
  }

  async dataAt(sequence: Sequence, file: JournalFile): Promise<FramePlace | undefined> {
    const places = (this.#places ??= await this.#readPlaces(file));
    const found = places?.atOrAfter(sequence);
    if (places !== undefined) return found?.sequence === sequence ? found : undefined;
    // That part of the index is damaged: the blocks know the same, less quickly.
    const index = this.#directory.blocks.findIndex(({ last }) => last >= sequence);
    const records = await this.#block(index, file, { from: sequence, to: sequence });
    const [record] = records ?? [];
    if (record === undefined || record.dataBytes === 0) return undefined;
    return { offset: record.offset, lengthBytes: frameLengthOf(record) };
  }

  /** Forgets what it can read again. */
  forget(): void {
    this.#places = undefined;
  }

  /** What the index says of the records between two sequences, without their data. */
  async *records(
    file: JournalFile,
    range: { readonly from: Sequence; readonly to: Sequence },
  ): AsyncGenerator<IndexedPart> {
    const { blocks } = this.#directory;
    for (const [index, block] of blocks.entries()) {
      if (block.last < range.from || block.first > range.to) continue;
      yield {
        records: await this.#block(index, file, range),
        offset: block.frameOffset,
        endOffset: blocks[index + 1]?.frameOffset ?? this.endOffset,
      };
    }
  }

  async #block(
    index: number,
    file: JournalFile,
    range: { readonly from: Sequence; readonly to: Sequence },
  ): Promise<readonly IndexedRecord[] | undefined> {
    const place: BlockPlace | undefined = this.#directory.blocks[index];
    if (place === undefined) return undefined;
    const plain = await this.#part(file, place, index);
    return plain === undefined ? undefined : readBlock(plain, place, range);
  }

  async #readPlaces(file: JournalFile): Promise<FrameColumns | undefined> {
    const { places, blocks } = this.#directory;
    const plain = await this.#part(file, places, blocks.length);
    return plain === undefined ? undefined : FrameColumns.from(plain, this.opened.header.first);
  }

  async #part(file: JournalFile, place: PartPlace, number: number): Promise<Buffer | undefined> {
    const sealed = await readPart(file, place, Number.MAX_SAFE_INTEGER);
    const { frame: key } = this.#sealed.keys;
    const plain = sealed === undefined ? undefined : openIndexPart(sealed, place, { key, number });
    if (plain === undefined) this.hasDamagedIndex = true;
    return plain;
  }
}

/** The last bytes of a file, which are a trailer or are not. */
export async function readTrailer(file: JournalFile, sizeBytes: number): Promise<Buffer> {
  const bytes = Buffer.alloc(trailerBytes);
  if (sizeBytes < trailerBytes) return Buffer.alloc(0);
  const length = await file.read(bytes, sizeBytes - trailerBytes);
  return bytes.subarray(0, length);
}

async function readPart(
  file: JournalFile,
  { offset, lengthBytes }: PartPlace,
  sizeBytes: number,
): Promise<Buffer | undefined> {
  if (lengthBytes > maxPartBytes || offset + lengthBytes > sizeBytes) return undefined;
  const bytes = Buffer.allocUnsafeSlow(lengthBytes);
  return (await file.read(bytes, offset)) === lengthBytes ? bytes : undefined;
}

function frameLengthOf({ metadata, dataBytes }: IndexedRecord): number {
  return frameOverheadBytes + metadata.length + dataBytes;
}
