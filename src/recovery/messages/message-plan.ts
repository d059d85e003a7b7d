import type { StoredMessage } from "#mail";
import type { MailboxState } from "../living/living-account.ts";
import type { RestoreMode } from "../restore-plan.ts";

/**
 * What becomes of flags and keywords of a message that is there: as they were at the past moment, as
 * they are now, or all of both.
 */
export const flagPolicies = ["past", "now", "union"] as const;
export type FlagPolicy = (typeof flagPolicies)[number];

/** Flags and keywords together, ascending. */
export type FlagSet = readonly string[];

/** A message of the past that is asked for. */
export type WantedMessage = {
  /** Its mailbox in the store. */
  readonly mailbox: string;
  /** The mailbox of the living account that it belongs into. */
  readonly to: string;
  readonly stored: StoredMessage;
};

export type MessageStep =
  | { readonly kind: "make-mailbox"; readonly mailbox: string; readonly subscribe: boolean }
  /** Not there: it is appended. */
  | {
      readonly kind: "create";
      readonly wanted: WantedMessage;
      readonly identity: string;
      /** With CRLF line ends. */
      readonly sizeBytes: number;
      readonly flags: FlagSet;
      readonly internalDateSeconds?: number;
    }
  /** There, with other flags. Where `after` is `before`, they are kept as they are. */
  | {
      readonly kind: "merge";
      readonly wanted: WantedMessage;
      readonly at: MailboxState;
      readonly uid: number;
      readonly before: FlagSet;
      readonly after: FlagSet;
    }
  /** There, in another mailbox. Left alone. */
  | { readonly kind: "moved"; readonly wanted: WantedMessage; readonly at: string }
  /** Exact only: was not there at that moment. */
  | { readonly kind: "delete"; readonly at: MailboxState; readonly uid: number }
  /** Its messages at that moment cannot be listed. */
  | { readonly kind: "fail-mailbox"; readonly mailbox: string; readonly note: string }
  /** Cannot be put back, or whether it is missing cannot be told. */
  | { readonly kind: "fail"; readonly wanted: WantedMessage; readonly note: string };

export type MessageCounts = {
  readonly created: number;
  readonly merged: number;
  readonly moved: number;
  readonly skipped: number;
  readonly deleted: number;
  readonly failed: number;
};

export type MessagePlan = {
  readonly mode: RestoreMode;
  readonly flags: FlagPolicy;
  /** The living account. */
  readonly location: string;
  readonly steps: readonly MessageStep[];
  readonly counts: MessageCounts;
  /** Of every living mailbox that messages go into, as it was when this was planned. */
  readonly uidNext: ReadonlyMap<string, MailboxState & { readonly uidNext: number }>;
  /** Bytes of messages to be appended. */
  readonly bytes: number;
  /** Messages whose bytes had to be read from the server to tell. */
  readonly livingRead: number;
  /** One sentence each. */
  readonly warnings: readonly string[];
};

export type MutableMessageCounts = { -readonly [Key in keyof MessageCounts]: number };

export function noMessageCounts(): MutableMessageCounts {
  return { created: 0, merged: 0, moved: 0, skipped: 0, deleted: 0, failed: 0 };
}

const countOf = {
  create: "created",
  merge: "merged",
  moved: "moved",
  delete: "deleted",
  fail: "failed",
  "fail-mailbox": "failed",
} as const;

export function countMessages(steps: readonly MessageStep[], skipped: number): MessageCounts {
  const counts = noMessageCounts();
  counts.skipped = skipped;
  for (const step of steps) if (step.kind !== "make-mailbox") counts[countOf[step.kind]]++;
  return counts;
}
