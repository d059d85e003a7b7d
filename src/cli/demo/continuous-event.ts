/** What the demo's part with continuous data protection tells. */
import type { RestoreCounts } from "#recovery";
import type { Comparison } from "./message-files.ts";
import type { SampleMailbox } from "./sample-server.ts";

export type ContinuousEvent =
  | {
      readonly kind: "followed";
      /** How changes are noticed. */
      readonly way: string;
      readonly arrived: number;
      readonly slowestMs: number;
      readonly elapsedMs: number;
    }
  | {
      readonly kind: "emptied";
      readonly mailbox: SampleMailbox;
      readonly messages: number;
      readonly atNs: bigint;
      readonly arrivedSince: number;
      readonly alarm: string;
      readonly alarmedAfterMs: number;
    }
  | {
      readonly kind: "stepped-back";
      readonly atNs: bigint;
      /** The last event of the journal that counts. */
      readonly sequence: number;
      readonly openedMs: number;
      readonly counts: RestoreCounts;
      readonly failed: number;
      readonly comparison: Comparison;
      readonly rpoMs: number;
      readonly rtoMs: number;
    }
  | {
      readonly kind: "scrambled";
      readonly messages: number;
      readonly atNs: bigint;
      readonly elapsedMs: number;
      readonly alarm: string;
      readonly message: string;
      readonly alarmedAfterMs: number;
      /** Moments that a rule would drop, and that are held. */
      readonly held: number;
    }
  | {
      readonly kind: "rewound";
      readonly beforeNs: bigint;
      readonly sequence: number;
      readonly counts: RestoreCounts;
      readonly failed: number;
      readonly comparison: Comparison;
      readonly rpoMs: number;
      readonly rtoMs: number;
    };
