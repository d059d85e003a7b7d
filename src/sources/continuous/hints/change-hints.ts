/**
 * The ChangeHints port: somebody says that something may have changed at a place. A hint proves
 * nothing and may be missing; whoever gets it looks. What is known to have been missed is said.
 */
import { joinRawPath, type RawName, type RawPath } from "#image";

/** Best first. */
export const hintWays = ["fanotify", "fsnotifywait", "folder-watch", "server-log", "none"] as const;
export type HintWay = (typeof hintWays)[number];

/** Whether the way hears of every change of a file. A server's log tells of mail alone, and some time after. */
export function isWatching(way: HintWay): boolean {
  return way !== "server-log" && way !== "none";
}

/** What a person said of how to be told of changes; all of it may be absent. */
export type HintSources = {
  /** Absolute path of the file that Dovecot's mail_log plugin logs into. */
  readonly dovecotLog?: string;
  /** Absolute path of the folder of a channel of Cyrus's sync_log, that nobody else reads. */
  readonly cyrusChannel?: string;
  /** How `fsnotifywait` is run, where it needs rights that this process lacks. */
  readonly helper?: readonly string[];
};

/** Something may have changed here. */
export type ChangeHint = {
  /** The folder, relative to the root. */
  readonly folder: RawPath;
  /** The name within it; absent: any of its names. */
  readonly name?: RawName;
  /** The name may be that of a folder which came, went or was renamed: all below it is in question. */
  readonly below?: boolean;
};

/** Hints were missed: everything, or everything below a folder, is in question. */
export type HintLoss = {
  /** `overflow`: more changes than could be queued; `stalled`: nobody listened for a while; `lost`: the way ended. */
  readonly why: "overflow" | "stalled" | "lost";
  readonly folder?: RawPath;
  /** Nothing before this instant was missed, nanoseconds since 1970 UTC. */
  readonly sinceNs?: bigint;
  /** Nothing comes this way any more. */
  readonly isFinal?: boolean;
  /** One sentence in plain words. */
  readonly message: string;
};

export type HintListener = {
  /** Many at a time, in the order in which the changes happened as far as that is known. */
  readonly onHints: (hints: readonly ChangeHint[]) => void;
  readonly onLoss: (loss: HintLoss) => void;
};

export interface ChangeHints extends AsyncDisposable {
  readonly way: HintWay;
  /** Folders that could not be watched, and why: one sentence. Absent where everything is. */
  readonly limits?: string | undefined;
  /** What tells of changes as well, in case this does not: one sentence. */
  readonly beside?: string | undefined;
  /** Resolves when every change that was made before the call has been told. */
  settle(): Promise<void>;
  /** A folder that is there since: a way that watches each folder does so from now on. */
  watchFolder(folder: RawPath): void;
  /** It is not there any more, under this name. */
  forgetFolder(folder: RawPath): void;
}

/** What can go wrong: the way is not possible here; then another one is taken. */
export type HintsUnavailable = { readonly unavailable: string };

/** A folder of the store: within the Image, and where it lies (absolute, without symbolic links). */
export type HintPlace = { readonly path: RawPath; readonly folder: RawPath };

export type OpenHintsRequest = {
  /** What the root of the Image stands for: absolute, without symbolic links. */
  readonly root: RawPath;
  /** Where the store lies now, by path within the Image. Default: all of it is the root. */
  readonly places?: () => readonly HintPlace[];
  readonly isProtected: (path: RawPath) => boolean;
  /** All folders of the account that a path belongs to, its own folder first. Default: the path itself. */
  readonly partsOf?: (path: RawPath) => readonly RawPath[];
  /** All folders below the root that are known; "" is the root itself. */
  readonly folders: () => Iterable<RawPath>;
  readonly listener: HintListener;
  readonly nowNs: () => bigint;
  /** Where else to hear of changes. Default: nowhere. */
  readonly sources?: HintSources;
};

/** Opens a way to be told of changes; from when it resolves, no change is missed in silence. */
export type OpenHints = (request: OpenHintsRequest) => Promise<ChangeHints | HintsUnavailable>;

/** A way as it was chosen. */
export type OpenedHints = { readonly way: HintWay; readonly open: OpenHints };

export function placesOf({ root, places }: OpenHintsRequest): readonly HintPlace[] {
  return places?.() ?? [{ path: "" as RawPath, folder: root }];
}

/** Where a path of the Image lies; undefined where it lies in no place. */
export function placedPath(path: RawPath, places: readonly HintPlace[]): RawPath | undefined {
  for (const { path: at, folder } of places) {
    if (path === at) return folder;
    if (at === "") return joinRawPath(folder, path);
    if (path.startsWith(`${at}/`)) return joinRawPath(folder, path.slice(at.length + 1) as RawPath);
  }
  return undefined;
}
