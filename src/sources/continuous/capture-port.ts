/** What continuous capture is given, and what it says of itself. */
import type { ClockNs, Image, RawPath, ServerFacts, Volume } from "#image";
import type { GapReason, Journal } from "#journal";
import type { HintSources, HintWay, OpenedHints } from "./hints/change-hints.ts";

/** What the journal goes on from: a copy that is there, as it is listed. */
export type CaptureBase = {
  /** Read for its listings alone, and closed then. Its root is that of the group's Image. */
  readonly image: Image;
  /** The instant at which its capture began, nanoseconds since 1970 UTC. */
  readonly fromNs: bigint;
};

export type ContinuousCaptureOptions = {
  /** The protection group, for messages. */
  readonly group: string;
  /** The root of the group's Image: an absolute path, one character per byte. */
  readonly folder: RawPath;
  /**
   * Folders of the same store that lie elsewhere, absolute: then the Image's root is that of the machine, and each
   * folder lies at its own path in it, as `joinImages` has them. None lies in another. One that is away is held.
   */
  readonly beside?: readonly RawPath[];
  /** Where the server keeps the parts of an account: what is one account's is looked at, and shown, together. */
  readonly facts?: ServerFacts;
  /**
   * Whether a path within the Image belongs to the group. What is below a folder that does not is
   * never looked at. Default: all of it does.
   */
  readonly isProtected?: (path: RawPath) => boolean;
  /** Default: one volume with everything in it. */
  readonly volumes?: readonly Volume[];
  /** Nobody else writes to it meanwhile; it is the caller's to close, after the capture. */
  readonly journal: Journal;
  /** A folder of this machine for what can be made again; it is made where it is missing. */
  readonly stateFolder: string;
  /**
   * The newest copy of the group: what it has need not be stored in the journal once more. Asked for
   * when there is no observed state yet, or none that fits the journal. Without one the first
   * reconciliation stores the whole store.
   */
  readonly openBase?: (signal: AbortSignal) => Promise<CaptureBase | undefined>;
  /** How changes are noticed. Default: the best way that works here. */
  readonly hints?: HintWay | OpenedHints;
  /** Logs of the mail server that tell of changes, and a helper that may watch. Default: none. */
  readonly hintSources?: HintSources;
  readonly clock?: ClockNs;
  /** Changes are gathered this long after the first. Default 20. */
  readonly windowMs?: number;
  /** A file that is gone may come back under another name this long. Default 100. */
  readonly graceMs?: number;
  /** A scan of the whole store this long after the one before. Default 1 hour; 1 minute where nothing watches. */
  readonly reconcileEveryMs?: number;
  /** Volumes, and places that are held, are looked at this often: nothing tells of a store that is gone. Default 5 s. */
  readonly checkEveryMs?: number;
  /** Ends the message of a place that is held: how a person has `accept` called for it. */
  readonly howToAccept?: (path: RawPath) => string;
  /** Ends it, as `close` does, without waiting for what is being looked at. */
  readonly signal?: AbortSignal;
  readonly onEvent?: (event: CaptureEvent) => void;
};

/** What somebody who watches over it should hear. What is written into the journal is there as well. */
export type CaptureEvent =
  | { readonly type: "hints"; readonly way: HintWay; readonly why: string; readonly lateMs: number }
  | {
      readonly type: "gap";
      readonly why: GapReason;
      readonly fromNs: bigint;
      readonly toNs: bigint;
      readonly path?: RawPath;
      readonly message: string;
    }
  | {
      readonly type: "reconciled";
      /** "" is all of the store. */
      readonly path: RawPath;
      readonly entries: number;
      /** Events that had to be written. */
      readonly differences: number;
    }
  /** Nothing below `path` is recorded until it is as it was, or `accept` is called. */
  | { readonly type: "held"; readonly path: RawPath; readonly message: string }
  | { readonly type: "released"; readonly path: RawPath }
  /** One file or folder that cannot be read now; it is tried again with the next scan. */
  | { readonly type: "problem"; readonly path: RawPath; readonly message: string }
  /** The journal or the observed state cannot be written: nothing is captured any more. */
  | { readonly type: "failed"; readonly error: Error };

export const captureStates = [
  "starting",
  "following",
  "reconciling",
  "held",
  "failed",
  "closed",
] as const;
export type CaptureState = (typeof captureStates)[number];

export type CaptureStatus = {
  readonly state: CaptureState;
  readonly hints: {
    readonly way: HintWay;
    /** One sentence: why this way and no better one. */
    readonly why: string;
    /** How late a change may be noticed in the usual case. */
    readonly lateMs: number;
  };
  /** When a change was noticed last, nanoseconds since 1970 UTC; absent where none was yet. */
  readonly lastHintNs?: bigint;
  /** When a change was last made durable in the journal. */
  readonly lastDurableNs?: bigint;
  /** Age of the oldest change that is noticed and not durable yet; 0 where there is none. */
  readonly lagMs: number;
  /** Names that wait to be looked at. */
  readonly queued: number;
  /** When a scan of the whole store was last complete, in this process. */
  readonly reconciledAtNs?: bigint;
  /** Gaps recorded since it was started. */
  readonly gaps: number;
  /** Changes recorded since it was started, and the bytes stored for them. */
  readonly changes: number;
  readonly storedBytes: number;
  /** Folders and files that the observed state has. */
  readonly entries: number;
  /** Places that are held, and why. */
  readonly held: readonly { readonly path: RawPath; readonly message: string }[];
};

export interface ContinuousCapture extends AsyncDisposable {
  readonly status: CaptureStatus;
  /** Resolves when the whole store has once been compared with the journal. Rejects as `ended` does. */
  readonly ready: Promise<void>;
  /** Resolves after `close`; rejects with what made it fail. */
  readonly ended: Promise<void>;
  /** Compares the store, or what is below a folder of it, with the journal now; resolves when that is durable. */
  reconcile(path?: RawPath): Promise<void>;
  /** A person's word that what is held is right as it is now: what is missing was removed on purpose. */
  accept(path?: RawPath): Promise<void>;
  /** Waits until everything noticed so far is durable. */
  settle(): Promise<void>;
  /** Looks at what was noticed, makes it durable, and stops. The journal stays open. */
  close(): Promise<void>;
}

/** Starts it: resolves when the observed state is open and changes are noticed; the first scan goes on behind `ready`. */
export type CaptureContinuously = (options: ContinuousCaptureOptions) => Promise<ContinuousCapture>;
