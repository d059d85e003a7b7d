import type { JournalFiles } from "./journal-files.ts";
import { writeAll } from "./journal-files.ts";
import { OpenSegment } from "./open-segment.ts";
import type { LoadedSegment, SegmentRow } from "./segment-row.ts";
import { headerBytes } from "./segment-header.ts";

const copyBytes = 1024 * 1024;

/**
 * Makes what a writer left behind durable that came to an end on its own: what follows must not be
 * promised while what it follows may still be lost.
 */
export async function recoverSegments(files: JournalFiles, row: SegmentRow): Promise<void> {
  for (const entry of row.entries)
    if (entry.segment instanceof OpenSegment) await writeAgain(files, entry, row);
  await setAsideEmpty(files, row);
}

/**
 * A sync that failed may have left bytes in memory that look written and are not on the disk. Writing
 * the same bytes again makes the next sync mean what it says.
 */
async function writeAgain(
  files: JournalFiles,
  { name, firstOfName, segment }: LoadedSegment,
  { position }: SegmentRow,
): Promise<void> {
  if (segment === undefined) return;
  const file = await files.open(name, "write");
  try {
    const from = position?.segment === firstOfName ? position.offset : 0;
    for (let at = from; at < segment.endOffset; at += copyBytes) {
      const bytes = Buffer.allocUnsafe(Math.min(copyBytes, segment.endOffset - at));
      const length = await file.read(bytes, at);
      await writeAll(file, [bytes.subarray(0, length)], at);
    }
    await file.sync();
  } finally {
    await file.close();
  }
}

/** The next segment may begin with the same sequence: nothing in this one was promised to anybody. */
async function setAsideEmpty(files: JournalFiles, row: SegmentRow): Promise<void> {
  const newest = row.entries.at(-1);
  if (newest?.segment?.last !== undefined || newest?.segment === undefined) return;
  if ((row.position?.sequence ?? 0) >= newest.firstOfName) return;
  const file = await files.open(newest.name, "read");
  const isEmpty = await file.sizeBytes().then((sizeBytes) => sizeBytes <= headerBytes);
  await file.close();
  if (isEmpty) await files.remove(newest.name);
  else await files.rename(newest.name, `${newest.name}.torn`);
  await files.syncFolder();
}
