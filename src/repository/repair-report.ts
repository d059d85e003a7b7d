/** What a repair is asked, what it is about to do, and what it did. */
import type { PackReadings } from "./pack-readings.ts";

export type DamagedPack = {
  readonly packId: string;
  /** What is wrong with it, in plain words. */
  readonly state: string;
  /** Pieces of content that are stored again in new packs. */
  readonly saved: number;
  /** Pieces that cannot be read and that no other pack has. */
  readonly lost: number;
  /** False: nothing of it could be read at all, so that the file is left where it is. */
  readonly isRemoved: boolean;
};

export type LostPath = {
  readonly kind: "file" | "folder";
  /** As stored, for a person to read. */
  readonly path: string;
  /** The snapshot in which it was met first; others may share it. */
  readonly snapshot: string;
  readonly timeNs: bigint;
  readonly state: string;
  /** The nearest moment of the same group that has the path whole. */
  readonly other?: { readonly snapshot: string; readonly timeNs: bigint };
};

export type RepairPlan = {
  /** False: the repository is as it should be, or nothing can be done about it. */
  readonly isNeeded: boolean;
  /** Index files that cannot be read. */
  readonly damagedIndexes: readonly string[];
  /** Index files that can be read and say what is not so. */
  readonly wrongIndexes: readonly string[];
  readonly missingPacks: readonly string[];
  readonly damagedPacks: readonly DamagedPack[];
  /** Sound packs that no index names any more: a new one will. */
  readonly adoptedPacks: readonly string[];
  /** Packs whose content nothing tells: no index names them, and their header cannot be read. They are left. */
  readonly unreadablePacks: readonly string[];
  /** Snapshot files that cannot be read. They are left. */
  readonly damagedSnapshots: readonly string[];
  /** What stays lost after the repair; as many as are listed. */
  readonly lost: readonly LostPath[];
  readonly lostCount: number;
  /** Snapshots that lack something then. */
  readonly incompleteSnapshots: readonly string[];
  /** Packs whose bytes were read, and all that there are. */
  readonly packsRead: number;
  readonly packs: number;
};

export type RepairedSnapshot = {
  readonly original: string;
  /** Without what is lost. */
  readonly id: string;
};

export type RepairOptions = {
  /** Read every pack. Otherwise those alone that are known or suspected to be damaged. */
  readonly readData?: boolean;
  /** What earlier verifications found. */
  readonly readings?: PackReadings;
  /** Say what would be done, under a lock that hinders nobody. */
  readonly dryRun?: boolean;
  /** Also write each incomplete snapshot again without what is lost; the original stays. */
  readonly dropLost?: boolean;
  /** Asked once, before anything is changed. */
  readonly approve: (plan: RepairPlan) => Promise<boolean>;
  readonly workers?: number;
  readonly now?: () => bigint;
  readonly onProgress?: (progress: {
    readonly done: number;
    readonly total: number;
    readonly bytes: number;
  }) => void;
  readonly signal?: AbortSignal;
};

export type RepairReport = {
  readonly plan: RepairPlan;
  /** False: nothing was changed. */
  readonly done: boolean;
  readonly newIndexes: number;
  readonly newPacks: number;
  readonly removedIndexes: number;
  readonly removedPacks: number;
  readonly repairedSnapshots: readonly RepairedSnapshot[];
};
