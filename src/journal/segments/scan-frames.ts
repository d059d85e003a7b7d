import type { Sequence } from "../journal-event.ts";
import { FileWindow } from "./file-window.ts";
import {
  type Descriptor,
  descriptorBytes,
  frameLength,
  frameMagic,
  frameOverheadBytes,
  openData,
  openMetadata,
  readDescriptor,
  tagOf,
} from "./frame.ts";
import type { JournalFile } from "./journal-files.ts";

export type ScannedFrame = {
  readonly kind: "frame";
  readonly offset: number;
  readonly sequence: Sequence;
  readonly unsynced: number;
  readonly metadata: Buffer;
  readonly dataBytes: number;
  /** Empty where data were not asked for. */
  readonly data: Buffer;
  readonly endOffset: number;
  readonly tag: Buffer;
};

/** Where something else stands than the frame that belongs there. `offset` = `endOffset`: something was taken out. */
export type ScannedHole = {
  readonly kind: "hole";
  readonly offset: number;
  readonly endOffset: number;
};

export type ScanOptions = {
  readonly salt: Uint8Array;
  readonly key: Uint8Array;
  /** Where a frame begins. */
  readonly from: number;
  /** Nothing at or behind it is looked at. */
  readonly to: number;
  /** Where the chain stands; absent where the scan begins somewhere within. */
  readonly previous?: { readonly sequence: Sequence; readonly tag: Buffer };
  /** Opens the data of each frame, too: a frame whose data are damaged is a hole then. */
  readonly withData: boolean;
  readonly signal?: AbortSignal | undefined;
};

/** How many frames come at once at most. */
const batchFrames = 512;
const batchDataBytes = 4 * 1024 * 1024;

/**
 * The frames of a segment, in order, and what lies between them that is none. Frames come in batches:
 * a step of an asynchronous iteration costs as much as a small frame.
 */
export async function* scanFrames(
  file: JournalFile,
  options: ScanOptions,
): AsyncGenerator<readonly (ScannedFrame | ScannedHole)[]> {
  const { to, signal } = options;
  const window = new FileWindow(file, to);
  const chain = new Chain(options);
  let [at, holeAt, waitingBytes] = [options.from, -1, 0];
  let batch: (ScannedFrame | ScannedHole)[] = [];
  while (at < to) {
    if (!window.has(at, descriptorBytes)) await window.moveTo(at, descriptorBytes);
    let bytes = window.from(at);
    const descriptor = readDescriptor(bytes, 0, options.salt);
    const lengthBytes = descriptor === undefined ? 0 : lengthToRead(descriptor, options.withData);
    if (
      descriptor !== undefined &&
      at + frameLength(descriptor) <= to &&
      bytes.length < lengthBytes
    ) {
      await window.moveTo(at, lengthBytes);
      bytes = window.from(at);
    }
    const frame =
      descriptor === undefined || at + frameLength(descriptor) > to
        ? undefined
        : openFrame(bytes, { descriptor, at, options });
    if (frame === undefined || !chain.isNewer(frame.sequence)) {
      if (holeAt < 0) holeAt = at;
      at = await nextMagic(window, at + 1, to);
      signal?.throwIfAborted();
      continue;
    }
    if (holeAt >= 0) batch.push({ kind: "hole", offset: holeAt, endOffset: at });
    else if (!chain.continues(frame.sequence, descriptor?.previousTag))
      batch.push({ kind: "hole", offset: at, endOffset: at });
    holeAt = -1;
    chain.add(frame);
    at = frame.endOffset;
    if (frame.data === undefined) holeAt = frame.offset;
    else batch.push({ ...frame, data: frame.data });
    waitingBytes += frame.data?.length ?? 0;
    if (batch.length < batchFrames && waitingBytes < batchDataBytes) continue;
    signal?.throwIfAborted();
    yield batch;
    [batch, waitingBytes] = [[], 0];
  }
  if (holeAt >= 0) batch.push({ kind: "hole", offset: holeAt, endOffset: to });
  if (batch.length > 0) yield batch;
}

type OpenedFrame = Omit<ScannedFrame, "data"> & { readonly data: Buffer | undefined };

function openFrame(
  bytes: Buffer,
  {
    descriptor,
    at,
    options,
  }: { readonly descriptor: Descriptor; readonly at: number; readonly options: ScanOptions },
): OpenedFrame | undefined {
  const { metadataBytes, dataBytes, sequence, unsynced } = descriptor;
  if (bytes.length < lengthToRead(descriptor, options.withData)) return undefined;
  const metadata = openMetadata(bytes, descriptor, options.key);
  if (metadata === undefined) return undefined;
  return {
    kind: "frame",
    offset: at,
    sequence,
    unsynced,
    metadata,
    dataBytes,
    data: options.withData ? openData(bytes, descriptor, options.key) : Buffer.alloc(0),
    endOffset: at + frameLength(descriptor),
    tag: tagOf(bytes, metadataBytes),
  };
}

function lengthToRead(descriptor: Descriptor, withData: boolean): number {
  return withData ? frameLength(descriptor) : frameOverheadBytes + descriptor.metadataBytes;
}

/** Where the next frame may begin, at or behind `from`; `to` where none does. */
async function nextMagic(window: FileWindow, from: number, to: number): Promise<number> {
  for (let at = from; at < to;) {
    if (!window.has(at, frameMagic.length)) await window.moveTo(at, frameMagic.length);
    const bytes = window.from(at);
    const index = bytes.indexOf(frameMagic);
    if (index >= 0) return at + index;
    if (bytes.length < frameMagic.length) return to;
    // The magic may lie across the end of the window.
    at += bytes.length - frameMagic.length + 1;
  }
  return to;
}

/** Whether frames follow one another as they were written. */
class Chain {
  #sequence: Sequence;
  #tag: Buffer | undefined;

  constructor({ previous }: ScanOptions) {
    this.#sequence = previous?.sequence ?? -1;
    this.#tag = previous?.tag;
  }

  /** A frame that comes a second time is none. */
  isNewer(sequence: Sequence): boolean {
    return sequence > this.#sequence;
  }

  continues(sequence: Sequence, previousTag: Buffer | undefined): boolean {
    if (this.#tag === undefined) return true;
    return sequence === this.#sequence + 1 && previousTag?.equals(this.#tag) === true;
  }

  add({ sequence, tag }: { readonly sequence: Sequence; readonly tag: Buffer }): void {
    this.#sequence = sequence;
    this.#tag = tag;
  }
}
