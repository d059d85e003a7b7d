import { createHash, randomBytes } from "node:crypto";
import type { JournalEvent, Sequence } from "../journal-event.ts";
import { JournalError } from "../journal-error.ts";
import { encodeEvent } from "./event-codec.ts";
import type { FieldWriter } from "./field-writer.ts";
import { frameOverheadBytes, maxMetadataBytes, type SealedFrame, sealFrame } from "./frame.ts";
import { type FinishedIndex, IndexWriter } from "./index-writer.ts";
import {
  deriveKeys,
  encodeHeader,
  headerBytes,
  saltBytes,
  type SegmentHeader,
  type SegmentKeys,
} from "./segment-header.ts";
import { segmentName } from "./segment-name.ts";

const noBytes = Buffer.alloc(0);

export type EncodedEvent = { readonly metadata: Buffer; readonly data: Uint8Array };

export type NewSegment = Omit<SegmentHeader, "salt">;

/** Metadata and data of an event; the metadata stand in `writer` until its next use. */
export function encodeRecord(writer: FieldWriter, event: JournalEvent, atNs: bigint): EncodedEvent {
  writer.clear();
  encodeEvent(writer, event, atNs);
  if (writer.length > maxMetadataBytes)
    throw new JournalError(
      "journal.not-storable",
      `Cannot journal an event: without its bytes it has ${writer.length} bytes, more than ${maxMetadataBytes}`,
      { hint: "The event is not stored; a report of it is welcome." },
    );
  return { metadata: writer.written(), data: event.type === "data" ? event.bytes : noBytes };
}

/** Turns events into the bytes of one segment. Does not write them. */
export class SegmentEncoder {
  readonly header: SegmentHeader;
  readonly name: string;
  /** What stands before the first frame. */
  readonly headerBytes: Buffer;
  readonly keys: SegmentKeys;
  readonly #index: IndexWriter;
  readonly #digest = createHash("sha256");
  #tag: Buffer;
  #sizeBytes = headerBytes;

  constructor(segment: NewSegment, journalKey: Uint8Array) {
    // Never the same twice, so that no nonce is used twice with one key, whatever is put back from a copy.
    this.header = { ...segment, salt: randomBytes(saltBytes) };
    this.name = segmentName(segment.first);
    this.keys = deriveKeys(journalKey, this.header.salt, "segment");
    const { bytes, tag } = encodeHeader(this.header, this.keys);
    this.headerBytes = bytes;
    this.#tag = tag;
    this.#digest.update(bytes);
    this.#index = new IndexWriter(segment.first, journalKey);
  }

  /** How long it is with all that was added. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  get isEmpty(): boolean {
    return this.#sizeBytes === headerBytes;
  }

  /** Tag of the last frame. */
  get tag(): Buffer {
    return this.#tag;
  }

  /** Whether an event fits, or is the first. */
  hasRoomFor({ metadata, data }: EncodedEvent, segmentBytes: number): boolean {
    if (this.isEmpty) return true;
    return this.#sizeBytes + frameOverheadBytes + metadata.length + data.length <= segmentBytes;
  }

  add(
    { metadata, data }: EncodedEvent,
    { sequence, unsynced }: { readonly sequence: Sequence; readonly unsynced: number },
  ): SealedFrame {
    const frame = sealFrame(
      { sequence, unsynced, previousTag: this.#tag, metadata, data },
      { key: this.keys.frame, salt: this.header.salt },
    );
    this.#index.add({ sequence, offset: this.#sizeBytes, dataBytes: data.length, metadata });
    for (const part of frame.parts) this.#digest.update(part);
    this.#tag = frame.tag;
    this.#sizeBytes += frame.lengthBytes;
    return frame;
  }

  /** The index, which follows the last frame. */
  async finish(): Promise<FinishedIndex> {
    return await this.#index.finish({
      indexOffset: this.#sizeBytes,
      endOffset: this.#sizeBytes,
      lastTag: this.#tag,
      digest: this.#digest.digest(),
      holes: [],
      header: this.headerBytes,
    });
  }
}
