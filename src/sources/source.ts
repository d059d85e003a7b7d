import type { Consistency, Image, MomentOptions, OwnerNames, RawPath, Volume } from "#image";

/** The names of Figure 1's left column. */
export const sourceNames = [
  "Offline",
  "Hot Split Snapshot",
  "App-Integrated Snapshot",
  "Live Application",
  "Backup API",
] as const;
export type SourceName = (typeof sourceNames)[number];

export type StableImageRequest = Omit<MomentOptions, "clock"> & {
  /** The mail store: an absolute path, one character per byte. */
  readonly folder: RawPath;
  /**
   * Other folders of the same store, absolute, none in another: the Image is of all of them then, with
   * the machine's root as its own (`joinImages`).
   */
  readonly beside?: readonly RawPath[];
  /** Default: one volume with everything in it. */
  readonly volumes?: readonly Volume[];
  /** Default: read from /etc/passwd and /etc/group. */
  readonly ownerNames?: OwnerNames;
  readonly signal?: AbortSignal;
};

/**
 * The Source port (paper §2.1): ensures "that there is a stable copy of data available from which
 * to create a recoverable copy".
 */
export interface Source {
  readonly name: SourceName;
  /** How the bytes of its Images hang together. */
  readonly consistency: Consistency;
  /**
   * An Image that is stable for as long as its scope lives: `await using`. Closing it gives back
   * whatever was taken to hold it still, and may throw a SourceError when that fails.
   */
  stableImage(request: StableImageRequest): Promise<Image>;
}
