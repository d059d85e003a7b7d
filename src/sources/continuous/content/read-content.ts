/**
 * Reads what a file has become and says it in events: the whole of it, or what differs from what the
 * journal has. The bytes are stored while they are read; the events come when the file is read.
 */
import { type Entry, isImageError, type RawPath } from "#image";
import type { ContentPiece, FileState, Journal, JournalEvent } from "#journal";
import {
  blockBytesFor,
  digestBytes,
  digestOf,
  type ObservedFile,
  stateOf,
} from "../state/observed-file.ts";
import { isAbsence, type StoreFiles } from "../store-files.ts";
import { isDboxFile, validatedEnd } from "./dbox-validated.ts";
import { blocksOf, changedIn } from "./file-blocks.ts";

/** Up to this size a file that changed is compared whole each time; of a larger one that grew, its end. */
export const wholeBytes: number = 1024 * 1024;
/** How often a file is read again that changed while it was read; the last time it is taken as it comes. */
const attempts = 3;

export type ContentRequest = {
  readonly path: RawPath;
  /** As it was looked at just now. */
  readonly entry: Entry;
  /** What the journal says of it; absent: nothing. */
  readonly before?: ObservedFile | undefined;
  /** `whole`: all of it, also where it only grew; `end`: where it may have gone on. Default: as it differs. */
  readonly compare?: "none" | "end" | "whole";
};

export type ReadContent = {
  readonly file: ObservedFile;
  /** In this order; none where the bytes are as they were. */
  readonly events: readonly JournalEvent[];
  readonly storedBytes: number;
  /** Only its end was looked at: what is before may have changed as well. */
  readonly isPartial: boolean;
};

export type ReadContentParts = {
  readonly files: StoreFiles;
  readonly journal: Journal;
  readonly nowNs: () => bigint;
};

/** Undefined where the file is gone. Throws ImageError `image.unreadable`, JournalError. */
export async function readContent(
  request: ContentRequest,
  parts: ReadContentParts,
): Promise<ReadContent | undefined> {
  for (let attempt = 1; ; attempt++) {
    const acceptChange = attempt === attempts;
    try {
      const known = comparable(request);
      return known === undefined
        ? await readPut(request, parts, acceptChange)
        : await readChanges({ ...request, before: known }, parts, acceptChange);
    } catch (error) {
      if (isAbsence(error) || isImageError(error, "image.not-a-file")) return undefined;
      if (!isImageError(error, "image.changed")) throw error;
      // It became shorter while it was read: whoever cut it is at work, and is noticed again.
      if (acceptChange) return undefined;
    }
  }
}

type Comparable = ObservedFile & Required<Pick<ObservedFile, "content">>;

function comparable({ before, entry }: ContentRequest): Comparable | undefined {
  if (before?.content === undefined || before.state.type !== "file") return undefined;
  if (before.state.inode !== entry.inode) return undefined;
  const { content } = before;
  return blockBytesFor(entry.sizeBytes) === content.blockBytes ? { ...before, content } : undefined;
}

async function readPut(
  { path, entry: looked }: ContentRequest,
  { files, journal, nowNs }: ReadContentParts,
  acceptChange: boolean,
): Promise<ReadContent> {
  let entry = looked;
  let storedBytes = 0;
  const content: ContentPiece[] = [];
  const pieces = files.read({ path, acceptChange, onOpened: (opened) => void (entry = opened) });
  async function* storing(): AsyncGenerator<Uint8Array> {
    for await (const piece of pieces) {
      content.push(...journal.store(piece, nowNs()));
      storedBytes += piece.length;
      await journal.ready();
      yield piece;
    }
  }
  const blockBytes = blockBytesFor(looked.sizeBytes);
  const digests: Uint8Array[] = [];
  for await (const { bytes } of blocksOf(storing(), { offset: 0, blockBytes }))
    digests.push(digestOf(bytes));
  const { sizeBytes } = entry;
  const state = stateNow(files, path, entry);
  const file = {
    state,
    sizeBytes,
    content: { blockBytes, digests: Buffer.concat(digests) },
    ...(await validated(files, path, { sizeBytes, from: 0 })),
  };
  const put: JournalEvent = { type: "put", path, state, sizeBytes, content };
  return { file, events: [put], storedBytes, isPartial: false };
}

async function readChanges(
  request: ContentRequest & { readonly before: Comparable },
  { files, journal, nowNs }: ReadContentParts,
  acceptChange: boolean,
): Promise<ReadContent> {
  const { path, before } = request;
  const { blockBytes, digests: known } = before.content;
  const start = startOf(request);
  let entry = request.entry;
  let storedBytes = 0;
  const ranges: { offset: number; end: number; content: ContentPiece[] }[] = [];
  const digests: Uint8Array[] = [known.subarray(0, (start / blockBytes) * digestBytes)];
  const onOpened = (opened: Entry): void => void (entry = opened);
  const pieces = files.read({ path, offset: start, acceptChange, onOpened });
  for await (const block of blocksOf(pieces, { offset: start, blockBytes })) {
    digests.push(digestOf(block.bytes));
    const changed = changedIn(block, before.content, before.sizeBytes);
    if (changed === undefined) continue;
    const content = journal.store(changed.bytes, nowNs());
    storedBytes += changed.bytes.length;
    await journal.ready();
    const end = changed.offset + changed.bytes.length;
    const last = ranges.at(-1);
    if (last?.end !== changed.offset)
      ranges.push({ offset: changed.offset, end, content: [...content] });
    else [last.end, last.content] = [end, [...last.content, ...content]];
  }
  const { sizeBytes } = entry;
  const state = stateNow(files, path, entry);
  const file = {
    state,
    sizeBytes,
    content: { blockBytes, digests: Buffer.concat(digests) },
    ...(await validated(files, path, { sizeBytes, from: before.validatedBytes ?? 0 })),
  };
  const events: JournalEvent[] = [];
  if (sizeBytes < before.sizeBytes) events.push({ type: "truncate", path, sizeBytes, state });
  for (const { offset, content } of ranges)
    events.push({ type: "write", path, offset, content, sizeBytes, state });
  return { file, events, storedBytes, isPartial: start > 0 };
}

/** The first byte that is read again: of a file that only grew, where what may still change begins. */
function startOf({
  entry,
  before,
  compare,
}: ContentRequest & { readonly before: Comparable }): number {
  const { blockBytes } = before.content;
  if (compare === "whole" || entry.sizeBytes <= wholeBytes) return 0;
  const hasGrown = entry.sizeBytes > before.sizeBytes;
  const isSame = entry.sizeBytes === before.sizeBytes && entry.mtimeNs === before.state.mtimeNs;
  if (!hasGrown && !(compare === "end" && isSame)) return 0;
  const from = Math.min(before.validatedBytes ?? before.sizeBytes, before.sizeBytes - 1);
  return Math.floor(from / blockBytes) * blockBytes;
}

function stateNow(files: StoreFiles, path: RawPath, entry: Entry): FileState {
  return stateOf(entry, files.attributes(path));
}

/** Of a large dbox file alone: others are compared whole, or have no such mark. */
async function validated(
  files: StoreFiles,
  path: RawPath,
  { sizeBytes, from }: { readonly sizeBytes: number; readonly from: number },
): Promise<Pick<ObservedFile, "validatedBytes">> {
  if (sizeBytes <= wholeBytes || !isDboxFile(path)) return {};
  const read = async (offset: number, lengthBytes: number): Promise<Uint8Array> => {
    const pieces = files.read({ path, offset, lengthBytes, acceptChange: true });
    return Buffer.concat(await Array.fromAsync(pieces));
  };
  const validatedBytes = await validatedEnd(read, from);
  return { validatedBytes: Math.min(validatedBytes, sizeBytes) };
}
