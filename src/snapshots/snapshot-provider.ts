/**
 * The SnapshotProvider port: a way in which a filesystem makes a "frozen" image of a mail store
 * (paper §2.1), to keep (§3.3 clones, §3.4 deltas) or to validate and read from (hot split).
 */
import type { Consistency, Image, ImageProblem, MomentOptions, RawPath, Volume } from "#image";

export const snapshotProviderNames = ["btrfs snapshot", "reflink copy", "plain copy"] as const;
export type SnapshotProviderName = (typeof snapshotProviderNames)[number];

/** A delta shares unchanged blocks with production and dies with its disk; a clone is an exact copy of its own. */
export type SnapshotKind = "delta" | "clone";

export type Suitability = {
  readonly suits: boolean;
  /** One sentence: why it does, or what stands in the way. */
  readonly why: string;
};

export const snapshotPhases = [
  "freezing",
  "copying",
  "finishing",
  "protecting",
  "removing",
] as const;
export type SnapshotProgress = {
  readonly phase: (typeof snapshotPhases)[number];
  /** Files copied or removed so far, and their bytes. */
  readonly files: number;
  readonly sizeBytes: number;
};

export type SnapshotOptions = {
  readonly signal?: AbortSignal;
  /** Called as each phase begins and every few hundred files. */
  readonly onProgress?: (progress: SnapshotProgress) => void;
};

/**
 * What keeps the frozen store from being written: the filesystem's own read-only property, the
 * immutable attribute of each file and folder, or only that nobody else can enter its folder.
 */
export const protections = ["read-only subvolume", "immutable files", "closed folder"] as const;
export type Protection = (typeof protections)[number];

/** One frozen store. */
export type Taken = {
  readonly provider: SnapshotProviderName;
  /** The folder that was asked for: what `open`, `space`, `writableCopy` and `remove` are given. Absolute, without symbolic links. */
  readonly destination: RawPath;
  /** The frozen store's root, absolute; lies within `destination`. */
  readonly path: RawPath;
  /** The folder that was frozen, absolute, without symbolic links, and the identity of its volume at that time. */
  readonly store: RawPath;
  readonly volumeId: string;
  /** "crash" of one instant; "fuzzy" of a walk. */
  readonly consistency: Extract<Consistency, "crash" | "fuzzy">;
  /**
   * Nothing changed between the last copy of a byte and a look at every file after it: all of it
   * held at one moment, though nobody vouches for it as for an instant. Always so of "crash".
   */
  readonly settled: boolean;
  /** First and last instant at which the store was looked at, nanoseconds since 1970 UTC. */
  readonly fromNs: bigint;
  readonly toNs: bigint;
  /** Names of plain files. */
  readonly files: number;
  /** Bytes in them; a file of several names counts once. */
  readonly sizeBytes: number;
  readonly protection: Protection;
  /** What could not be had as it was. Its Image reports it again. */
  readonly problems: readonly ImageProblem[];
};

export type OpenSnapshotOptions = Omit<MomentOptions, "clock"> & {
  /** Default: one volume with everything in it, by the identity it had when it was frozen. */
  readonly volumes?: readonly Volume[];
  readonly signal?: AbortSignal;
};

export type WritableCopyOptions = SnapshotOptions & {
  /** Let other users pass through its folder, as a mail server's own tool must that gives up root's rights. Default false. */
  readonly forOtherUsers?: boolean;
};

/** A throw-away layer over a frozen store, for a tool that writes while it validates. Disposing removes it. */
export interface WritableLayer extends AsyncDisposable {
  readonly destination: RawPath;
  /** The store's root in it, absolute. */
  readonly path: RawPath;
}

export type SnapshotSpace = {
  readonly totalBytes: number;
  /** What removing it would free. */
  readonly ownBytes: number;
  /** One sentence: how that is known, and what it leaves out. */
  readonly basis: string;
};

/** Errors of all calls are SnapshotErrors, but for an interruption, which is the signal's own reason. */
export interface SnapshotProvider {
  readonly name: SnapshotProviderName;
  /** Of the paper: where rotations of its kind are described. */
  readonly section: "§3.3" | "§3.4";
  readonly kind: SnapshotKind;
  /** One instant ("crash"), or a walk ("fuzzy"). */
  readonly atomic: boolean;
  /** Whether it can freeze this folder there. Writes at most a probe beside the destination, and removes it. */
  suits(folder: RawPath, destination: RawPath, options?: SnapshotOptions): Promise<Suitability>;
  /**
   * Freezes the folder. `destination` must not exist and its parent must; it appears whole and
   * durable, or not at all. Symbolic links on the way to the folder are resolved, those within
   * it are kept as links.
   */
  take(folder: RawPath, destination: RawPath, options?: SnapshotOptions): Promise<Taken>;
  /** The frozen store as an Image of the moment at which it was taken. */
  open(destination: RawPath, options?: OpenSnapshotOptions): Promise<Image>;
  /** A writable copy of the frozen store; the frozen one stays as it is. */
  writableCopy(
    destination: RawPath,
    to: RawPath,
    options?: WritableCopyOptions,
  ): Promise<WritableLayer>;
  /** Removes a frozen store or a writable copy that this provider made. Refuses anything else. */
  remove(destination: RawPath, options?: SnapshotOptions): Promise<void>;
  space(destination: RawPath, options?: SnapshotOptions): Promise<SnapshotSpace>;
}
