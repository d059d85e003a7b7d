/** What goes to whoever writes files and what comes back: columns, because it crosses threads. */

import type { FileAttributeColumns } from "./file-attributes.ts";

/** A run of blobs that is written to one file in one go. */
export type ExtractTask = {
  /** Absolute path of each part's file, one character per byte, joined by NUL. */
  readonly targets: string;
  /** Where each part begins in its file; -1: it is the whole file, which is to be made. */
  readonly fileOffsets: Float64Array;
  /** What each part's file gets beside its bytes; see `FileAttributeColumns`. */
  readonly attributes: FileAttributeColumns;
  /** Number of blobs of each part. */
  readonly blobCounts: Uint32Array;
  /** Positions in the columns below, part by part: blobs wanted by several parts come once. */
  readonly blobs: Uint32Array;
  /** 32 bytes a blob. */
  readonly ids: Uint8Array;
  /** First four bytes of the name of the pack each blob came from, for messages. */
  readonly packs: Uint32Array;
  /** Before compression; 0 where the blob is not compressed. */
  readonly rawLengths: Uint32Array;
  readonly sealedLengths: Uint32Array;
  /** The blobs as they lay in their packs, one after another. */
  readonly sealed: Uint8Array;
  /** Set to 1 by the writer for each part whose file it has made: true even when the writer dies. */
  readonly created: Uint8Array;
};

/** `dressed`: written, and the file has its attributes. */
export const partStatus = { skipped: 0, written: 1, failed: 2, dressed: 3 } as const;

export type ExtractFailure = {
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
  /** The system's own error, where it was one. */
  readonly system?: { readonly code: string; readonly message: string };
};

export type ExtractOutcome = {
  /** Of each part: `partStatus`. */
  readonly statuses: Uint8Array;
  readonly failures: ReadonlyMap<number, ExtractFailure>;
  /** The task's largest column, given back to be used again. */
  readonly sealed: Uint8Array;
};

/** The buffers of a task that go over to another thread instead of being copied. */
export function transferOf(task: ExtractTask): ArrayBuffer[] {
  const { attributes, fileOffsets, blobCounts, blobs, ids, ...columns } = task;
  const { owners, modes, times } = attributes;
  const { packs, rawLengths, sealedLengths, sealed } = columns;
  const own = [fileOffsets, blobCounts, blobs, ids, packs, rawLengths, sealedLengths, sealed];
  return [...own, owners, modes, times].map((column) => column.buffer as ArrayBuffer);
}
