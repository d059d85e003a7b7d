/**
 * The LivingAccount port: one owner's mail on a running server, as its clients see it. Messages are
 * put back through it, so that the server itself gives UIDs and keeps its indexes. UIDs are of a
 * mailbox with its UIDVALIDITY (RFC 9051 §2.3.1.1): where the server has begun another, every call that
 * names UIDs throws `living.uid-validity` and does nothing.
 */
export interface LivingAccount extends AsyncDisposable {
  /** Whose mail it is and where, for people and for records, without secrets: "imap://mx1:143/support". */
  readonly location: string;
  /** Those that can hold messages, ascending by name. Throws where they cannot be listed: never an empty answer instead. */
  mailboxes(signal?: AbortSignal): Promise<readonly LivingMailbox[]>;
  /** The name that a mailbox called `name` in a store has here: separators and INBOX as this server wants them. */
  nameHere(name: string): string;
  /** Every message of a mailbox, ascending by UID. Throws `living.no-mailbox` where it is not there. */
  messages(name: string, signal?: AbortSignal): Promise<LivingMessages>;
  /** Message-ID fields of these messages as `messageIdKey` makes them; those that are gone are left out. */
  messageIds(
    mailbox: MailboxState,
    uids: readonly number[],
    signal?: AbortSignal,
  ): Promise<ReadonlyMap<number, string>>;
  /** The bytes of these messages, in any order; those that are gone are left out. */
  read(
    mailbox: MailboxState,
    uids: readonly number[],
    signal?: AbortSignal,
  ): AsyncIterable<LivingBytes>;
  /**
   * Adds a message. `living.rejected` says that the server refused it and does not hold it; where the
   * connection broke in the middle (`living.lost`) nobody knows: look before trying again.
   */
  append(name: string, message: NewMessage): Promise<AppendedMessage>;
  /** Adds and takes away flags and keywords of one message; others stay. */
  changeFlags(mailbox: MailboxState, change: FlagChange): Promise<void>;
  /** Removes exactly these messages for good. Those that are gone are no error. */
  remove(mailbox: MailboxState, uids: readonly number[]): Promise<void>;
  /** Makes a mailbox, and those above it. One that is there already is no error: then `isNew` is false. */
  create(name: string, options: { readonly subscribe: boolean }): Promise<{ isNew: boolean }>;
  /** Removes a mailbox that holds neither a message nor another mailbox; false where it does. */
  removeEmpty(name: string): Promise<boolean>;
}

export type LivingMailbox = {
  /** As the server has it, with "/" between levels. */
  readonly name: string;
};

/** A mailbox, and the UIDVALIDITY that UIDs are of. */
export type MailboxState = { readonly name: string; readonly uidValidity: number };

export type LivingMessages = MailboxState & {
  /** A message that comes later has this UID or a greater one. */
  readonly uidNext: number;
  readonly messages: readonly LivingMessage[];
};

export type LivingMessage = {
  readonly uid: number;
  /** IMAP's flags, ascending, without `\Recent`. */
  readonly flags: readonly string[];
  /** Ascending. */
  readonly keywords: readonly string[];
  /** INTERNALDATE, seconds since 1970 UTC; undefined where the server's answer is no date. */
  readonly internalDateSeconds: number | undefined;
  /** RFC822.SIZE: with CRLF line ends. */
  readonly sizeBytes: number;
};

export type LivingBytes = {
  readonly uid: number;
  /** With CRLF line ends, as IMAP sends them. Absent where the server lists the message and does not give it out. */
  readonly bytes?: Uint8Array;
};

export type NewMessage = {
  /** Whole, with CRLF line ends. */
  readonly bytes: Uint8Array;
  readonly flags: readonly string[];
  readonly keywords: readonly string[];
  /** Seconds since 1970 UTC. Left out where IMAP cannot say it. */
  readonly internalDateSeconds?: number;
};

export type AppendedMessage = {
  /** Absent where the server does not tell (without UIDPLUS, RFC 4315). */
  readonly uid?: number;
  readonly uidValidity?: number;
};

export type FlagChange = {
  readonly uid: number;
  /** Flags and keywords. */
  readonly add: readonly string[];
  readonly remove: readonly string[];
};

/** Longest message that is put back or compared: it is held in memory. */
export const largestMessageBytes: number = 256 * 1024 * 1024;

/**
 * What to compare Message-ID fields by: all that stand in the header, without white space, so that
 * folding makes no difference. "" where there is none.
 */
export function messageIdKey(values: readonly string[]): string {
  return values.map((value) => value.replace(/\s+/g, "")).join("\n");
}

/** Flags and keywords as IMAP answers them, told apart and sorted; `\Recent` is no flag of the message. */
export function splitFlags(all: Iterable<string>): Pick<LivingMessage, "flags" | "keywords"> {
  const flags: string[] = [];
  const keywords: string[] = [];
  for (const flag of all) {
    if (!flag.startsWith("\\")) keywords.push(flag);
    else if (flag.toLowerCase() !== "\\recent") flags.push(systemFlag(flag));
  }
  return { flags: flags.sort(), keywords: keywords.sort() };
}

const systemFlags = ["\\Answered", "\\Deleted", "\\Draft", "\\Flagged", "\\Seen"] as const;

/** System flags are the same in upper and lower case (RFC 9051 §2.3.2). */
function systemFlag(flag: string): string {
  return systemFlags.find((known) => known.toLowerCase() === flag.toLowerCase()) ?? flag;
}
