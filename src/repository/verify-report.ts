/** What a verification is asked, and what it says. */
import type { PackReadings } from "./pack-readings.ts";

/** Everything is to be read again within a time, a part in each run. */
export type Rolling = {
  /** Milliseconds. Older readings are overdue. */
  readonly withinMs: number;
  /** No pack is begun that would not be done by then, counted from the start. Default: no limit. */
  readonly budgetMs?: number;
};

export type VerifyOptions = {
  /** Read and decrypt every blob, not only structure. */
  readonly readData?: boolean;
  /** Read what is due. Without `readings` everything is due. */
  readonly rolling?: Rolling;
  /** Remembers which packs were read when. What it knows to be damaged is read again in any case. */
  readonly readings?: PackReadings;
  /** Worker threads that decrypt and hash; 0 does it in this thread. Default: by the amount to read. */
  readonly workers?: number;
  /** Nanoseconds since 1970 UTC. Default: the system's clock. */
  readonly now?: () => bigint;
  /** Milliseconds that only go up. Default: the process's. */
  readonly clockMs?: () => number;
  readonly onProgress?: (progress: {
    readonly done: number;
    readonly total: number;
    readonly bytes: number;
  }) => void;
  readonly signal?: AbortSignal;
};

export type VerifyFinding = {
  readonly code:
    | "pack-missing"
    | "pack-damaged"
    | "pack-unreferenced"
    | "blob-missing"
    | "blob-damaged"
    | "tree-damaged"
    | "index-damaged"
    /** An index says of a pack what the pack itself contradicts. */
    | "index-wrong"
    | "snapshot-damaged"
    | "key-damaged"
    | "lock-damaged"
    | "pack-in-several-indexes";
  /** `warning`: nothing is lost; `error`: some moment cannot be recovered whole. */
  readonly severity: "error" | "warning";
  readonly message: string;
  /** Pack, index or snapshot file. */
  readonly file?: string;
  /** Path within a snapshot that is affected, where known. */
  readonly path?: string;
};

/** How far the reading of everything is, after the run. */
export type RollingReport = {
  readonly packsRead: number;
  /** Of the packs that an index names. */
  readonly packsTotal: number;
  readonly bytesTotal: number;
  /** Never read, or longer ago than asked. */
  readonly overduePacks: number;
  readonly overdueBytes: number;
  readonly neverReadPacks: number;
  /** Last reading of the pack that was read longest ago; undefined where one was never read. */
  readonly oldestNs?: bigint;
  /** The time was over before everything was read that was due. */
  readonly endedByBudget: boolean;
  /** So many runs like this one read everything once; undefined where nothing was read, or no time was set. */
  readonly runsForAll?: number;
  /**
   * Whether runs like this one, as far apart as this from the one before, read everything in time.
   * Undefined where that is not known yet.
   */
  readonly paceSuffices?: boolean;
};

export type VerifyReport = {
  readonly snapshots: number;
  readonly packs: number;
  readonly blobs: number;
  readonly bytesRead: number;
  readonly findings: readonly VerifyFinding[];
  readonly rolling?: RollingReport;
};
