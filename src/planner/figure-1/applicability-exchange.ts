import {
  type Applicability,
  documented,
  doesNotWork,
  type ReaderApplicability,
  type FamilyApplicability,
  type ServerApplicability,
  type TransactionLogs,
  worksWithCaveat,
} from "./applicability-verdict.ts";

/** Microsoft Exchange, the versions that the paper names. Nothing of it was tried: every grade is D. */

export const streamingBlog = "Microsoft: Exchange online streaming backups… (TechNet blog, 2011)";
const offlineNote = "Microsoft Knowledge Base Q237767: XADM: Making and Restoring Offline Backups";
const offlineNote2000 =
  "Microsoft Knowledge Base Q296788: XADM: Offline Backup and Restoration Procedures for Exchange 2000 Server";
const snapshotNote =
  "Microsoft Knowledge Base Q237767, under its later title XADM: Understanding Offline and Snapshot Backups";
const onlineBackups = "Microsoft: How Exchange Online Backups Work in Exchange Server 2003";
const vss2003 =
  "Microsoft: Volume Shadow Copy Service (Exchange Server 2003 developer documentation)";

const logsWithDatabase =
  "databases and their transaction logs must be of the same instant; a database without the logs it requires does not start";
const circular =
  "with circular logging there are no incremental backups and nothing to roll forward beyond the backup";

export function offlineExchange(source: string): Applicability {
  return worksWithCaveat(
    "With its databases stopped, Exchange leaves them consistent on disk, and they are copied as files.",
    {
      ...documented(`paper §2.1: “valid for any version of email server”; ${source}`),
      caveats: [
        "the copy is not checked page by page, and log files are not deleted after it",
        "whoever restores chooses by hand which log files are replayed; wrong ones can damage the database",
      ],
    },
  );
}

const backupApi: Applicability = worksWithCaveat(
  "The online backup API of its storage engine (ESE) streams databases and logs while the server runs, in full and incrementally. A restore replays the logs by itself.",
  {
    ...documented(`paper §2.1 and §6 (Tivoli Storage Manager for Mail); ${streamingBlog}`),
    caveats: [
      circular,
      "it yields databases; single messages need an object-level API, which is slow (§1.4.3)",
    ],
  },
);

export function hotSplitExchange(source: string, more: readonly string[]): Applicability {
  return worksWithCaveat(
    "A frozen image is what a power cut leaves: the storage engine recovers it from its transaction logs when it starts.",
    {
      ...documented(`paper §2.1: “generally valid for any version of email server”; ${source}`),
      caveats: [
        logsWithDatabase,
        "“not as easily recoverable for some email servers” (§2.1): check it with eseutil, and repeat until it is usable",
        ...more,
      ],
    },
  );
}

const noShadowCopies: Applicability = doesNotWork(
  "Snapshots that Exchange takes part in need VSS, and of the versions the paper names only Exchange 2003 has a writer for it.",
  documented(`paper §1.1.2; ${vss2003}`),
);

const thirdPartyObjects: Applicability = worksWithCaveat(
  "A product that replicates each object to a secondary server can be added; Exchange of this version replicates no mailboxes itself.",
  {
    ...documented(
      "paper §2.1 and §2.2.3; Microsoft: Cluster Continuous Replication (new in Exchange Server 2007)",
    ),
    caveats: [
      "third-party product",
      "“may have some impact on email server performance” (§2.1)",
      "deletions and corruption are replicated too (§2.2.3)",
    ],
  },
);

export const exchangeDiskWrites: Applicability = worksWithCaveat(
  "Third-party tools copy every disk write below the server, whatever the server is.",
  {
    ...documented("paper §2.1 and §3.5.2"),
    caveats: [
      "the image is crash-consistent",
      "the order of writes must hold across the volumes of database and logs (§2.2.3, §3.5.2)",
    ],
  },
);

function cluster(source: string): Applicability {
  return worksWithCaveat(
    "A Windows cluster starts Exchange on the other host, on the mirrored volumes.",
    {
      ...documented(`paper §2.2.3 and Figure 7; ${source}`),
      caveats: [
        "Enterprise Edition; the cluster shares its volumes, so mirroring them to the other site is the array's work",
        "the far image is crash-consistent and has to recover from its logs",
      ],
    },
  );
}

export const exchangeLogs: TransactionLogs = {
  has: true,
  reason:
    "Every change is written to the transaction logs before the database; logs kept since a backup roll it forward to the last transaction.",
  playback: "the information store when the database is mounted, or eseutil",
  caveats: ["not with circular logging"],
  ...documented(`paper §1.4.1 note 2; ${onlineBackups}`),
};

export const exchangeReader: ReaderApplicability = {
  reader: "third party",
  reason:
    "Messages lie inside databases of the storage engine. Third-party products read replicas of them and put single objects back.",
  ...documented("paper §1.4.3"),
};

const shared = { "live-object": thirdPartyObjects, "live-write": exchangeDiskWrites } as const;

const exchange55: ServerApplicability = {
  sources: {
    ...shared,
    offline: offlineExchange(offlineNote),
    "backup-api": backupApi,
    "hot-split": hotSplitExchange(snapshotNote, []),
    "app-snapshot": noShadowCopies,
  },
  mirrors: {
    "mirror-application": thirdPartyObjects,
    "mirror-failover": cluster(
      "Microsoft BackOffice Resource Kit, on Exchange Server 5.5 Enterprise Edition and Microsoft Cluster Server",
    ),
  },
  logs: { ...exchangeLogs, ...documented(`paper §1.4.1 note 2; ${offlineNote}`) },
  reader: exchangeReader,
};

const cluster2003 = cluster(
  "Microsoft Exchange Server 2003 Distilled, chapter 7: Exchange Clusters",
);

const exchange2000: ServerApplicability = {
  ...exchange55,
  sources: {
    ...exchange55.sources,
    offline: offlineExchange(offlineNote2000),
    "hot-split": hotSplitExchange(snapshotNote, []),
  },
  mirrors: { ...exchange55.mirrors, "mirror-failover": cluster2003 },
  logs: exchangeLogs,
};

const exchange2003: ServerApplicability = {
  ...exchange2000,
  sources: {
    ...exchange2000.sources,
    offline: offlineExchange(offlineNote2000),
    "hot-split": hotSplitExchange(vss2003, [
      "“not the best option for snapshots if application-integrated snapshots are available” (§2.1), and here they are",
    ]),
    "app-snapshot": worksWithCaveat(
      "Its VSS writer holds a storage group still while the volumes are snapped, so the replica is stable.",
      {
        ...documented(`paper §1.1.2 and §2.1; ${vss2003}`),
        caveats: [
          "Windows Server 2003 is needed",
          "the backup program must be a VSS requestor that knows Exchange 2003; the one that comes with Windows Server 2003 is none",
        ],
      },
    ),
  },
};

/** Exchange 5.5, 2000 and 2003 (paper §1.1.2). */
export const exchangeOf2004: FamilyApplicability<
  "exchange-5.5" | "exchange-2000" | "exchange-2003"
> = {
  "exchange-5.5": exchange55,
  "exchange-2000": exchange2000,
  "exchange-2003": exchange2003,
};
