/** What the second half of the demo tells: every method, then the loss of the site. */
import type { RecoveryPoint } from "#copies";
import type { Evidence } from "#image";
import type { SendResult } from "#offsite";
import type { PhaseTime } from "../phase-clock.ts";
import type { Comparison } from "./message-files.ts";

export type KeptEvent = {
  readonly kind: "kept";
  readonly method: string;
  readonly section: string;
  readonly point: RecoveryPoint;
  /** What people ought to know: that it shares blocks with the store, or is a full copy because nothing can. */
  readonly notes: readonly string[];
  /** All moments of this copy, oldest first, and what they take on disk. */
  readonly points: readonly RecoveryPoint[];
  readonly storedBytes: number;
  /** Of the mail in this moment. */
  readonly mailBytes: number;
  /** Where it is on tape. */
  readonly tapes?: number;
  readonly elapsedMs: number;
};

export type RehearsedEvent = {
  readonly kind: "rehearsed";
  readonly method: string;
  readonly point: RecoveryPoint;
  /** Names that the opened image lists, and how many of them are not as the server has them, or missing. */
  readonly listed: number;
  readonly listedDifferently: number;
  readonly mailbox: {
    readonly address: string;
    readonly messages: number;
    readonly elapsedMs: number;
  };
  readonly comparison: Comparison;
  /** Of restoring everything, until every message was compared. */
  readonly phases: readonly PhaseTime[];
  readonly failed: number;
};

export type SiteEvent =
  | { readonly kind: "keeping" }
  | { readonly kind: "rehearsing"; readonly copies: number }
  | {
      readonly kind: "frozen";
      /** How, and what its validation found. */
      readonly evidence: Evidence;
      readonly elapsedMs: number;
    }
  | KeptEvent
  | RehearsedEvent
  | {
      readonly kind: "duplicated";
      readonly repository: string;
      readonly result: SendResult;
      readonly storedBytes: number;
      readonly elapsedMs: number;
      /** Messages that reach the server after that. */
      readonly arrivedSince: number;
    }
  | {
      readonly kind: "site-lost";
      readonly atNs: bigint;
      readonly removed: readonly string[];
      readonly elapsedMs: number;
    }
  | (Omit<RehearsedEvent, "kind" | "mailbox"> & {
      readonly kind: "site-restored";
      readonly mail: string;
      readonly filesVerified: number;
      readonly arrivedSince: number;
      readonly rpoMs: number;
      readonly rtoMs: number;
    });
