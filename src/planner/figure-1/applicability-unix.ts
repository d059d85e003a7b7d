import {
  type Applicability,
  documented,
  doesNotWork,
  type Evidence,
  type FamilyApplicability,
  type ServerApplicability,
  type TransactionLogs,
  works,
  worksWithCaveat,
} from "./applicability-verdict.ts";

/** The "Unix-based SMTP mail servers" of the paper (§1.1.2), and Courier: mail in plain files. */

const maildirManual = "Courier: maildir(5)";
const stoppedHere: Evidence = {
  source:
    "paper §2.1: “valid for any version of email server”; src/sources/offline.test.ts stops and starts a stand-in",
  grade: "C",
};

/** A capture of the living store is taken when somebody asks for it; the daemon follows every change. */
export const onDemand =
  "a capture is on demand: between captures nothing is replicated, unless `restante daemon` follows the store (§3.5)";

/** A volume is frozen or copied below the server, which takes no part in it. */
export const unixDiskWrites: Applicability = worksWithCaveat(
  "Third-party tools copy every disk write below the server, whatever the server is.",
  {
    ...documented("paper §2.1 and §3.5.2"),
    caveats: [
      "the image is crash-consistent",
      "where mail and indexes lie on several volumes, the order of writes must hold across them (§2.2.3)",
    ],
  },
);

/** Failover is the work of a cluster around a server that knows nothing of it. */
export const unixFailover: Applicability = worksWithCaveat(
  "A cluster manager on the hosts mounts the mirrored volume on the other one and starts the server there.",
  {
    ...documented("paper §2.2.3 and Figure 7"),
    caveats: [
      "the server itself knows no failover; the cluster must fence the lost host",
      "the far image is crash-consistent",
    ],
  },
);

const noInterface = doesNotWork(
  "Nothing that delivers or serves these files has a backup API: the file is the object, and copying files is the backup.",
  documented(`${maildirManual}; docs/methods/sources.md`),
);

const noIntegration = doesNotWork(
  "Nothing here can be told to hold still for a snapshot. A hot split is what there is.",
  documented(`paper §2.1; ${maildirManual}`),
);

const noReplication = doesNotWork(
  "The programs that deliver and serve these files replicate nothing. Mirror the volume by host or array instead.",
  documented(`paper §2.2.3; ${maildirManual}`),
);

/** What a journal of changes does for servers that have no redo log. */
export const journalInstead =
  "nothing: to lose no message without a log, changes must go to a journal of objects as they happen (§3.5)";

const noLogs: TransactionLogs = {
  has: false,
  reason: "Mail is in plain files and nothing keeps a redo log of it.",
  playback: journalInstead,
  ...documented(maildirManual),
};

const mbox: ServerApplicability = {
  sources: {
    offline: works(
      "With delivery and access stopped, each mailbox is one file that nobody changes; mail waits at its sender meanwhile.",
      stoppedHere,
    ),
    "backup-api": noInterface,
    "hot-split": worksWithCaveat("A frozen image has every mailbox file as after a power cut.", {
      ...documented(
        `paper §2.1: “generally valid for any version of email server”; ${maildirManual}, on mboxes`,
      ),
      caveats: [
        "a mailbox caught in the middle of an update may end in half a message, or be rewritten to half its length: check it, and repeat",
        "locks lie in the image as files and have to go before it is used",
      ],
    }),
    "app-snapshot": noIntegration,
    "live-object": worksWithCaveat(
      "Many messages are in one file that is changed in place, so the object that can be copied is the mailbox: it is read again where it changed meanwhile.",
      {
        source:
          "docs/methods/sources.md; src/image/directory-image.test.ts changes a file while it is read",
        grade: "C",
        caveats: [
          onDemand,
          "a mailbox that keeps changing is reported and left out: take it offline",
        ],
      },
    ),
    "live-write": unixDiskWrites,
  },
  mirrors: { "mirror-application": noReplication, "mirror-failover": unixFailover },
  logs: noLogs,
  reader: {
    reader: "here",
    reason:
      "Mailboxes, UIDs, flags, keywords and messages are read straight from the image, of every variant of From_ lines and Content-Length.",
    source:
      "test/mbox-dovecot.test.ts, against what Dovecot 2.3 says over IMAP; docs/formats/mbox.md",
    grade: "A",
  },
};

const maildir: ServerApplicability = {
  sources: {
    offline: works(
      "With delivery and access stopped, each message is a file that nobody renames; mail waits at its sender meanwhile.",
      stoppedHere,
    ),
    "backup-api": noInterface,
    "hot-split": works(
      "Each message is written and flushed in tmp, then given its name in new or cur, and never changed: a frozen image has every message whole.",
      documented(
        `paper §2.1: “generally valid for any version of email server”; ${maildirManual}; qmail: maildir(5)`,
      ),
    ),
    "app-snapshot": noIntegration,
    "live-object": worksWithCaveat(
      "The file is the object: a walk of the living store finds each message whole, under whatever name it has by then.",
      {
        source: "test/live-store.test.ts captures while a stand-in changes a Maildir without pause",
        grade: "C",
        caveats: [onDemand, "a walk is no single instant: its label is fuzzy"],
      },
    ),
    "live-write": unixDiskWrites,
  },
  mirrors: { "mirror-application": noReplication, "mirror-failover": unixFailover },
  logs: noLogs,
  reader: {
    reader: "here",
    reason: "Mailboxes, flags and messages are listed and read straight from the image.",
    source: "src/mail/maildir/maildir-store.test.ts, with folders laid out by the test",
    grade: "C",
  },
};

const courier: ServerApplicability = {
  ...maildir,
  sources: {
    ...maildir.sources,
    "backup-api": doesNotWork(
      "Courier has no backup API: the file is the object, and copying files is the backup.",
      documented(maildirManual),
    ),
    "app-snapshot": doesNotWork(
      "Courier has no command that holds its writes for a snapshot. A hot split is what there is.",
      documented(`paper §2.1; ${maildirManual}`),
    ),
  },
  mirrors: {
    ...maildir.mirrors,
    "mirror-application": doesNotWork(
      "Courier replicates nothing. Mirror the volume by host or array instead.",
      documented(`paper §2.2.3; ${maildirManual}`),
    ),
  },
  reader: {
    reader: "here",
    reason:
      "Maildir++ with Courier's own lists of UIDs and subscriptions is listed and read straight from the image.",
    source: "src/mail/maildir/maildir-store.test.ts, with folders and lists laid out by the test",
    grade: "C",
  },
};

export const unixServers: FamilyApplicability<"mbox" | "maildir" | "courier"> = {
  mbox,
  maildir,
  courier,
};
