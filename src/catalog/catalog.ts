/**
 * The Catalog port: which messages the moments of one copy hold, where and from when to when, and
 * the words that they are found by. Everything in it comes from the copy and can be had from it
 * again: it may be deleted at any time.
 */
import type { RawPath } from "#image";
import type { MailLayout } from "#mail";
import type { Interval, PresenceNow, SightingKind } from "./presence.ts";
import type { MessageFacts } from "./message-facts.ts";
import type { Query } from "./query/query.ts";

/** A moment of the copy, as far as a catalog needs to know it. */
export type MomentFacts = {
  /** Of its recovery point. */
  readonly id: string;
  /** Moments of one history follow one another; those of two have nothing to do with each other. */
  readonly history: string;
  readonly group: string;
  readonly hostname: string;
  /** Folders of the source machine, absolute, as text. */
  readonly paths: readonly string[];
  /** Nanoseconds since 1970 UTC. */
  readonly atNs: bigint;
};

export type KnownMoment = MomentFacts & {
  /** Counts up within its history; gaps may be. */
  readonly order: number;
  /** What it does not hold as it was, and what of it could not be read. */
  readonly problems: readonly string[];
};

export type KnownAccount = {
  readonly id: number;
  readonly history: string;
  readonly layout: MailLayout;
  readonly root: RawPath;
  readonly owner?: string;
};

/** A mailbox as the newest moment has it. */
export type KnownMailbox = {
  readonly account: KnownAccount;
  readonly name: string;
  readonly path: RawPath;
  readonly now: SightingKind;
  /** Messages at the newest moment that lists it. */
  readonly messages: number;
  /** The moment from which on it is of this kind. */
  readonly since: KnownMoment;
  /** The newest moment says nothing of mail in it: missing, unlistable, partial, or empty after it was full. */
  readonly isDoubtful: boolean;
};

export type CatalogStatus = {
  readonly location: string;
  readonly sizeBytes: number;
  readonly fullText: boolean;
  readonly moments: readonly KnownMoment[];
  readonly accounts: readonly KnownAccount[];
  readonly messages: number;
  readonly placements: number;
};

/** How a message stood in a mailbox, and when. */
export type PlacementState = {
  readonly uid?: number;
  readonly flags: readonly string[];
  readonly keywords: readonly string[];
  readonly internalDateNs: bigint;
  readonly sizeBytes: number;
  /** Finds it in the mailbox of an Image of one of these moments. */
  readonly key: string;
  readonly intervals: readonly MomentInterval[];
};

/** An interval by its moments. */
export type MomentInterval = {
  readonly [Key in keyof Interval]: KnownMoment;
};

/** A message in one mailbox, over time. */
export type FoundPlacement = {
  readonly account: KnownAccount;
  readonly mailbox: string;
  readonly mailboxPath: RawPath;
  /** Whether it is there now. `unknown`: the newest moment says nothing of the mailbox; `mailboxNow` says why. */
  readonly now: PresenceNow;
  readonly mailboxNow: SightingKind;
  /** When it was there at least once; then at least twice, and so on, where it was. */
  readonly presence: readonly (readonly MomentInterval[])[];
  /** Each way it stood there, in the order in which they began. */
  readonly states: readonly PlacementState[];
};

/** What is known of a message beside its places. Text fields are "" where it has none. */
export type FoundMessage = Omit<MessageFacts, "text"> & {
  readonly placements: readonly FoundPlacement[];
};

export type FindOptions = {
  /** Only mail of these accounts. Default: all. */
  readonly accounts?: readonly number[];
  /** Only what is there at the newest moment that is not after this instant, nanoseconds since 1970 UTC. */
  readonly atNs?: bigint;
  /**
   * Default: newest first. By relevance the newest 20,000 that match are ranked, where not many more
   * messages of that time have the words.
   */
  readonly sort?: "newest" | "relevance";
  /** Default 50, at most 10,000. */
  readonly limit?: number;
  /** Where the page before ended. */
  readonly cursor?: string;
  readonly signal?: AbortSignal;
};

export type FoundPage = {
  readonly messages: readonly FoundMessage[];
  /** Absent: there are no more. */
  readonly next?: string;
  /** Newest first where ranking was asked for and would have to look at too much. */
  readonly order: "newest" | "relevance";
};

export interface Catalog extends AsyncDisposable {
  readonly location: string;
  /** Whether the text of messages is found by its words, not only subject, addresses and names of attachments. */
  readonly fullText: boolean;
  /** Throws CatalogError `catalog.cursor` where the cursor is none of this query. */
  find(query: Query, options?: FindOptions): Promise<FoundPage>;
  /** Those whose identity begins so, newest first; at most `limit`. */
  messagesByIdentity(
    prefix: string,
    options: { readonly limit: number },
  ): Promise<readonly FoundMessage[]>;
  moments(): Promise<readonly KnownMoment[]>;
  accounts(): Promise<readonly KnownAccount[]>;
  mailboxes(): Promise<readonly KnownMailbox[]>;
  status(): Promise<CatalogStatus>;
  /**
   * Takes the turn to write, of which there is one at a time among all processes; waits for it until
   * `signal` aborts. A process that dies gives it back.
   */
  beginFill(options?: BeginFillOptions): Promise<CatalogFill>;
  /**
   * Takes the turn in the same way, to tell moments that no copy holds: this catalog answers as if it
   * knew them, nobody else sees them, and nothing of them is written down.
   */
  beginProvisional(options?: Omit<BeginFillOptions, "isLarge">): Promise<ProvisionalFill>;
}

export type BeginFillOptions = {
  /** Told once, where another process has the turn. */
  readonly onWait?: () => void;
  /** Whether much will be written: then it is done beside, by a thread where there can be one. */
  readonly isLarge?: boolean;
  readonly signal?: AbortSignal;
};

/** What an account or mailbox is known by within a history. */
export type AccountKey = Pick<KnownAccount, "layout" | "root" | "owner">;
export type MailboxKey = {
  readonly account: AccountKey;
  readonly name: string;
  readonly path: RawPath;
};

/** What the moment before said of a mailbox. */
export type LastSighting = {
  readonly mailbox: MailboxKey;
  readonly kind: SightingKind;
  /** Fingerprint of what its list depends on, at the newest moment that listed it whole. */
  readonly fingerprint?: string;
};

export type PlacementFacts = {
  /** As `CatalogFill` gave it. */
  readonly message: MessageNumber;
  readonly uid?: number;
  readonly flags: readonly string[];
  readonly keywords: readonly string[];
  readonly internalDateNs: bigint;
  readonly sizeBytes: number;
  readonly key: string;
};

declare const brand: unique symbol;
export type MessageNumber = number & { readonly [brand]: "message" };

/** What a moment says of one mailbox. */
export type MailboxFacts = {
  readonly mailbox: MailboxKey;
  readonly kind: SightingKind;
  readonly fingerprint?: string;
  /** Of `complete` and `partial`: all that it lists. */
  readonly placements?: readonly PlacementFacts[];
};

/**
 * A message with what it is known by without being read: `content`, 32 hexadecimal digits, where equal
 * means the same bytes.
 * `words`, given away with its memory, stands for its facts' text: in UTF-8, as `searchable` makes it.
 */
export type NewMessage = {
  readonly facts: MessageFacts;
  readonly content?: string;
  readonly words?: Uint8Array<ArrayBuffer>;
};

/** The turn to write. Disposing of it gives the turn back; a moment that was not finished is as if it had not begun. */
export interface CatalogFill extends AsyncDisposable {
  /**
   * Forgets every moment but these, and what only they held. Where moments were added before others
   * that are known, those are forgotten, too: they have to be told again in their order.
   */
  keepOnly(moments: readonly MomentFacts[]): Promise<{ readonly forgotten: number }>;
  /** Takes the next moment of its history. What was begun before must be finished. */
  beginMoment(moment: MomentFacts): Promise<MomentFill>;
}

/** Disposing of it forgets all that was told, and gives the turn back. */
export interface ProvisionalFill extends AsyncDisposable {
  /**
   * Takes a moment at its place: after those of its history that are not later than it. Of one that is
   * not the newest, `notes` are the fingerprints of the moment before, as far as somebody has them.
   */
  beginMoment(moment: MomentFacts, notes?: ReadonlyMap<string, string>): Promise<MomentFill>;
}

export interface MomentFill {
  /** Fingerprints that were noted at the moment before, by what they are of. */
  readonly notes: ReadonlyMap<string, string>;
  /** Of every mailbox that the history knows. */
  readonly last: readonly LastSighting[];
  /** Placements of the newest moment that listed the mailbox. */
  openPlacements(mailbox: MailboxKey): Promise<readonly PlacementFacts[]>;
  /** The messages that contents are of, where they are known. */
  messagesOf(contents: readonly string[]): Promise<ReadonlyMap<string, MessageNumber>>;
  /** In the same order. A message that is known keeps what is known of it. */
  addMessages(messages: readonly NewMessage[]): Promise<readonly MessageNumber[]>;
  /** A mailbox that nothing is recorded of is as it was at the moment before. Returns whether it changed. */
  record(facts: MailboxFacts): Promise<boolean>;
  /** The moment is there from now on. */
  finish(result: {
    readonly problems: readonly string[];
    readonly notes: ReadonlyMap<string, string>;
  }): Promise<void>;
}
