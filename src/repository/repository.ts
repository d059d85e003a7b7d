/**
 * What the rest of the house sees of a repository in the restic format (restic design:
 * Repository Format), version 1 (read) and 2 (read and write).
 */
import type { RecoveryError } from "#errors";
import type { Consistency, Image, RawName, RawPath } from "#image";
import type { DuplicateOptions, DuplicateResult } from "./duplicate-result.ts";
import type { FilePart } from "./content-store.ts";
import type { RepairOptions, RepairReport } from "./repair-report.ts";
import type { VerifyOptions, VerifyReport } from "./verify-report.ts";
import type { PruneOptions, PruneResult } from "./prune-result.ts";

/** A snapshot as stored, with what Restante's tags say of it. */
export type Snapshot = {
  readonly id: string;
  /** Nanoseconds since 1970 UTC. */
  readonly timeNs: bigint;
  readonly tree: string;
  readonly parent?: string;
  readonly paths: readonly string[];
  readonly hostname: string;
  readonly username: string;
  readonly uid: number;
  readonly gid: number;
  readonly tags: readonly string[];
  readonly excludes: readonly string[];
  readonly original?: string;
  readonly programVersion?: string;
  readonly summary?: SnapshotSummary;
};

/** restic ≥ 0.17 writes and reads these; older ones ignore them. */
export type SnapshotSummary = {
  readonly backupStartNs: bigint;
  readonly backupEndNs: bigint;
  readonly filesNew: number;
  readonly filesChanged: number;
  readonly filesUnmodified: number;
  readonly dirsNew: number;
  readonly dirsChanged: number;
  readonly dirsUnmodified: number;
  readonly dataBlobs: number;
  readonly treeBlobs: number;
  readonly dataAdded: number;
  readonly dataAddedPacked: number;
  readonly totalFilesProcessed: number;
  readonly totalBytesProcessed: number;
};

export type CaptureProgress = {
  readonly phase: "scan" | "read" | "finish";
  readonly filesDone: number;
  readonly filesTotal: number;
  readonly bytesDone: number;
  readonly bytesTotal: number;
};

export type CaptureOptions = {
  /** Absolute folder of the source machine under which the Image's root is stored, as restic would. */
  readonly path: RawPath;
  /**
   * Where the Image is of several folders of a machine (`joinImages`): these, absolute. `path` is "/" then.
   */
  readonly paths?: readonly RawPath[];
  readonly group: string;
  readonly hostname: string;
  /** Extra tags beside Restante's own. */
  readonly tags?: readonly string[];
  /** The previous moment to compare with; found by group, host and path when undefined. */
  readonly parent?: Snapshot;
  /** Read every file again, whatever the cache says. */
  readonly full?: boolean;
  /** Worker threads; 0 does all but files over 64 MiB in this thread. Default: number of processors, at most 4. */
  readonly workers?: number;
  readonly now: () => bigint;
  readonly onProgress?: (progress: CaptureProgress) => void;
  readonly signal?: AbortSignal;
};

export type CaptureResult = {
  readonly snapshot: Snapshot;
  readonly sequence: number;
  readonly consistency: Consistency;
  readonly filesNew: number;
  /** Content read again because something other than the name differed. */
  readonly filesChanged: number;
  /** Same content under the same name. */
  readonly filesUnmodified: number;
  /** Same content under a new name or folder (flag, delivery from new to cur, move): not read again. */
  readonly filesRenamed: number;
  readonly filesTotal: number;
  readonly bytesTotal: number;
  /** Bytes of file content that were read. */
  readonly bytesRead: number;
  /** Bytes that were not in the repository before: as content, and as stored. */
  readonly bytesAdded: number;
  readonly bytesStored: number;
  /** What was not captured as it was. `partial` is true when something is missing or torn that should be there. */
  readonly problems: readonly import("#image").ImageProblem[];
  readonly partial: boolean;
};

/** A file that is added to a rolling snapshot. */
export type RolledFile = {
  readonly folder: RawName;
  readonly name: RawName;
  readonly mtimeNs: bigint;
  /** Its bytes; read once. */
  parts(): AsyncIterable<FilePart>;
};

export type RollOptions = {
  /** All snapshots that carry both tags are made one. */
  readonly tags: readonly [string, string];
  /** Absolute: a place of its own, so that rules by folder do not mix it with others. */
  readonly path: RawPath;
  readonly hostname: string;
  /** Stored anew where they are there already: whoever rolls asks `image` first. */
  readonly files: readonly RolledFile[];
  /** Folders that are not kept any more. Default: none. */
  readonly drops?: (folder: RawName) => boolean;
  readonly now: () => bigint;
  readonly signal?: AbortSignal;
};

export type RollResult = {
  /** Undefined where there is nothing. */
  readonly snapshot?: Snapshot;
  /** Snapshots that are part of it and can go. */
  readonly replaced: readonly string[];
  /** Bytes that were not in the repository before: as content, and as stored. */
  readonly bytesAdded: number;
  readonly bytesStored: number;
};

/** A key opens the repository with a password of its own (restic design: Keys). */
export type RepositoryKey = {
  readonly id: string;
  /** Who made it, where and when, as its file says; nothing vouches for that. */
  readonly createdNs?: bigint;
  readonly username: string;
  readonly hostname: string;
  /** Whether this repository was opened by it. */
  readonly isCurrent: boolean;
  /** What is wrong with its file, which opens nothing then. */
  readonly problem?: string;
};

export type NewPassword = {
  readonly password: string;
  readonly now: () => bigint;
  readonly signal?: AbortSignal;
};

/** A lock as it stands in the repository (restic design: Locks). */
export type HeldLock = {
  readonly id: string;
  readonly exclusive: boolean;
  readonly hostname: string;
  readonly username: string;
  readonly pid: number;
  /** When it was written; a lock that is refreshed is written anew, every 5 minutes. */
  readonly writtenNs: bigint;
  /** When it was taken, where its file says so: Restante's does. */
  readonly sinceNs?: bigint;
  /** From then on nobody believes in it, unless it is refreshed. */
  readonly staleAtNs: bigint;
  readonly isStale: boolean;
  /** Its time lies ahead of ours: a clock is wrong. */
  readonly isFromFuture: boolean;
  readonly program: "restante" | "another program";
  /** Known for sure only of a holder that ran on this machine, in this container, since this boot. */
  readonly holder: "alive" | "dead" | "unknown";
  /** Of another program's on a machine that is called as this one: whether a process has its number. */
  readonly namesakeLives?: boolean;
};

export type HeldLocks = {
  readonly locks: readonly HeldLock[];
  /** Cannot be read, and so hold nothing. */
  readonly unreadable: readonly { readonly id: string; readonly problem: string }[];
};

/** How long to wait for a lock of somebody else. */
export type LockWait = {
  readonly forMs: number;
  /** Told for whom it waits, once per holder. */
  readonly onWait: (holder: HeldLock) => void;
};

/** How an operation would lock. */
export type LockKind = {
  readonly exclusive: boolean;
  readonly now: () => bigint;
  readonly signal?: AbortSignal;
};

export interface Repository extends AsyncDisposable {
  /** The id in the repository's config. */
  readonly id: string;
  readonly version: 1 | 2;
  readonly location: string;
  /** All snapshots, oldest first. */
  snapshots(signal?: AbortSignal): Promise<readonly Snapshot[]>;
  /**
   * The snapshot as an Image. `root` picks a folder of the stored tree (an absolute path as
   * captured); by default the single captured folder, or the whole tree where there are several.
   */
  image(
    snapshot: Snapshot,
    options?: { readonly root?: RawPath; readonly signal?: AbortSignal },
  ): Promise<Image>;
  capture(image: Image, options: CaptureOptions): Promise<CaptureResult>;
  /**
   * Writes a snapshot that holds what the earlier ones of its tags hold, folder by folder, and these files
   * besides; folders that stay are not read. Removes none: `replaced` says which can go.
   */
  roll(options: RollOptions): Promise<RollResult>;
  /** Removes snapshots (not yet the bytes: that is prune). */
  removeSnapshots(ids: readonly string[], signal?: AbortSignal): Promise<void>;
  /** Writes the snapshot again with other tags, then removes the old one, as `restic tag` does. */
  replaceTags(snapshot: Snapshot, tags: readonly string[], signal?: AbortSignal): Promise<Snapshot>;
  verify(options?: VerifyOptions): Promise<VerifyReport>;
  /**
   * Saves what can be read of damaged packs, and makes the index say what is there again. What is
   * lost is named. Nothing is changed without `approve`, and nothing that reads back is removed.
   */
  repair(options: RepairOptions): Promise<RepairReport>;
  /**
   * Frees the bytes that no moment needs: whole packs go, what is used of others moves to new packs.
   * Throws `repository.prune-unsure` where damage hides what a moment needs; `repository.changed` where
   * somebody writes in spite of the lock. A run that was killed is taken up by the next.
   */
  prune(options: PruneOptions): Promise<PruneResult>;
  /**
   * Copies snapshots to another repository, under its key: only what it lacks is read and sent. A
   * snapshot is written there once all of it has arrived and was verified. What was sent before a
   * kill is not sent again.
   */
  duplicateTo(target: Repository, options: DuplicateOptions): Promise<DuplicateResult>;
  /** All keys, oldest first. */
  keys(signal?: AbortSignal): Promise<readonly RepositoryKey[]>;
  /**
   * Adds a key for the same master key; it was read back and opened with the new password when this
   * returns. Throws `repository.empty-password`, `repository.too-many-keys`, `repository.key-not-verified`.
   */
  addKey(options: NewPassword): Promise<RepositoryKey>;
  /**
   * Removes the key whose ID begins so. Throws `repository.key-not-found`, `repository.key-ambiguous`,
   * and `repository.key-in-use` for the one that this repository was opened by: so one always stays.
   */
  removeKey(named: string, signal?: AbortSignal): Promise<RepositoryKey>;
  /**
   * Adds a key as `addKey` does, then removes the one that this repository was opened by. What ends it in
   * between leaves both. Throws `repository.old-key-left` where the new one stands and the old one too.
   */
  changePassword(
    options: NewPassword,
  ): Promise<{ readonly added: RepositoryKey; readonly removed: RepositoryKey }>;
  /** All locks, the oldest first. */
  locks(options: { readonly now: () => bigint; readonly signal?: AbortSignal }): Promise<HeldLocks>;
  /** Removes locks, whoever holds them; returns those that were there. */
  removeLocks(ids: readonly string[]): Promise<readonly string[]>;
  /**
   * Waits until a lock of that kind could be taken, as the repository was opened to (`lockWait`), and
   * takes none. Throws `repository.locked`.
   */
  awaitTurn(lock: LockKind): Promise<void>;
}

export type OpenRepositoryOptions = {
  readonly password: string;
  /** Where rebuildable caches lie; undefined keeps none. */
  readonly cacheFolder?: string;
  /**
   * Told of each snapshot file that is damaged, when snapshots are listed: the others are listed
   * all the same. Without it a damaged one throws.
   */
  readonly onDamagedSnapshot?: (error: RecoveryError) => void;
  /** Wait for locks of others. Without it one that is in the way is `repository.locked` at once. */
  readonly lockWait?: LockWait | undefined;
  readonly signal?: AbortSignal;
};
