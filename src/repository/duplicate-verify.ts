/** Looks at the far side before a snapshot is promised there: what is in its index, and what reads back. */
import { BlobIndex } from "./blob-index.ts";
import { blobMarks } from "./duplicate-marks.ts";
import { type DuplicateWalk, keyOf } from "./duplicate-walk.ts";
import { readInPackOrder } from "./read-in-pack-order.ts";
import type { ParsedIndex } from "./parsed-index.ts";
import { RepositoryError } from "./repository-error.ts";

/** Every blob that was wanted and could be read is in an index that was read back. `mark`: what it is from then on. */
export function acceptCopied(
  { from, to, marks }: DuplicateWalk,
  {
    written,
    mark,
  }: {
    readonly written: readonly ParsedIndex[];
    readonly mark: typeof blobMarks.copied | typeof blobMarks.verified;
  },
): void {
  const arrived = new BlobIndex(written);
  for (const blob of marks.all(blobMarks.wanted)) {
    const id = from.index.idOf(blob);
    if (!arrived.has(id, from.index.typeOf(blob)))
      throw notIndexed(id, to.core.context.storage.location);
    marks.set(blob, mark);
  }
}

function notIndexed(id: Uint8Array, location: string): RepositoryError {
  const name = Buffer.from(id).toString("hex", 0, 4);
  return new RepositoryError(
    "repository.self-check",
    `Cannot finish the duplicate in "${location}": blob ${name} was copied and is in no index there`,
    { hint: "Please report this; no moment that lacks it was written there." },
  );
}

/** Reads back and hashes what the target had before. Returns the stored bytes that were read. */
export async function readBackThere(walk: DuplicateWalk, onBlob: () => void): Promise<number> {
  const { from, to, marks, onlyThere, signal } = walk;
  const there = marks.all(blobMarks.there);
  const blobs = new Uint32Array(there.length + onlyThere.size);
  for (const [at, blob] of there.entries())
    blobs[at] = to.index.find(from.index.idOf(blob), from.index.typeOf(blob));
  let used = there.length;
  for (const { id, type } of onlyThere.values()) blobs[used++] = to.index.find(id, type);
  let bytesRead = 0;
  for await (const read of readInPackOrder(to.core, { index: to.index, blobs, signal })) {
    bytesRead += read.lengthBytes;
    const named = { id: to.index.idOf(read.blob), type: to.index.typeOf(read.blob) };
    const blob = from.index.find(named.id, named.type);
    const isWhole = read.error === undefined;
    if (!isWhole) walk.isDamaged = true;
    if (blob >= 0) marks.set(blob, isWhole ? blobMarks.verified : blobMarks.lostThere);
    else if (!isWhole) onlyThere.delete(keyOf(named));
    onBlob();
  }
  return bytesRead;
}
