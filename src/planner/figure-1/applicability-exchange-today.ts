import {
  exchangeDiskWrites,
  exchangeLogs,
  exchangeReader,
  hotSplitExchange,
  offlineExchange,
  streamingBlog,
} from "./applicability-exchange.ts";
import {
  type Applicability,
  documented,
  type ServerApplicability,
  worksWithCaveat,
} from "./applicability-verdict.ts";

/** Microsoft Exchange since 2010. Nothing of it was tried: every grade is D. */

const vssArchitecture =
  "Microsoft: Windows Server VSS Architecture (Exchange Server 2010 developer documentation)";
const todaysBackup = "Microsoft: Backup, restore, and disaster recovery in Exchange Server";
const todaysAvailability = "Microsoft: High availability and site resilience in Exchange Server";

const todaysMirror: Applicability = worksWithCaveat(
  "A database availability group (since Exchange 2010) of up to 16 servers ships the transaction logs of a database and replays them into its copies.",
  {
    ...documented(todaysAvailability),
    caveats: [
      "it is asynchronous and works by logs, not by objects",
      "deletions and logical corruption arrive in the copies too; a lagged copy delays that",
    ],
  },
);

/** What is sold today; the last version that the paper names is 2003. */
export const exchangeToday: ServerApplicability = {
  sources: {
    offline: offlineExchange(
      "Jaap Wesselius: Replay Transaction Log Files and Offline Backup in Exchange Server (2014)",
    ),
    "backup-api": worksWithCaveat(
      "The streaming API of the storage engine is gone since Exchange 2010, and databases are backed up through VSS alone. What is left is the object-level API, Exchange Web Services.",
      {
        ...documented(
          `${streamingBlog}; Microsoft: Backup of Individual mailbox items (MSDN blog, 2018)`,
        ),
        caveats: [
          "for whole databases choose the application-integrated snapshot",
          "item by item is slow and throttled by the server; it does not give short RPO or RTO (§1.4.3)",
        ],
      },
    ),
    "hot-split": hotSplitExchange(vssArchitecture, [
      "Microsoft asks that databases and logs be backed up through its VSS writer exclusively: an image taken without it is outside support",
    ]),
    "app-snapshot": worksWithCaveat(
      "Its VSS writer holds the databases while the volumes are snapped, and truncates the logs after the backup.",
      {
        ...documented(`${vssArchitecture}; ${todaysBackup}`),
        caveats: [
          "the backup program must be a VSS requestor that knows Exchange, and must check the integrity of the shadow copy",
        ],
      },
    ),
    "live-object": worksWithCaveat(
      "Third-party products replicate objects through Exchange Web Services. The server's own replication, the database availability group, works by transaction logs.",
      {
        ...documented(`paper §2.1; ${todaysAvailability}`),
        caveats: ["third-party product", "throttled by the server"],
      },
    ),
    "live-write": exchangeDiskWrites,
  },
  mirrors: {
    "mirror-application": todaysMirror,
    "mirror-failover": worksWithCaveat(
      "A database availability group fails over by itself, database by database.",
      {
        ...documented(todaysAvailability),
        caveats: [
          "its replication is asynchronous: the last logs may be missing, and AutoDatabaseMountDial says how many may be",
        ],
      },
    ),
  },
  logs: {
    ...exchangeLogs,
    ...documented(
      "paper §1.4.1 note 2; Microsoft: VSS Frequently Asked Questions (Exchange Server 2010)",
    ),
  },
  reader: exchangeReader,
};
