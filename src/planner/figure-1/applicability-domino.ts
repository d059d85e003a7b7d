import {
  type Applicability,
  documented,
  doesNotWork,
  type ReaderApplicability,
  type FamilyApplicability,
  type ServerApplicability,
  type TransactionLogs,
  works,
  worksWithCaveat,
} from "./applicability-verdict.ts";

/** Lotus, IBM and HCL Domino. Nothing of it was tried: every grade is D. */

const backupInterface = "HCL: Backup and Recovery (C API for Domino and Notes)";
const recoveryHelp = "HCL Domino 12.0 help: Using transaction logging for recovery";
const clusterHelp = "HCL Domino 12.0 help: How replication works in a cluster";
const clusterCourse = "Lotus: Implementing and Maintaining Domino Clusters (Release 5)";
const attachmentsHelp = "HCL Domino 12.0 help: Backup considerations for DAOS";
const loggingHelp = "HCL Domino 12.0.2 help: Transaction logging with backup and restore";
const tivoli =
  "IBM: Domino NSF database backup and transaction log archive (Tivoli Storage Manager for Mail 7.1)";
const attachments =
  "where DAOS keeps attachments outside the databases (8.5 and later), its files must be in the copy too";

const offline: Applicability = works(
  "With the server stopped, its databases are files that nobody changes.",
  documented(`paper §2.1: “valid for any version of email server”; ${attachmentsHelp}`),
);

const incremental =
  "incremental backups need transactional logging in archive style; without it every backup is a full one";
const newIdentity =
  "a database that was compacted or fixed up has a new instance ID (DBIID) and needs a new full backup";

const backupApi: Applicability = worksWithCaveat(
  "The backup and recovery functions of the C API (Release 5 and later) back up a database in full while the server runs, and archive its transaction log.",
  {
    ...documented(
      `paper §2.1 and §6 (Tivoli Storage Manager for Mail); ${backupInterface}; ${tivoli}`,
    ),
    caveats: [
      incremental,
      newIdentity,
      "it yields databases, not single messages; the program that calls it must run on the server",
    ],
  },
);

const hotSplit: Applicability = worksWithCaveat(
  "A frozen image is what a power cut leaves: with transactional logging the server recovers its databases when it starts, without it it runs Fixup on each.",
  {
    ...documented(`paper §2.1: “generally valid for any version of email server”; ${recoveryHelp}`),
    caveats: [
      "databases and transaction log must be of the same instant",
      "“not as easily recoverable for some email servers” (§2.1): check it, and repeat until it is usable",
      "a snapshot taken without the backup API is unsupported and may lose data (Nash!Com: Domino Backup Feedback, Requirements and my new project, 2019)",
    ],
  },
);

const noSnapshots: Applicability = doesNotWork(
  "Domino before 12 brings no integration with snapshots, and of VSS the paper names Exchange 2003 alone. A program may hold every database in backup mode through the backup API and snap meanwhile; none was found for this version.",
  documented(`paper §1.1.2; ${backupInterface}; HCL Domino 12.0 help: Snapshot backups`),
);

const objects: Applicability = worksWithCaveat(
  "Domino replicates document by document: the Cluster Replicator pushes each change to the replicas at once.",
  {
    ...documented(`paper §2.1 and §2.2.3; ${clusterCourse}; ${clusterHelp}`),
    caveats: [
      "changes not yet pushed are kept in memory only and are lost when the server goes down: schedule standard replication too",
      "deletions and corrupt documents are replicated as well (§2.2.3)",
      "clusters need the Enterprise Server licence in Release 5",
    ],
  },
);

const diskWrites: Applicability = worksWithCaveat(
  "Third-party tools copy every disk write below the server, whatever the server is.",
  {
    ...documented("paper §2.1 and §3.5.2"),
    caveats: [
      "the image is crash-consistent",
      "the order of writes must hold across the volumes of databases and transaction log (§2.2.3, §3.5.2)",
    ],
  },
);

const failover: Applicability = worksWithCaveat(
  "In a Domino cluster clients are redirected to a replica on another server by themselves.",
  {
    ...documented(`paper Figure 7; ${clusterCourse}`),
    caveats: [
      "the replicas behind it are asynchronous, so it is no synchronous mirror: the last changes may be missing",
    ],
  },
);

const logs: TransactionLogs = {
  has: true,
  reason:
    "With transactional logging on (Release 5 and later; it is off by default), every change goes to the transaction log first, and archived logs roll a restored database forward.",
  playback: "the server, asked by a backup program through the C API",
  caveats: [
    "archive style, or the log is overwritten",
    "only databases in the data directory in the format of Release 5 or later are logged",
    newIdentity,
  ],
  ...documented(`paper §1.4.1 note 2; ${backupInterface}; ${tivoli}`),
};

const reader: ReaderApplicability = {
  reader: "third party",
  reason:
    "Messages are documents inside NSF databases. The Notes client or a third-party product opens a replica of the database and copies them back.",
  ...documented("paper §1.4.3"),
};

/** Releases 5, 6 and 6.5 (paper §1.1.2) do not differ in what is known of them here. */
const dominoOf2004: ServerApplicability = {
  sources: {
    offline,
    "backup-api": backupApi,
    "hot-split": hotSplit,
    "app-snapshot": noSnapshots,
    "live-object": objects,
    "live-write": diskWrites,
  },
  mirrors: { "mirror-application": objects, "mirror-failover": failover },
  logs,
  reader,
};

const dominoToday: ServerApplicability = {
  ...dominoOf2004,
  sources: {
    ...dominoOf2004.sources,
    offline: worksWithCaveat(offline.reason, { ...offline, caveats: [attachments] }),
    "backup-api": worksWithCaveat(
      "The backup functions of the C API, and since Domino 12 a backup task of the server's own, back up databases while the server runs and restore them to a point in time.",
      {
        ...documented(`paper §2.1; ${backupInterface}; ${loggingHelp}`),
        caveats: [
          "transactional logging is required",
          newIdentity,
          `${attachments}, backed up after the databases`,
          "it yields databases, not single messages",
        ],
      },
    ),
    "hot-split": worksWithCaveat(hotSplit.reason, {
      ...hotSplit,
      caveats: [...(hotSplit.caveats ?? []), attachments],
    }),
    "app-snapshot": worksWithCaveat(
      "Since 12.0.2 Domino has a VSS writer on Windows that brings all databases to a consistent state in the snapshot. Elsewhere its backup task holds all databases in backup mode around a snapshot command (12.0).",
      {
        ...documented(
          "paper §2.1; HCL Domino 12.0.2 help: Snapshot backups with Volume Shadow Copy Service (VSS) writer; HCL Domino 12.0 help: Snapshot backups",
        ),
        caveats: [
          "the VSS writer wants Windows 2019 or 2022 and all databases on a single disk",
          "with the backup task, changes during the snapshot go to delta files, which belong to the copy",
          attachments,
        ],
      },
    ),
  },
  logs: {
    ...logs,
    caveats: [
      "circular and linear logs serve until they are overwritten; archive style keeps them",
      newIdentity,
    ],
    ...documented(`paper §1.4.1 note 2; ${loggingHelp}`),
  },
};

export const dominoServers: FamilyApplicability<"domino-5" | "domino-6" | "domino-6.5" | "domino"> =
  {
    "domino-5": dominoOf2004,
    "domino-6": dominoOf2004,
    "domino-6.5": dominoOf2004,
    domino: dominoToday,
  };
