/** What the first half of the demo tells: the server, its moments, a mailbox lost and brought back. */
import type { RecoveryPoint } from "#copies";
import type { TakeResult } from "#methods";
import type { RestoreCounts } from "#recovery";
import type { Comparison } from "./message-files.ts";
import type { SampleMailbox, SampleServer } from "./sample-server.ts";

export type DemoEvent =
  | { readonly kind: "laid-out"; readonly server: SampleServer; readonly elapsedMs: number }
  | {
      readonly kind: "captured";
      readonly number: number;
      readonly result: TakeResult;
      readonly elapsedMs: number;
      readonly delivered: number;
      readonly changed: number;
    }
  | {
      readonly kind: "lost";
      readonly mailbox: SampleMailbox;
      readonly messages: number;
      readonly atNs: bigint;
      readonly arrivedSince: number;
    }
  | {
      readonly kind: "restored";
      readonly point: RecoveryPoint;
      readonly counts: RestoreCounts;
      readonly filesVerified: number;
      readonly failed: number;
    }
  | { readonly kind: "compared"; readonly comparison: Comparison };
