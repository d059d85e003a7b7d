/**
 * The MailStore port: the mail of one or many users as a server keeps it on disk, read out of any
 * Image without that server. One adapter for each layout; a damaged store yields what can be read
 * and a list of problems.
 */
import type { RawPath } from "#image";
import type { MailProblem } from "./mail-problem.ts";

/** How a server arranges its files. */
export const mailLayouts = ["maildir", "sdbox", "mdbox", "mbox", "cyrus"] as const;
export type MailLayout = (typeof mailLayouts)[number];

export type MailStore = {
  /** Ascending by root, then by name. */
  readonly accounts: readonly MailAccount[];
  readonly problems: readonly MailProblem[];
};

/** All mail of one owner in one place. */
export interface MailAccount {
  readonly layout: MailLayout;
  /** The folder that holds it, within the Image. Accounts of one Cyrus spool share theirs. */
  readonly root: RawPath;
  /**
   * Other folders of the Image that are this account's, and no accounts of their own: where its server
   * keeps its indexes, its lists of UIDs or its older messages apart (`INDEX=`, `CONTROL=`, `ALT=`).
   */
  readonly alsoIn?: readonly RawPath[];
  /** Whose it is where the store itself says so (Cyrus); else the path must tell. */
  readonly owner?: string;
  /** INBOX first, then ascending by name. Throws ImageError where the folders cannot be listed. */
  mailboxes(signal?: AbortSignal): Promise<readonly StoredMailbox[]>;
  /**
   * Every message of one mailbox, ascending by UID, those without one last. Throws ImageError where
   * the folder cannot be listed or what says which messages there are cannot be read at all: a
   * failed listing is never an empty one.
   */
  messages(mailbox: Pick<StoredMailbox, "path">, signal?: AbortSignal): Promise<StoredMessages>;
  /**
   * A message's bytes as the server would send them, decompressed and with its attachments in
   * place; line ends as they are stored. Throws ImageError (`image.not-found`, `image.unreadable`, …)
   * or MailError `mail.damaged` where they cannot be had whole.
   */
  read(message: StoredMessage, options?: ReadMessageOptions): AsyncIterable<Uint8Array>;
  /** Names of the mailboxes that the owner's clients show. */
  subscriptions(signal?: AbortSignal): Promise<Subscriptions>;
}

export type ReadMessageOptions = {
  readonly signal?: AbortSignal;
};

export type Subscriptions = {
  readonly names: readonly string[];
  readonly problems: readonly MailProblem[];
};

export type StoredMailbox = {
  /** As a person reads it, with "/" between levels: "INBOX", "Archive/2024". */
  readonly name: string;
  /** The folder or file that holds its messages or its index. */
  readonly path: RawPath;
  readonly uidValidity?: number;
  readonly uidNext?: number;
  readonly highestModseq?: bigint;
  /** The mailbox's own identity where the server gives one: 32 hexadecimal digits, or Cyrus's unique ID. */
  readonly guid?: string;
  /**
   * What in the Image decides its list of messages: where the fingerprints of all of these are equal
   * in two Images of one scope, so are the lists. Includes what is not there (yet).
   */
  readonly dependsOn: readonly RawPath[];
  readonly problems: readonly MailProblem[];
};

export type StoredMessages = {
  readonly messages: readonly StoredMessage[];
  readonly problems: readonly MailProblem[];
};

/** One message in one mailbox: its placement, and where its bytes are. */
export type StoredMessage = {
  /** Finds it again in this mailbox of this Image; nothing else may be read out of it. */
  readonly key: string;
  /** The file that holds its bytes; an mbox or an `m.N` holds many. */
  readonly path: RawPath;
  /** Which bytes of the file are its own; absent: all of them. */
  readonly range?: { readonly offset: number; readonly lengthBytes: number };
  readonly uid?: number;
  /** IMAP's flags, ascending: `\Seen`, …; without `\Recent`. */
  readonly flags: readonly string[];
  /** Ascending; "unknown-N" for a Maildir letter that `dovecot-keywords` does not explain. */
  readonly keywords: readonly string[];
  /** When the message arrived (INTERNALDATE), nanoseconds since 1970 UTC. */
  readonly internalDateNs: bigint;
  /** Of the message as it is read, line ends as stored. */
  readonly sizeBytes: number;
  /** With every line end as CRLF: what IMAP calls RFC822.SIZE. Absent where only reading would tell. */
  readonly virtualSizeBytes?: number;
  /** 32 or 40 hexadecimal digits where the server gives one. A hint at identity, no proof. */
  readonly guid?: string;
  readonly modseq?: bigint;
  /** When it was put into this mailbox, nanoseconds since 1970 UTC. */
  readonly savedNs?: bigint;
  /** No client has seen it yet. */
  readonly isRecent: boolean;
};

/** For sorting: ascending by UID, those without one last, else as they are. */
export function byUid(a: Pick<StoredMessage, "uid">, b: Pick<StoredMessage, "uid">): number {
  if (a.uid === b.uid) return 0;
  if (a.uid === undefined) return 1;
  if (b.uid === undefined) return -1;
  return a.uid - b.uid;
}
