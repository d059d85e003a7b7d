import type { StageBounds, StageLimits } from "./limits.ts";
import type { BufferMeter } from "./delivery/buffer-meter.ts";
import type { JournalKeeper, JournalPolicy } from "./delivery/journal-keeper.ts";
import type { RecipientResult } from "./delivery/message-delivery.ts";
import type { StageClock } from "./network/stage-clock.ts";
import type { Peer } from "./protocol/peer.ts";
import type { ServerPool } from "./server/server-pool.ts";

/** What every session and delivery of one stage shares. */
export type StageContext = {
  readonly pool: ServerPool;
  readonly keeper: JournalKeeper;
  readonly policy: JournalPolicy;
  readonly limits: StageLimits;
  readonly bounds: StageBounds;
  readonly clock: StageClock;
  readonly meter: BufferMeter;
  readonly newId: () => string;
  readonly onDelivery: (delivery: DeliveryReport) => void;
};

/** One message as it went through: for the log and the counters. */
export type DeliveryReport = {
  readonly id: string;
  readonly peer: Peer;
  /** Bytes as characters. */
  readonly sender: string;
  readonly sizeBytes: number;
  readonly durationMs: number;
  readonly results: readonly RecipientResult[];
  /** It went to the mail server without being in the journal. */
  readonly isPassedThrough: boolean;
  /** The MTA went away before all of it was here. */
  readonly isAborted: boolean;
};
