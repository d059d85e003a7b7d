import { journalInstead, onDemand, unixDiskWrites, unixFailover } from "./applicability-unix.ts";
import {
  type Applicability,
  documented,
  doesNotWork,
  type FamilyApplicability,
  type ServerApplicability,
  worksWithCaveat,
} from "./applicability-verdict.ts";

/** Cyrus IMAP: one file a message in the spool, everything else in its databases. */

const backupsManual = "Cyrus IMAP manual: backupd(8)";
const replicationManual = "Cyrus IMAP manual: sync_client(8)";
const backupPage = "Cyrus wiki: Backing up a Cyrus server (2007)";

const bothFolders =
  "the configuration directory (mailboxes.db, annotations, seen states, subscriptions) belongs to the image as much as the spool does";

const rolling: Applicability = worksWithCaveat(
  "Rolling replication (sync_client -r) sends each change of a mailbox to a replica as it is logged.",
  {
    ...documented(`paper §2.1 and §2.2.3; ${replicationManual}`),
    caveats: [
      "asynchronous: by default three seconds and more behind",
      "what is expunged on the master goes from the replica too (§2.2.3)",
    ],
  },
);

const cyrus: ServerApplicability = {
  sources: {
    offline: worksWithCaveat(
      "With the server stopped, spool and databases are files of one state.",
      {
        source: `paper §2.1; test/interop.test.ts takes a real Cyrus store through a capture and restic's restore unchanged (where the sample stores are at hand); src/sources/offline.test.ts stops and starts a stand-in; ${backupPage}`,
        grade: "B",
        caveats: [bothFolders],
      },
    ),
    "backup-api": doesNotWork(
      "There is no stable backup API: Cyrus Backups (backupd, ctl_backups) are experimental, incomplete and deprecated as of 3.10, as their manual says. Its replication is a live application source.",
      documented(backupsManual),
    ),
    "hot-split": worksWithCaveat(
      "A frozen image is what a power cut leaves: each message is a file, and reconstruct makes the indexes fit the spool again.",
      {
        ...documented(
          `paper §2.1: “generally valid for any version of email server”; ${backupPage}; Cyrus IMAP manual: reconstruct(8)`,
        ),
        caveats: [
          `${bothFolders}, frozen at the same instant`,
          "“not as easily recoverable for some email servers” (§2.1): look with reconstruct -n first, and repeat until it is usable",
        ],
      },
    ),
    "app-snapshot": doesNotWork(
      "Cyrus has no command that holds its writes for a snapshot. A hot split is what there is.",
      documented("paper §2.1; Cyrus IMAP manual, section 8"),
    ),
    "live-object": worksWithCaveat(
      "Rolling replication (sync_client -r) sends each change as it happens. A capture of the living store takes each message file whole.",
      {
        ...documented(`paper §2.1; ${replicationManual}; docs/methods/sources.md`),
        caveats: [
          onDemand,
          "in a capture, messages and the index that holds their flags are of slightly different instants",
          bothFolders,
        ],
      },
    ),
    "live-write": worksWithCaveat(unixDiskWrites.reason, {
      ...unixDiskWrites,
      caveats: [...(unixDiskWrites.caveats ?? []), bothFolders],
    }),
  },
  mirrors: { "mirror-application": rolling, "mirror-failover": unixFailover },
  logs: {
    has: false,
    reason:
      "The log that replication reads (sync_log) names what changed and holds no messages; it cannot be played back into a restored store.",
    playback: journalInstead,
    ...documented(replicationManual),
  },
  reader: {
    reader: "here",
    reason:
      "Mailboxes, UIDs, flags, keywords and messages are read straight from the image: mailboxes.db, cyrus.index and cyrus.header, seen state.",
    source:
      "test/cyrus-listing.test.ts, against what Cyrus 3.6 says over IMAP; docs/formats/cyrus-spool.md",
    grade: "A",
  },
};

export const cyrusServers: FamilyApplicability<"cyrus"> = { cyrus };
