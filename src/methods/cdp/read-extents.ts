import type { ReadOptions } from "#image";
import { type ContentPiece, JournalError, type JournalReader } from "#journal";
import type { Extent } from "./edit-table.ts";

export type ReadExtentsOptions = ReadOptions & {
  readonly journal: JournalReader;
  /** Of the base's file. */
  readonly readBase: (range: ReadOptions) => AsyncIterable<Uint8Array>;
};

const zeros = Buffer.alloc(64 * 1024);
/** Pieces that are asked for together. */
const maxPieces = 4096;

/** Bytes of a file that lie in stretches, or a range of it, in order. Throws where one is not to be had. */
export async function* readExtents(
  extents: readonly Extent[],
  { offset = 0, lengthBytes = Number.MAX_SAFE_INTEGER, signal, ...from }: ReadExtentsOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  const optional = signal === undefined ? {} : { signal };
  const end = offset + lengthBytes;
  let pieces: ContentPiece[] = [];
  for (const extent of extents) {
    signal?.throwIfAborted();
    const start = Math.max(extent.start, offset);
    const length = Math.min(extent.end, end) - start;
    if (length <= 0) continue;
    const at = extent.at + start - extent.start;
    if (typeof extent.from === "number") {
      pieces.push({ data: extent.from, offset: at, lengthBytes: length });
      if (pieces.length < maxPieces) continue;
    }
    yield* ofJournal(pieces, from.journal, signal);
    pieces = [];
    if (extent.from === "base")
      yield* whole(from.readBase({ offset: at, lengthBytes: length, ...optional }), length);
    else if (extent.from === "zeros") yield* zerosOf(length);
    else if (extent.from === "unknown") throw lost("a part of its bytes was written unseen");
  }
  yield* ofJournal(pieces, from.journal, signal);
}

async function* ofJournal(
  pieces: readonly ContentPiece[],
  journal: JournalReader,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  if (pieces.length === 0) return;
  const length = pieces.reduce((sum, { lengthBytes }) => sum + lengthBytes, 0);
  yield* whole(journal.content(pieces, signal), length);
}

/** Fewer bytes than there have to be are none: what follows would stand in the wrong place. */
async function* whole(
  bytes: AsyncIterable<Uint8Array>,
  length: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  let seen = 0;
  for await (const piece of bytes) {
    seen += piece.length;
    yield piece;
  }
  if (seen !== length) throw lost(`there are ${seen} bytes where ${length} have to be`);
}

function* zerosOf(length: number): Generator<Uint8Array, void, undefined> {
  for (let left = length; left > 0; left -= zeros.length)
    yield Uint8Array.from(zeros.subarray(0, Math.min(left, zeros.length)));
}

function lost(why: string): JournalError {
  return new JournalError("journal.data-missing", `Cannot replay it: ${why}`, {
    hint: "Open a moment that a copy covers.",
  });
}
