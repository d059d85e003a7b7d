/**
 * The boxes of Figure 1, each with the paper's section, and the forms that today adds to them. The words
 * are those of the configuration and of reports.
 */

/** Figure 1, left column (§2.1). */
const dataSourcesIds = [
  "offline",
  "backup-api",
  "hot-split",
  "app-snapshot",
  "live-object",
  "live-write",
] as const;
export type DataSourceId = (typeof dataSourcesIds)[number];
export const dataSources: Readonly<Record<DataSourceId, Box>> = {
  offline: { name: "offline", section: "2.1", of: "paper" },
  "backup-api": { name: "backup API", section: "2.1", of: "paper" },
  "hot-split": { name: "hot split snapshot", section: "2.1", of: "paper" },
  "app-snapshot": { name: "application-integrated snapshot", section: "2.1", of: "paper" },
  "live-object": { name: "live application: object level", section: "2.1", of: "paper" },
  "live-write": { name: "live application: disk-write level", section: "2.1", of: "paper" },
};

/** Figure 1, middle column (§3). */
const operationalMethodsIds = [
  "tape",
  "disk",
  "virtual-tape",
  "disk-deduplicated",
  "object-storage",
  "clones",
  "deltas",
  "cdp",
  "journal",
] as const;
export type OperationalMethodId = (typeof operationalMethodsIds)[number];
export const operationalMethods: Readonly<Record<OperationalMethodId, Box>> = {
  tape: { name: "backup to tape", section: "3.1", of: "paper" },
  disk: { name: "backup to disk, full copies", section: "3.2", of: "paper" },
  "virtual-tape": { name: "virtual tape", section: "3.2", of: "paper" },
  "disk-deduplicated": { name: "backup to disk, deduplicated", section: "3.2", of: "today" },
  "object-storage": { name: "backup to object storage", section: "3.2", of: "today" },
  clones: { name: "rotation of clones", section: "3.3", of: "paper" },
  deltas: { name: "rotation of delta snapshots", section: "3.4", of: "paper" },
  cdp: { name: "continuous data protection, disk writes", section: "3.5", of: "paper" },
  journal: { name: "continuous data protection, journal of objects", section: "3.5", of: "today" },
};

/** Figure 1, right column (§2.2). */
const disasterOptionsIds = [
  "ship-tapes",
  "vault-tapes",
  "duplicate-tapes",
  "duplicate-disk",
  "duplicate-object-storage",
  "mirror-application",
  "mirror-host",
  "mirror-array",
  "mirror-sync",
  "mirror-failover",
  "snapshots-of-mirror",
  "snapshots-copied",
  "snapshots-propagated",
  "protected-cdp",
] as const;
export type DisasterOptionId = (typeof disasterOptionsIds)[number];
export const disasterOptions: Readonly<Record<DisasterOptionId, Box>> = {
  "ship-tapes": { name: "move backup tapes offsite", section: "2.2.1", of: "paper" },
  "vault-tapes": {
    name: "remote vaulting: tapes written over the network",
    section: "2.2.1",
    of: "paper",
  },
  "duplicate-tapes": { name: "duplicate backup copy to tape", section: "2.2.2", of: "paper" },
  "duplicate-disk": {
    name: "duplicate backup copy to disk offsite",
    section: "2.2.2",
    of: "paper",
  },
  "duplicate-object-storage": {
    name: "duplicate backup copy to object storage",
    section: "2.2.2",
    of: "today",
  },
  "mirror-application": { name: "remote mirror by the application", section: "2.2.3", of: "paper" },
  "mirror-host": { name: "remote mirror by the host, disk writes", section: "2.2.3", of: "paper" },
  "mirror-array": {
    name: "remote mirror by the array, asynchronous",
    section: "2.2.3",
    of: "paper",
  },
  "mirror-sync": { name: "remote mirror by the array, synchronous", section: "2.2.3", of: "paper" },
  "mirror-failover": {
    name: "synchronous mirror with cluster failover",
    section: "2.2.3",
    of: "paper",
  },
  "snapshots-of-mirror": {
    name: "remote snapshots of a remote mirror",
    section: "2.2.4",
    of: "paper",
  },
  "snapshots-copied": { name: "remote copy of local snapshots", section: "2.2.4", of: "paper" },
  "snapshots-propagated": {
    name: "local snapshots propagated to the remote site",
    section: "2.2.4",
    of: "paper",
  },
  "protected-cdp": {
    name: "protected (mirrored) continuous data protection",
    section: "3.5.6",
    of: "paper",
  },
};

export type Box = {
  /** The paper's words, as far as it has them. */
  readonly name: string;
  readonly section: string;
  readonly of: "paper" | "today";
};

/** Mail servers: those the paper names (§1.1.2), and today's. */
const mailServersIds = [
  "exchange-5.5",
  "exchange-2000",
  "exchange-2003",
  "exchange",
  "domino-5",
  "domino-6",
  "domino-6.5",
  "domino",
  "mbox",
  "maildir",
  "courier",
  "dovecot-maildir",
  "dovecot-dbox",
  "cyrus",
  "imap",
  "jmap",
] as const;
export type MailServerId = (typeof mailServersIds)[number];
export const mailServers: Readonly<Record<MailServerId, ServerName>> = {
  "exchange-5.5": { name: "Microsoft Exchange 5.5", of: "paper" },
  "exchange-2000": { name: "Microsoft Exchange 2000", of: "paper" },
  "exchange-2003": { name: "Microsoft Exchange 2003", of: "paper" },
  exchange: { name: "Microsoft Exchange, today", of: "today" },
  "domino-5": { name: "Lotus Domino 5", of: "paper" },
  "domino-6": { name: "Lotus Domino 6", of: "paper" },
  "domino-6.5": { name: "Lotus Domino 6.5", of: "paper" },
  domino: { name: "HCL Domino, today", of: "today" },
  mbox: { name: "Unix SMTP server with mbox (sendmail, Postfix, Exim)", of: "paper" },
  maildir: { name: "Unix SMTP server with Maildir", of: "paper" },
  courier: { name: "Courier (Maildir++)", of: "today" },
  "dovecot-maildir": { name: "Dovecot with Maildir", of: "today" },
  "dovecot-dbox": { name: "Dovecot with sdbox or mdbox", of: "today" },
  cyrus: { name: "Cyrus IMAP", of: "today" },
  imap: { name: "any IMAP server, over the protocol", of: "today" },
  jmap: { name: "any JMAP server, over the protocol", of: "today" },
};

type ServerName = { readonly name: string; readonly of: "paper" | "today" };

/** What may go wrong, from one message to the whole site (§1.3, §1.4.2). */
const lossesIds = ["user-error", "corruption", "late-attack", "hardware", "site"] as const;
export type Loss = (typeof lossesIds)[number];
export const losses: Readonly<Record<Loss, string>> = {
  "user-error": "mail deleted or changed by mistake",
  corruption: "the store corrupted by software, a virus or an operator",
  "late-attack": "an attack found only after a long weekend",
  hardware: "the volumes of the mail server destroyed",
  site: "the site gone",
};
export const lossNames: readonly Loss[] = lossesIds;

export const granularities = [
  "message",
  "folder",
  "mailbox",
  "domain",
  "database",
  "volume",
  "server",
] as const;
export type Granularity = (typeof granularities)[number];

/** How sure a statement about a method on a server is. */
const evidenceGradesIds = ["A", "B", "C", "D"] as const;
export type EvidenceGrade = (typeof evidenceGradesIds)[number];
export const evidenceGrades: Readonly<Record<EvidenceGrade, string>> = {
  A: "tried with the real server",
  B: "real files and an independent oracle",
  C: "a stand-in that speaks the protocol",
  D: "documented only",
};
