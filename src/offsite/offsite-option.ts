/**
 * The port of disaster recovery (paper §2.2, Figure 1, right column): an option sends moments of a copy
 * here to where the site's loss does not reach, and what it holds there is a Copy of its own.
 */
import type { Copy, RecoveryPoint } from "#copies";
import type { RecoveryError } from "#errors";

export type OffsiteProgress = {
  readonly phase: string;
  readonly momentsDone: number;
  readonly momentsTotal: number;
  readonly bytesDone: number;
  /** 0 where it is not known yet. */
  readonly bytesTotal: number;
};

export type SendOptions = {
  readonly onProgress?: (progress: OffsiteProgress) => void;
  readonly signal?: AbortSignal;
};

export type SentPoint = { readonly here: RecoveryPoint; readonly there: RecoveryPoint };

/** A moment that would not come back whole from there, so that it was not promised there. */
export type RefusedPoint = {
  readonly point: RecoveryPoint;
  readonly error: RecoveryError;
  /** What of it is affected, the first by path; all are counted. */
  readonly losses: readonly { readonly path: string; readonly reason: string }[];
  readonly lossCount: number;
};

export type OffsiteBytes = {
  /** From the copy here. */
  readonly read: number;
  /** Content that was not there before, and what it takes there. */
  readonly added: number;
  readonly stored: number;
  /** Read back from there and compared. */
  readonly verified: number;
};

export type OffsitePhase = { readonly name: string; readonly elapsedMs: number };

export type SendResult = {
  readonly sent: readonly SentPoint[];
  /** There already. */
  readonly skipped: readonly SentPoint[];
  readonly refused: readonly RefusedPoint[];
  readonly bytes: OffsiteBytes;
  /** In their order. */
  readonly phases: readonly OffsitePhase[];
  /** How what was sent was verified there, in words: "every blob is in its index". */
  readonly verified: string;
};

/** How far one group is protected against the loss of the site. */
export type OffsiteGroup = {
  readonly group: string;
  readonly newestHere?: RecoveryPoint;
  readonly newestThere?: RecoveryPoint;
  /** What a loss of the site now would cost beyond the loss since the newest moment here; undefined where nothing is there. */
  readonly lagMs?: number;
  /** Here and not there, oldest first; of them, those that are on their way. */
  readonly waiting: readonly RecoveryPoint[];
  readonly onTheirWay: readonly RecoveryPoint[];
};

export type OffsiteState = { readonly groups: readonly OffsiteGroup[] };

export interface OffsiteOption {
  /** The paper's words: "duplicate backup copies to offsite". */
  readonly name: string;
  /** Where the paper describes it: "2.2.2". */
  readonly section: string;
  /** What is there. It needs nothing of the first site. */
  readonly copy: Copy;
  /**
   * Sends moments of the copy here, in the order given, and verifies them there. One that cannot be
   * sent whole is refused and keeps no other back. What arrived before an interruption is not sent again.
   */
  send(points: readonly RecoveryPoint[], options?: SendOptions): Promise<SendResult>;
  /** What is there, up to when, and what is on its way. */
  state(signal?: AbortSignal): Promise<OffsiteState>;
}
