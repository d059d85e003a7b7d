import type { Listing, RawPath } from "#image";
import type { FolderComparison } from "./compare-folder.ts";
import type { ScannedFolder } from "./scan-cache.ts";

/** A folder on its way through a capture: listed, compared, waiting for its files and subfolders. */
export type CaptureFrame = {
  readonly path: RawPath;
  readonly listing: Listing;
  readonly earlier: ScannedFolder | undefined;
  readonly comparison: FolderComparison;
  /** 32 bytes a blob of each file, the tree of each folder; undefined: not (yet) known. */
  readonly contents: (Uint8Array | undefined)[];
  readonly flags: Uint8Array;
  readonly dropped: Set<number>;
  readonly subfolders: { readonly at: number; readonly tree: Promise<Uint8Array | undefined> }[];
  /** Files on their way. */
  pending: number;
  onSettled: (() => void) | undefined;
  nextChild: number;
};
