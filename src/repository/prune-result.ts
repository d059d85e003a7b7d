/** What a prune is asked, and what it says. */

export type PruneOptions = {
  /**
   * Bytes that nothing uses may stay in packs that are used too, as a share of the bytes in use:
   * freeing the last of them costs the most. Default 0.05, as restic. Infinity packs nothing anew for space.
   */
  readonly maxUnusedShare?: number;
  /** At most so many bytes are packed anew in this run; the rest waits for the next. Default: no limit. */
  readonly maxRepackBytes?: number;
  /** No batch of packs is begun after so many milliseconds. Default: no limit. */
  readonly maxMs?: number;
  /**
   * A repository without any moment is emptied. Otherwise it is refused: a folder of snapshots that is
   * not mounted looks the same.
   */
  readonly mayEmpty?: boolean;
  /** Looks at everything and changes nothing. */
  readonly dryRun?: boolean;
  readonly now: () => bigint;
  /** A monotonic clock. Default: the process's. */
  readonly clockMs?: () => number;
  readonly onProgress?: (progress: PruneProgress) => void;
  readonly signal?: AbortSignal;
};

export const prunePhases = ["mark", "remove", "repack", "index"] as const;
export type PrunePhase = (typeof prunePhases)[number];

export type PruneProgress = {
  readonly phase: PrunePhase;
  /** Of mark: trees; of remove: files; of repack: packs; of index: files. */
  readonly done: number;
  readonly total: number;
  readonly bytesDone: number;
};

/** Sizes in bytes as stored. */
export type PruneResult = {
  readonly snapshots: number;
  readonly packs: number;
  readonly usedBlobs: number;
  readonly usedBytes: number;
  readonly unusedBlobs: number;
  /** Of blobs that no moment needs, and of second copies of blobs. */
  readonly unusedBytes: number;
  /** Packs that held nothing in use. In a dry run: would be removed. */
  readonly packsRemoved: number;
  /** Packs that no index named: left by a run that was interrupted. */
  readonly strayPacksRemoved: number;
  readonly packsRepacked: number;
  readonly bytesRepacked: number;
  readonly packsWritten: number;
  /** What storage has less now. */
  readonly bytesFreed: number;
  /** What stays in packs that are used too. */
  readonly unusedBytesLeft: number;
  /** Packs that were worth packing anew and wait for the next run: the budget was used up. */
  readonly packsLeft: number;
  readonly indexFilesBefore: number;
  readonly indexFilesAfter: number;
  /** Blobs that moments need and that no pack has. `restante verify` names the files. */
  readonly lostBlobs: number;
  /** Packs with blobs in use that could not be read: kept as they are. */
  readonly unreadablePacks: readonly string[];
  /** Packs that no index names and that were kept, because blobs are lost that they may hold. */
  readonly strayPacksKept: readonly string[];
};
