/**
 * The Image port: a mail store as it was at one moment, read-only. The currency of the house:
 * every method of recovery ends in one, and browsing, search, restore and drills start from one.
 */
import type { Listing } from "./listing.ts";
import type { Entry, ExtendedAttribute } from "./entry.ts";
import type { Evidence } from "./evidence.ts";
import type { RawPath } from "./raw-path.ts";
import type { ServerFacts } from "./server-facts.ts";

/** How the bytes of an Image hang together. From best to worst. */
export const consistencies = ["offline", "application", "crash", "fuzzy"] as const;
export type Consistency = (typeof consistencies)[number];

/** A part of the store with its own place and role (paper §2.1: database and logs). */
export type Volume = {
  /** Stable identity of the filesystem it lies on, not `st_dev`: "uuid:…", or "type:source" where there is none. */
  readonly id: string;
  readonly role: "database" | "log" | "mixed";
  /** Where it lies within the Image; "" is the whole of it. */
  readonly root: RawPath;
};

/** When an Image was taken. Sequence orders, wall clock labels. */
export type ImageMoment = {
  /** Protection group (server × line of business), or the folder's path without a configuration. */
  readonly group: string;
  /** 1, 2, 3, … within a group and generation. */
  readonly sequence: number;
  /** Changes when a lineage starts anew (restored server, new repository). */
  readonly generation: string;
  /** First and last instant at which bytes were looked at, nanoseconds since 1970 UTC. */
  readonly fromNs: bigint;
  readonly toNs: bigint;
};

export type ReadOptions = {
  /** First byte. Default 0. */
  readonly offset?: number;
  /** Default: to the end. */
  readonly lengthBytes?: number;
  readonly signal?: AbortSignal;
};

/** Something that was seen and could not be had as it was. Reported, never silently skipped. */
export type ImageProblem = {
  readonly path: RawPath;
  readonly code:
    | "vanished"
    | "changed"
    | "unreadable"
    | "unlistable"
    | "unsupported"
    | "still-changing";
  /** One sentence in plain words. */
  readonly message: string;
};

/** Where the bytes can be read by another thread of this machine, when they lie in plain files. */
export interface LocalAccess {
  /** Absolute path of the folder that is the Image's root, one character per byte. */
  readonly root: RawPath;
  /** The folder holds more than the Image does: to freeze or keep it whole would be to keep what is none of it. */
  readonly holdsMore?: true;
  /**
   * Where files that are no longer under their listed name can be read now (renamed by a flag,
   * moved to another folder), found by inode. Both are paths within the Image; a path that is
   * still in its place maps to itself, one that is absent from the answer is gone.
   */
  relocate(paths: readonly RawPath[], signal?: AbortSignal): Promise<ReadonlyMap<RawPath, RawPath>>;
}

export type ExtractRequest = {
  readonly path: RawPath;
  /** Absolute path of the file to write, one character per byte; must not exist yet. */
  readonly to: RawPath;
  /** What is cheap to set while the file is open. Only asked for; see `hasAttributes`. */
  readonly attributes?: FileAttributes;
};

/** What a file gets beside its bytes. */
export type FileAttributes = {
  /** Absent: it stays with whoever writes it. */
  readonly owner?: { readonly uid: number; readonly gid: number };
  /** Permission bits with setuid, setgid and sticky. */
  readonly mode: number;
  /** Nanoseconds since 1970. */
  readonly mtimeNs: bigint;
};

export type ExtractResult = {
  readonly path: RawPath;
  readonly to: RawPath;
  readonly sizeBytes: number;
  /** Set when the bytes could not be written or did not read back equal; `to` is removed then. */
  readonly error?: Error;
  /**
   * The file has all the attributes that were asked for, and no extended ones in the image. Where it
   * is absent, some may be set and some not: the caller sets them all.
   */
  readonly hasAttributes?: true;
};

export type ReadFile =
  | { readonly path: RawPath; readonly bytes: Uint8Array<ArrayBuffer>; readonly error?: undefined }
  | { readonly path: RawPath; readonly bytes?: undefined; readonly error: Error };

/** A frozen folder that changed hands. */
export type HandedOver = {
  /** Where the Image's root lies from now on, absolute. */
  readonly root: RawPath;
};

export interface Image extends AsyncDisposable {
  readonly at: ImageMoment;
  readonly consistency: Consistency;
  readonly volumes: readonly Volume[];
  /** Problems seen so far while listing and reading. Grows. */
  readonly problems: readonly ImageProblem[];
  /**
   * The entries of one folder in ascending order of raw name bytes. Throws ImageError
   * `image.unlistable` when the listing fails (a failed listing is never an empty one),
   * `image.not-found`, `image.not-a-folder`.
   */
  list(path: RawPath, signal?: AbortSignal): Promise<Listing>;
  /**
   * One entry as its folder's list has it, without what stands beside it; undefined where it is not
   * there. Throws `image.unlistable`. Absent where listing the folder is as good.
   */
  entry?(path: RawPath, signal?: AbortSignal): Promise<Entry | undefined>;
  /** Extended attributes of one entry, ascending by name; [] where there are none. */
  extendedAttributes(path: RawPath): Promise<readonly ExtendedAttribute[]>;
  /**
   * Bytes of a file; a range is cut where the file ends. Throws `image.not-found`, `image.not-a-file`,
   * `image.unreadable`, `image.changed` (the file changed while it was read; what came before is void).
   */
  read(path: RawPath, options?: ReadOptions): AsyncIterable<Uint8Array>;
  /**
   * Equal means same content (file) or same subtree (folder) within Images whose
   * `fingerprintScope` is equal. Undefined where it would cost a read.
   */
  fingerprint(path: RawPath, signal?: AbortSignal): Promise<string | undefined>;
  readonly fingerprintScope: string;
  /**
   * The same for a part of a file: equal means the same bytes. Undefined where it would cost a read,
   * or there is no such part. Absent where it always would.
   */
  rangeFingerprint?(
    path: RawPath,
    range: { readonly offset: number; readonly lengthBytes: number },
    signal?: AbortSignal,
  ): Promise<string | undefined>;
  readonly local?: LocalAccess;
  /**
   * Writes many files' bytes to local files in whatever order is fastest, reads each back and
   * compares them. Extended attributes are the caller's work, and all others where a result does not
   * say that they are set. Requests are taken as they are needed: those of one folder best come one
   * after another. Absent where `read` is as good.
   */
  extract?(requests: Iterable<ExtractRequest>, signal?: AbortSignal): AsyncIterable<ExtractResult>;
  /**
   * The bytes of many files, each whole, in whatever order is fastest; each path comes once, with
   * the error that `read` would throw where they cannot be had. All of one call may be in memory at
   * a time: it is the caller who bounds them. Files may share a piece of memory, which is kept as long
   * as one of them. Absent where `read` is as good.
   */
  readFiles?(paths: readonly RawPath[], signal?: AbortSignal): AsyncIterable<ReadFile>;
  /**
   * Where the server kept what at that moment, where its configuration was known. Undefined, or absent,
   * where nobody said: then each thing is looked for where servers put it by default.
   */
  serverFacts?(signal?: AbortSignal): Promise<ServerFacts | undefined>;
  /** Of an Image that was frozen and looked at: how, and what was found. */
  readonly evidence?: Evidence;
  /**
   * Gives the frozen folder behind the Image away, to be kept instead of copied: renames it to `to`,
   * an absolute path that is not there yet, in a folder that is, and makes that durable. From then
   * on it is the caller's: the Image reads it there, and closing the Image removes nothing. The
   * folder that arrives is the whole container of a snapshot, with its record. Undefined, and
   * nothing has changed, where it cannot be moved there (another filesystem) or was given away
   * before. Absent where there is no such folder.
   */
  handOver?(to: RawPath, signal?: AbortSignal): Promise<HandedOver | undefined>;
}
