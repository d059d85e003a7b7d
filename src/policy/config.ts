import type { RetentionRule } from "./retention-rule.ts";

export const serverTypes = ["maildir", "dovecot", "folder"] as const;
export type ServerType = (typeof serverTypes)[number];
export const dataSources = ["offline", "live application"] as const;
export type DataSource = (typeof dataSources)[number];
export const copyLayers = ["operational"] as const;
export type CopyLayer = (typeof copyLayers)[number];
export const operationalMethods = ["backup to disk"] as const;
export type OperationalMethod = (typeof operationalMethods)[number];

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
};

export type CopyConfig = {
  readonly name: string;
  readonly layer: CopyLayer;
  /** Absolute folder of the repository, as text. */
  readonly path: string;
  readonly key: SecretReference;
};

/** Where a secret is read from; the secret itself is never in the configuration. */
export type SecretReference =
  /** A systemd credential: a file in $CREDENTIALS_DIRECTORY. */
  | { readonly kind: "credential"; readonly name: string }
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "environment"; readonly name: string };

export type TierConfig = { readonly name: string; readonly operational: OperationalConfig };

export type OperationalConfig = {
  readonly method: OperationalMethod;
  readonly copy: string;
  /** Recovery point objective. */
  readonly loseAtMostMs?: number;
  /** Recovery time objective. */
  readonly backWithinMs?: number;
  /** Empty keeps everything. */
  readonly keep: readonly RetentionRule[];
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
