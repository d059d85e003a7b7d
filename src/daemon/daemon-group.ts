/** What the daemon is given for one protection group, and what is told of it. */
import type { RawPath } from "#image";
import type { Journal, MirrorOptions, MirrorStatus, ShipResult } from "#journal";
import type { CaptureBase, ContinuousCapture, ContinuousCaptureOptions } from "#sources";
import type { MailThere, SignalWatchOptions } from "#signals";

/** A copy of the group that is there: a base for the journal. */
export type BaseMoment = {
  /** The copy's name and the moment's ID in it, as a `base` mark has it. */
  readonly id: string;
  /** When its capture began, and when it was whole. */
  readonly fromNs: bigint;
  readonly atNs: bigint;
};

/** The delivery stage of a group, running. */
export interface DaemonStage extends AsyncDisposable {
  readonly status: StageStatus;
  /** Rejects when it cannot go on. */
  readonly ended: Promise<void>;
}
export type StageStatus = Readonly<Record<string, string | number | boolean>>;

/** A mirror of a group's journal. `run` until its signal aborts, then `finish` when the journal was closed; neither rejects. */
export interface GroupMirror extends AsyncDisposable {
  readonly status: MirrorStatus;
  run(signal: AbortSignal): Promise<void>;
  finish(signal: AbortSignal): Promise<void>;
}

/** What a mirror needs of the daemon; all else its opener knows. */
export type MirroredGroup = Pick<MirrorOptions, "clock" | "backOffMs" | "onNote"> & {
  /** The one that `openJournal` gave last. */
  readonly journal: Journal;
};

/** What the group's capture needs of the daemon; all else its opener knows. */
export type CapturedGroup = Pick<
  ContinuousCaptureOptions,
  "journal" | "signal" | "onEvent" | "openBase"
>;

export type DaemonGroup = {
  /** As the moments of the group have it. */
  readonly name: string;
  /** For people: the server, or the folder. */
  readonly shown: string;
  /** The mail store: absolute, one character per byte. */
  readonly folder: RawPath;
  /** Where its journal lies, for people. */
  readonly journalPlace: string;
  openJournal(signal: AbortSignal): Promise<Journal>;
  /** Rejects where the journal that was given last is not where it was any more. */
  readonly checkJournal?: () => Promise<void>;
  /** The newest copy that may serve as a base, of those that were whole by then. Undefined: there is none. */
  newestBase(signal: AbortSignal, byNs?: bigint): Promise<BaseMoment | undefined>;
  /** Takes one now. */
  takeBase(signal: AbortSignal): Promise<BaseMoment>;
  /** The listing of that base, for the capture to go on from. */
  openBase(base: BaseMoment, signal: AbortSignal): Promise<CaptureBase>;
  capture(options: CapturedGroup): Promise<ContinuousCapture>;
  /** After the first scan: what a person said is right as it is. Never rejects. */
  readonly accept?: (capture: ContinuousCapture) => Promise<void>;
  /** The mirror of its journal, where the configuration has one. Reaches out to no other host yet. */
  readonly openMirror?: (options: MirroredGroup) => Promise<GroupMirror>;
  /**
   * The delivery stage in front of the server, where the configuration has one. It outlives captures that
   * fail: `openJournal` gives the journal of now, and rejects while there is none but the one that failed.
   */
  readonly startStage?: (
    openJournal: (failed?: Journal) => Promise<Journal>,
    signal: AbortSignal,
  ) => Promise<DaemonStage>;
  /** What is there when watching for attacks begins. */
  mailThere(signal: AbortSignal): AsyncIterable<MailThere>;
  /**
   * Brings what is finished of the journal into the copy that its bases go to, and drops hours before
   * that instant. Absent, and undefined, where that copy takes none.
   */
  readonly ship?: (
    journal: Journal,
    options: { readonly keepSinceNs: bigint | undefined; readonly signal: AbortSignal },
  ) => Promise<Pick<ShipResult, "segments" | "bytesStored"> | undefined>;
  readonly baseEveryMs: number;
  /** Since when its rules keep every change; undefined: all of them. */
  readonly keepChangesSince: (nowNs: bigint) => bigint | undefined;
  readonly signals: SignalWatchOptions;
};

/** The daemon's time, as a value: tests have their own. */
export type DaemonClock = {
  /** Nanoseconds since 1970 UTC. */
  readonly now: () => bigint;
  /** Resolves after this long, or at once when the signal aborts; never rejects. */
  readonly sleep: (milliseconds: number, signal: AbortSignal) => Promise<void>;
  /** From 0 to 1. */
  readonly random: () => number;
};
