import { createHash } from "node:crypto";
import { IndexWriter, writeIndex } from "./index-writer.ts";
import { type JournalFile, type JournalFiles, writeAll } from "./journal-files.ts";
import { OpenSegment } from "./open-segment.ts";
import { encodeHeader, headerBytes } from "./segment-header.ts";
import type { SegmentRow } from "./segment-row.ts";

const copyBytes = 1024 * 1024;

/**
 * Finishes what a writer left behind that came to an end on its own. Nothing is cut off: the index goes
 * behind whatever is there, and says which of it are records.
 */
export async function recoverSegments(
  files: JournalFiles,
  row: SegmentRow,
  key: Uint8Array,
): Promise<void> {
  await setAsideEmpty(files, row);
  for (const { name, firstOfName, segment } of row.entries) {
    if (!(segment instanceof OpenSegment) || segment.last === undefined) continue;
    const file = await files.open(name, "write");
    try {
      const { position } = row;
      const durableTo = position?.segment === firstOfName ? position.offset : 0;
      await finishSegment(file, { segment, durableTo, key });
    } finally {
      await file.close();
    }
  }
  await row.loadAll();
}

async function finishSegment(
  file: JournalFile,
  {
    segment,
    durableTo,
    key,
  }: { readonly segment: OpenSegment; readonly durableTo: number; readonly key: Uint8Array },
): Promise<void> {
  const sizeBytes = await file.sizeBytes();
  const { opened, endOffset, lastTag, holes } = segment;
  const digest = createHash("sha256");
  for (let at = 0; at < sizeBytes; at += copyBytes) {
    const bytes = Buffer.allocUnsafe(Math.min(copyBytes, sizeBytes - at));
    const part = bytes.subarray(0, await file.read(bytes, at));
    digest.update(part);
    // A sync that failed may have left bytes in memory that look written and are not on the disk:
    // writing the same again makes the next sync mean what it says.
    if (at + part.length > durableTo) await writeAll(file, [part], { offset: at });
  }
  await file.sync();
  const index = new IndexWriter(opened.header.first, key);
  await new OpenSegment(opened).advance(file, {
    to: endOffset,
    each: (frame) => index.add(frame),
  });
  const finished = await index.finish({
    indexOffset: sizeBytes,
    endOffset,
    lastTag,
    digest: digest.digest(),
    holes,
    // Not as the file has it: one of its two copies may be torn, and the index has one only.
    header: encodeHeader(opened.header, opened.keys).bytes,
  });
  await writeIndex(file, finished, sizeBytes);
}

/** The next segment may begin with the same sequence: nothing in this one was promised to anybody. */
async function setAsideEmpty(files: JournalFiles, row: SegmentRow): Promise<void> {
  for (const { name, sizeBytes } of row.unfinished) {
    if (sizeBytes <= headerBytes) await files.remove(name);
    else await files.rename(name, `${name}.torn`);
    await files.syncFolder();
  }
}
