/** Duplicating snapshots to another repository (paper §2.2.2): what is asked for, and what came of it. */
import type { RecoveryError } from "#errors";
import type { Snapshot } from "./repository.ts";

/**
 * How the far side is verified before a snapshot is written there. `index`: each stored pack is
 * there in full length, each index file written is read back, every blob that the snapshot needs
 * is in the target's index. `data`: also every byte that the snapshot needs is read back and hashed.
 */
export const duplicateVerifications = ["index", "data"] as const;
export type DuplicateVerification = (typeof duplicateVerifications)[number];

export type DuplicateOptions = {
  /** In the order in which they shall arrive. They are looked up again under the lock. */
  readonly snapshots: readonly Pick<Snapshot, "id">[];
  /** Default "index". */
  readonly verify?: DuplicateVerification;
  readonly now: () => bigint;
  /** Milliseconds that only go up, for the phases. Default: the process's. */
  readonly clockMs?: () => number;
  readonly onProgress?: (progress: DuplicateProgress) => void;
  readonly signal?: AbortSignal;
};

export type DuplicateProgress = {
  readonly phase: DuplicatePhase;
  readonly snapshotsDone: number;
  readonly snapshotsTotal: number;
  /** Blobs that the target lacked, of the snapshots looked at so far; total grows. */
  readonly blobsDone: number;
  readonly blobsTotal: number;
  readonly bytesDone: number;
  readonly bytesTotal: number;
};

/** prepare: locks and indexes; walk: trees; copy: read, encrypt and store; verify: the far side; finish: the snapshots. */
export const duplicatePhases = ["prepare", "walk", "copy", "verify", "finish"] as const;
export type DuplicatePhase = (typeof duplicatePhases)[number];

export type DuplicatedSnapshot = { readonly from: Snapshot; readonly to: Snapshot };

/** A file or folder that would not come back whole. */
export type DuplicateLoss = { readonly path: string; readonly reason: string };

export type RefusedSnapshot = {
  readonly id: string;
  /** Undefined where the snapshot itself could not be read. */
  readonly snapshot?: Snapshot;
  /** `repository.moment-gone`, `repository.moment-damaged`, or what is wrong with the snapshot's file. */
  readonly error: RecoveryError;
  /** The first of them, by path. */
  readonly losses: readonly DuplicateLoss[];
  readonly lossCount: number;
};

export type DuplicateResult = {
  readonly copied: readonly DuplicatedSnapshot[];
  /** In the target already. With `verify: "data"` they were walked and read back as well, and what the target had lost of them was copied. */
  readonly skipped: readonly DuplicatedSnapshot[];
  readonly refused: readonly RefusedSnapshot[];
  readonly verified: DuplicateVerification;
  readonly blobsCopied: number;
  /** Stored bytes that were read from the source, without trees read on the way. */
  readonly bytesRead: number;
  /** Content that the target lacked, and what it takes there. */
  readonly bytesAdded: number;
  readonly bytesStored: number;
  /** Stored bytes that were read back from the target. */
  readonly bytesVerified: number;
  readonly phasesMs: Readonly<Record<DuplicatePhase, number>>;
};
