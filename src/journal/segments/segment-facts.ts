import type { Sequence } from "../journal-event.ts";
import type { JournalPoint } from "../journal.ts";
import type { JournalFiles } from "./journal-files.ts";
import { writeFailure } from "./journal-failure.ts";
import { SealedSegment } from "./sealed-segment.ts";
import type { LoadedSegment } from "./segment-row.ts";

/** A file of a journal, for whoever keeps, copies or removes it. */
export type SegmentFacts = {
  /** In the journal's folder. */
  readonly name: string;
  readonly sizeBytes: number;
  /** The first sequence, as its name has it. */
  readonly firstSequence: Sequence;
  /** The oldest and the newest record in it that can be read; absent where there is none. */
  readonly first?: JournalPoint;
  readonly last?: JournalPoint;
  /** Of a finished segment, which never changes again. */
  readonly sealed?: {
    /** SHA-256 of its first `digestedBytes`: of all but its index. Hexadecimal. */
    readonly digest: string;
    readonly digestedBytes: number;
  };
};

export function factsOf({ name, sizeBytes, firstOfName, segment }: LoadedSegment): SegmentFacts {
  return {
    name,
    sizeBytes,
    firstSequence: firstOfName,
    ...(segment?.first === undefined ? {} : { first: segment.first }),
    ...(segment?.last === undefined ? {} : { last: segment.last }),
    ...(segment instanceof SealedSegment
      ? {
          sealed: {
            digest: segment.digest.toString("hex"),
            digestedBytes: segment.indexOffset,
          },
        }
      : {}),
  };
}

/** Oldest first, and only up to the first that has to stay: a crash leaves no hole. */
export async function removeSegmentsBefore(
  sequence: Sequence,
  {
    files,
    segments,
    release,
    signal,
  }: {
    readonly files: JournalFiles;
    readonly segments: readonly SegmentFacts[];
    /** Closes one that is open for reading: as long as it is, the disk has no more room. */
    readonly release: (name: string) => Promise<void>;
    readonly signal: AbortSignal | undefined;
  },
): Promise<number> {
  let removed = 0;
  try {
    // The newest stays in any case: it is being written, or the next one goes on from it.
    for (const [index, { name }] of segments.slice(0, -1).entries()) {
      signal?.throwIfAborted();
      const next = segments[index + 1];
      if (next === undefined || next.firstSequence > sequence) break;
      if (segments[index]?.sealed === undefined) break;
      await files.remove(name);
      removed += 1;
      await release(name);
      await files.syncFolder();
    }
  } catch (error) {
    throw signal?.aborted === true ? error : writeFailure(error, files.location);
  }
  return removed;
}
