/**
 * What a journal says: every observed write, in order, never overwritten (paper §3.5). Events say what
 * a file *became*, so that applying one twice, or from a little earlier on than needed, ends in the
 * same state.
 */
import type { EntryType, ExtendedAttribute, RawPath, Volume } from "#image";

/** Orders everything in one journal: 1, 2, 3, … across all volumes of a server. Wall clock labels. */
export type Sequence = number;

/** Bytes that an earlier `data` event of the same journal holds. */
export type ContentPiece = {
  readonly data: Sequence;
  /** First byte within that event's bytes. */
  readonly offset: number;
  readonly lengthBytes: number;
};

/** Everything an inode says beside its name and size. */
export type FileState = {
  readonly type: EntryType;
  /** Permission bits with setuid, setgid and sticky. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Nanoseconds since 1970 UTC. */
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
  readonly inode: bigint;
  readonly links: number;
  readonly linkTarget?: RawPath;
  /** st_rdev of a device node. */
  readonly device?: bigint;
  /** Ascending by name; absent where there are none. */
  readonly extendedAttributes?: readonly ExtendedAttribute[];
};

/**
 * What was looked at when a name was seen to change its file: a replay that starts before its base
 * copy was finished tells by it whether the base already has the new name.
 */
export type FileEvidence = {
  readonly inode: bigint;
  readonly sizeBytes: number;
  readonly mtimeNs: bigint;
};

/** Why there is a span of time in which changes may have gone unseen. */
export const gapReasons = [
  "not-running",
  "overflow",
  "stalled",
  "missed-event",
  "unreadable",
  "journal-full",
  "passed-through",
  "clock-jump",
  "damaged",
] as const;
export type GapReason = (typeof gapReasons)[number];

/** The answer a mail server gave for one recipient (RFC 5321 §4.2, RFC 2034). */
export type DeliveryReply = {
  readonly code: number;
  /** Every line's text, without code and separator. */
  readonly lines: readonly string[];
};

export const markNames = [
  /** A writer opened the journal. */
  "start",
  /** A writer closed it after everything before was durable: what follows continues without a gap. */
  "clean-stop",
  /** A scan compared the whole store, or `path` below it, with what the journal says, and wrote the difference. */
  "reconciled",
  /** A copy holds the state of the store: from here on it may serve as the base of a replay. */
  "base",
  /** The volumes and roles of what is journalled, as they are from here on. */
  "volumes",
  /** Something that looks like an attack or an accident. */
  "alarm",
  /** From here on the account at `path` was seen in the middle of a change, until it is `settled`. */
  "unsettled",
  /** The account at `path` stood still when it was seen last. */
  "settled",
] as const;
export type MarkName = (typeof markNames)[number];

/** Paths are those of the group's Image: relative to its root, one character per byte. */
export type JournalEvent =
  /** Bytes that later events point at; at most `maxDataBytes` of them. */
  | { readonly type: "data"; readonly bytes: Uint8Array }
  /** The file at `path` is this from here on, whole. Not a folder. */
  | {
      readonly type: "put";
      readonly path: RawPath;
      readonly state: FileState;
      readonly sizeBytes: number;
      readonly content: readonly ContentPiece[];
    }
  /** These bytes stand at `offset` from here on, and the file is `sizeBytes` long. */
  | {
      readonly type: "write";
      readonly path: RawPath;
      readonly offset: number;
      readonly content: readonly ContentPiece[];
      readonly sizeBytes: number;
      readonly state: FileState;
    }
  | {
      readonly type: "truncate";
      readonly path: RawPath;
      readonly sizeBytes: number;
      readonly state: FileState;
    }
  /** `to` is another name of the file at `path`. */
  | {
      readonly type: "link";
      readonly path: RawPath;
      readonly to: RawPath;
      readonly file: FileEvidence;
    }
  /** What was at `path`, a folder with all below it too, is at `to` from here on. */
  | {
      readonly type: "rename";
      readonly path: RawPath;
      readonly to: RawPath;
      readonly file: FileEvidence;
    }
  | { readonly type: "remove"; readonly path: RawPath }
  | { readonly type: "mkdir"; readonly path: RawPath; readonly state: FileState }
  | { readonly type: "rmdir"; readonly path: RawPath }
  | { readonly type: "attributes"; readonly path: RawPath; readonly state: FileState }
  /** A message came in through the delivery stage and was durable here before anybody was told so. */
  | {
      readonly type: "arrived";
      /** Unique in the journal. */
      readonly delivery: string;
      readonly sender: string;
      readonly recipients: readonly string[];
      readonly sizeBytes: number;
      readonly content: readonly ContentPiece[];
    }
  /** What the mail server said of one recipient of a delivery. Without it nobody knows whether it was taken. */
  | {
      readonly type: "outcome";
      readonly delivery: string;
      readonly recipient: string;
      readonly reply: DeliveryReply;
    }
  | {
      readonly type: "mark";
      readonly name: MarkName;
      /** `reconciled`: the folder; absent: all of it. `unsettled`, `settled`: all that belongs to the account. */
      readonly path?: RawPath;
      /** `base`: the copy's name and the moment's ID in it; `alarm`: its ID. */
      readonly id?: string;
      /**
       * `base`: the instant at which the copy's capture began; `alarm`: the last at which all was well.
       * Nanoseconds since 1970 UTC.
       */
      readonly fromNs?: bigint;
      readonly volumes?: readonly Volume[];
      /** One sentence in plain words. */
      readonly message?: string;
    }
  /** What happened between these instants may have gone unseen, below `path` or everywhere. */
  | {
      readonly type: "gap";
      readonly fromNs: bigint;
      readonly toNs: bigint;
      readonly why: GapReason;
      readonly path?: RawPath;
      readonly message?: string;
    };

export type JournalRecord<Event extends JournalEvent = JournalEvent> = {
  readonly sequence: Sequence;
  /** When it was observed, nanoseconds since 1970 UTC: a label, which may go back when a clock is set. */
  readonly atNs: bigint;
  readonly event: Event;
};

/** The most bytes that one `data` event holds. */
export const maxDataBytes: number = 1024 * 1024;
