import type { ImapPlace } from "./imap-url.ts";
import type { RetentionRule } from "./retention-rule.ts";

export const serverTypes = [
  "maildir",
  "dovecot",
  "courier",
  "cyrus",
  "mbox",
  "generic",
  "folder",
] as const;
export type ServerType = (typeof serverTypes)[number];
export const dataSources = ["offline", "live application", "hot split snapshot"] as const;
export type DataSource = (typeof dataSources)[number];
/** Ways in which a filesystem freezes a store. */
export const snapshotWays = ["btrfs", "reflink", "plain"] as const;
export type SnapshotWay = (typeof snapshotWays)[number];
/** Whose utility says whether a frozen image is usable (paper §2.1). "maildir" is an older word for our reader. */
export const splitValidators = ["dovecot", "cyrus", "reader", "maildir", "none"] as const;
export type SplitValidator = (typeof splitValidators)[number];
/** Who says which mailboxes there are. */
export const mailboxLists = ["from doveadm", "from the store"] as const;
export type MailboxList = (typeof mailboxLists)[number];
/** What belongs to a server's state beside its messages, in the words of the configuration. */
export const protectedWords = [
  "uidlist",
  "keywords",
  "index logs",
  "indexes",
  "subscriptions",
  "acl",
  "sieve",
  "attributes",
  "quota",
  "mail_crypt keys",
  "attachments",
  "alternative storage",
  "mailbox database",
  "queue",
  "users",
  "configuration",
] as const;
export type ProtectedWord = (typeof protectedWords)[number];
/** What a volume has (paper §2.1); "mixed" is both in one folder. */
export const volumeRoles = ["database", "log", "mixed"] as const;
export type VolumeRole = (typeof volumeRoles)[number];
export const copyLayers = ["operational", "disaster"] as const;
export type CopyLayer = (typeof copyLayers)[number];
export const copyKinds = ["repository", "replicas", "tape library"] as const;
export type CopyKind = (typeof copyKinds)[number];
export const operationalMethods = [
  "continuous data protection",
  "backup to disk",
  "rotation of clones",
  "rotation of delta snapshots",
  "backup to tape",
] as const;
export type OperationalMethod = (typeof operationalMethods)[number];
export const disasterMethods = [
  "duplicate backup copies offsite",
  "move backup tapes offsite",
] as const;
export type DisasterMethod = (typeof disasterMethods)[number];

/** What kind of copy each method fills; a disaster recovery method is fed from one of the same kind (§3.x.6). */
export const kindOfMethod: Readonly<Record<OperationalMethod | DisasterMethod, CopyKind>> = {
  // Its bases; what happens between them is in a journal.
  "continuous data protection": "repository",
  "backup to disk": "repository",
  "rotation of clones": "replicas",
  "rotation of delta snapshots": "replicas",
  "backup to tape": "tape library",
  "duplicate backup copies offsite": "repository",
  "move backup tapes offsite": "tape library",
};

/** How many images a rotation begins with: 12-hour clones and 4-hour deltas of a day (paper §3.3.3, §3.4.3). */
export const usualImages: Readonly<Partial<Record<OperationalMethod, number>>> = {
  "rotation of clones": 2,
  "rotation of delta snapshots": 6,
};

/** The configuration file, read and checked. Lists keep the file's order. */
export type Config = {
  readonly version: 1;
  /** Zone in which moments are typed and shown, and whose calendar retention follows. */
  readonly timeZone: string;
  readonly servers: readonly ServerConfig[];
  readonly copies: readonly CopyConfig[];
  readonly tiers: readonly TierConfig[];
  /** The first line whose patterns match a mailbox takes it. */
  readonly linesOfBusiness: readonly LineOfBusiness[];
  readonly alarm: AlarmConfig;
};

export type ServerConfig = {
  readonly name: string;
  readonly type: ServerType;
  /** Absolute folder of the mail store, as text. */
  readonly path: string;
  readonly dataSource: DataSource;
  /** How to stop and start the mail server for an offline capture (program and arguments). */
  readonly stop?: readonly string[];
  readonly start?: readonly string[];
  readonly stopTimeLimitMs: number;
  readonly mailboxList: MailboxList;
  readonly alsoProtect: AlsoProtect;
  /** Parts of the store with a role of their own, within its folder or elsewhere; [] is one part with everything in it. */
  readonly volumes: readonly ConfiguredVolume[];
  /** Where the server keeps what is not in an account's own folder; [] is where it does by default. */
  readonly places: readonly ConfiguredPlaces[];
  /** With the data source "hot split snapshot", and only then. */
  readonly hotSplit?: HotSplitConfig;
  /** The running server, for putting messages back into it. */
  readonly imap?: ImapConfig;
  /** Where new mail comes in, with continuous data protection. */
  readonly deliveryStage?: DeliveryStageConfig;
  /** Who else tells of changes, with continuous data protection. */
  readonly hints?: HintsConfig;
};

export type HintsConfig = {
  /** Absolute path of the file that Dovecot's mail_log plugin logs into, as text. */
  readonly dovecotLog?: string;
  /** Absolute path of the folder of a sync_log channel of Cyrus, as text. */
  readonly cyrusChannel?: string;
  /** How fsnotifywait is run: program and arguments. */
  readonly helper?: readonly string[];
};

/** What happens to new mail while the journal cannot be written. */
export const journalFailurePolicies = ["tempfail", "pass-through"] as const;
export type JournalFailurePolicy = (typeof journalFailurePolicies)[number];

export type DeliveryStageConfig = {
  /** Where MTAs deliver: HOST:PORT or unix:/PATH. */
  readonly listen: readonly string[];
  /** The mail server's own LMTP service, in the same words. */
  readonly server: string;
  readonly whenJournalFails: JournalFailurePolicy;
};

export type ImapConfig = {
  readonly place: ImapPlace;
  /** Logs in as everybody. */
  readonly master?: string;
  readonly password?: SecretReference;
  /** PEM file of the authority that signed the server's certificate. */
  readonly authority?: string;
};

export type AlsoProtect = {
  /** What must lie in a captured folder: said where it does not. */
  readonly kinds: readonly ProtectedWord[];
  /** Folders that are captured beside the store: absolute, as text. */
  readonly folders: readonly string[];
};

export type ConfiguredVolume = {
  /** Absolute, as text. One that lies outside the store's folder is captured in the same moment. */
  readonly path: string;
  readonly role: VolumeRole;
};

/** Templates of absolute paths, with Dovecot's variables. */
export type ConfiguredPlaces = {
  readonly mail: string;
  readonly index?: string;
  readonly control?: string;
  readonly alt?: string;
  readonly attachments?: string;
  readonly directoryName?: string;
};

/** A command that ends by itself: program and arguments. */
export type TimedCommandLine = {
  readonly words: readonly string[];
  readonly timeLimitMs: number;
};

export type HotSplitConfig = {
  /** Undefined: the best that suits the store's filesystem. */
  readonly snapshots?: SnapshotWay;
  readonly validate: SplitValidator | TimedCommandLine;
  /** What makes the server hold still while it is frozen, and what lets it go. */
  readonly quiesce?: TimedCommandLine;
  readonly resume?: TimedCommandLine;
  /** How often a split is tried until one is usable. */
  readonly repeat: number;
};

export type CopyConfig = RepositoryConfig | ReplicasConfig | TapeLibraryConfig;

type CopyBase = {
  readonly name: string;
  readonly layer: CopyLayer;
  readonly location: CopyLocation;
  /** The catalog of this copy must not hold the words of messages. */
  readonly fullText?: false;
};

export type RepositoryConfig = CopyBase & {
  readonly kind: "repository";
  readonly key: SecretReference;
};

/** Frozen stores, each a folder: clones or delta snapshots. */
export type ReplicasConfig = CopyBase & { readonly kind: "replicas" };

/** Of the operational layer the library that is written to, of the disaster layer the vault. */
export type TapeLibraryConfig = CopyBase & {
  readonly kind: "tape library";
  /** Of each tape. Undefined: the library's own. */
  readonly capacityBytes?: number;
  /** How often a tape may be written; its maker says so (paper §3.1.5). Undefined: no limit. */
  readonly safeUses?: number;
  /** What the barcodes of new tapes begin with. */
  readonly barcodes: string;
};

/** Where a copy lies. */
export type CopyLocation =
  /** An absolute folder of this machine, as text. */
  | { readonly at: "this machine"; readonly path: string }
  /** A folder of another host, reached over SSH. */
  | ({ readonly at: "another host" } & SshLocation);

export type SshLocation = {
  readonly user: string;
  /** A name or an address; IPv6 without its brackets. */
  readonly host: string;
  readonly port?: number;
  /** Absolute, as text. */
  readonly path: string;
};

/** Where a secret is read from; the secret itself is never in the configuration. */
export type SecretReference =
  /** A systemd credential: a file in $CREDENTIALS_DIRECTORY. */
  | { readonly kind: "credential"; readonly name: string }
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "environment"; readonly name: string };

export type TierConfig = {
  readonly name: string;
  /** All of them protect the same mail. The first is preferred where two are equally good. */
  readonly operational: readonly [OperationalConfig, ...OperationalConfig[]];
  /** Undefined: nothing of the file recovers from the loss of the site. */
  readonly disaster?: DisasterConfig;
};

/** What both layers say of a method. */
type MethodConfig = {
  /** Name of the copy that it fills. */
  readonly copy: string;
  /** Recovery point objective. */
  readonly loseAtMostMs?: number;
  /** Recovery time objective. */
  readonly backWithinMs?: number;
  /** Between two copies: as written, else as often as `loseAtMostMs` asks. */
  readonly everyMs?: number;
  /** Empty keeps everything; a rotation keeps its `images` instead. */
  readonly keep: readonly RetentionRule[];
};

export type OperationalConfig = MethodConfig & {
  readonly method: OperationalMethod;
  /** Of a rotation, and only then: how many are kept. */
  readonly images?: number;
  /** Of continuous data protection: absolute folder of its journals, as text. Undefined: in the state folder. */
  readonly journalPath?: string;
  /** Of continuous data protection: where its journals are mirrored as they grow. Undefined: nowhere. */
  readonly journalMirror?: CopyLocation;
};

export type DisasterConfig = MethodConfig & {
  readonly method: DisasterMethod;
  /** Name of the copy of the operational layer that feeds it. */
  readonly from: string;
  /** Of tapes: how long they stay onsite after they were written. Undefined: not said. */
  readonly holdMs?: number;
  /** Of tapes: how long they travel. Undefined: not said. */
  readonly transitMs?: number;
};

export type LineOfBusiness = {
  readonly name: string;
  readonly mailboxes: readonly string[];
  readonly tier: string;
  /** What an hour without mail costs, in its two factors (paper §1.4.4). */
  readonly downtime?: Downtime;
};

export type Downtime = {
  readonly payrollPerHour: number;
  /** Three letters, upper case. */
  readonly currency: string;
  /** From 0 to 1. */
  readonly productivityLostShare: number;
};

export type AlarmConfig = {
  /** Expiry stops when more than this share of a group is gone. */
  readonly shrinkPercent: number;
  /** With continuous data protection: of what, and within what time, it raises an alarm. */
  readonly of?: "mailbox" | "group";
  readonly withinMs?: number;
};

export function findServer(config: Config, name: string): ServerConfig | undefined {
  return config.servers.find((server) => server.name === name);
}

export function findCopy(config: Config, name: string): CopyConfig | undefined {
  return config.copies.find((copy) => copy.name === name);
}

export function findTier(config: Config, name: string): TierConfig | undefined {
  return config.tiers.find((tier) => tier.name === name);
}
