/**
 * What is known of a frozen Image beyond its bytes: how it was frozen, and what a mail server's
 * utility, or our own reader, found when it looked (paper §2.1, hot split, steps 3 and 4).
 */

/** One mailbox as it was counted. What is not known is left out. */
export type MailboxCount = {
  /** The folder of the account within the Image, for people, and the mailbox's name. */
  readonly account: string;
  readonly mailbox: string;
  readonly messages: number;
  readonly uidValidity?: number;
  readonly uidNext?: number;
};

/** One look at a frozen Image. */
export type Validation = {
  /** "mail reader", "doveadm". */
  readonly validator: string;
  readonly version: string;
  /** When it was done, nanoseconds since 1970 UTC. */
  readonly atNs: bigint;
  readonly valid: boolean;
  /** Of the whole Image. */
  readonly mailboxes: number;
  readonly messages: number;
  /** Of the first mailboxes, at most 1000. */
  readonly counts: readonly MailboxCount[];
  /** Why it is not valid, one sentence each, at most 20. Empty when it is. */
  readonly findings: readonly string[];
};

/** A frozen image that was not usable, so that another was made. */
export type RejectedImage = {
  /** 1 is the first. */
  readonly attempt: number;
  /** When it was frozen, nanoseconds since 1970 UTC. */
  readonly atNs: bigint;
  /** One sentence. */
  readonly reason: string;
};

export type Evidence = {
  /** What froze it: "btrfs snapshot", "reflink copy", "plain copy". */
  readonly provider: string;
  /** A delta shares unchanged blocks with production and is lost with its volume; a clone is a full copy. */
  readonly kind: "delta" | "clone";
  /** One for each validator that looked; none where nobody did. */
  readonly validations: readonly Validation[];
  /** The attempts before this one. */
  readonly rejected: readonly RejectedImage[];
};
