import type { Quantity } from "../quantity.ts";

/**
 * Every estimate is a pair. RPO is worst when the logs since the last copy are lost; RTO is worst when
 * they survive and must be played back (§1.4.1 notes 2 and 3, §4.1).
 */
export type Pair = { readonly logsSurvive: Quantity; readonly logsLost: Quantity };

export const phaseNames = [
  "recall",
  "find",
  "restore",
  "restore logs",
  "roll forward",
  "start",
] as const;
export type PhaseName = (typeof phaseNames)[number];

/** A step of a recovery. */
export type Phase = {
  readonly name: PhaseName;
  /** Minutes. */
  readonly time: Quantity;
  /** Only where the logs survive. */
  readonly ofLogs: boolean;
};

export type StorageKind = "disk" | "production disk" | "tape" | "object storage";

export type Stored = {
  readonly kind: StorageKind;
  /** Bytes. */
  readonly size: Quantity;
  /** As a multiple of the mail: the cost columns of Figures 6 and 7. */
  readonly timesData: Quantity;
  /** Media in rotation, for tape. */
  readonly tapes?: Quantity;
  /** For tape: how often each of them is written, where it is not once in a turn of all images. */
  readonly writtenEveryHours?: number;
};

export type Estimate = {
  /** Hours. */
  readonly rpo: Pair;
  /** Minutes, without the time to recall media. */
  readonly rto: Pair;
  /** Minutes until the media are at hand: §4.2 assumes them on a shelf, which is 0. */
  readonly recall: Quantity;
  /** In order; recall is not among them. */
  readonly phases: readonly Phase[];
  readonly stored: readonly Stored[];
  /** Recoverable images at once; Infinity where every instant is one (§1.4.2). */
  readonly images: number;
  /** Hours that making one copy takes: it must be done before the next begins. */
  readonly copyTime: Quantity;
};
