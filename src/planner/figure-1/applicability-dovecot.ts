import { journalInstead, onDemand, unixDiskWrites, unixFailover } from "./applicability-unix.ts";
import {
  type Applicability,
  documented,
  doesNotWork,
  type FamilyApplicability,
  type ServerApplicability,
  triedByUs,
  works,
  worksWithCaveat,
} from "./applicability-verdict.ts";

/** Dovecot, with mail in Maildir or in its own dbox formats. */

const dboxManual = "Dovecot manual: dbox Mailbox Format";
const replicationManual = "Dovecot manual: Replication with dsync";
const upgrade = "Dovecot manual: Upgrading Dovecot CE from 2.3 to 2.4";

const perUser = "it runs user by user, so the copy of a server is no single instant";
const deletesExtras =
  "it deletes at its destination what the source does not have: give each copy an empty one";

function backupApi(more: readonly string[]): Applicability {
  return worksWithCaveat(
    "The command doveadm backup writes a user's mail, flags and UIDs through the server into another location; doveadm sync with a state goes on from there incrementally.",
    {
      ...triedByUs("Dovecot 2.3, doveadm backup and doveadm sync -1 -s"),
      caveats: [perUser, deletesExtras, ...more, "not run by this version"],
    },
  );
}

const noIntegration: Applicability = doesNotWork(
  "Dovecot has no command that holds its writes for a snapshot. A hot split is what there is.",
  documented("paper §2.1; Dovecot manual: doveadm"),
);

const replicator: Applicability = worksWithCaveat(
  "Dovecot 2.3 keeps two servers alike with its replicator (dsync), object by object.",
  {
    ...documented(`paper §2.2.3; ${replicationManual}; ${upgrade}`),
    caveats: [
      "2.3 only: 2.4 has no replicator",
      "asynchronous, between pairs of servers; shared folders are not replicated correctly",
      "deletions are replicated too (§2.2.3)",
    ],
  },
);

const mirrors = { "mirror-application": replicator, "mirror-failover": unixFailover } as const;

const maildir: ServerApplicability = {
  sources: {
    offline: works(
      "With the server stopped, messages, UID lists and keywords are files that nobody changes.",
      {
        source:
          "paper §2.1: “valid for any version of email server”; src/sources/offline.test.ts stops and starts a stand-in",
        grade: "C",
      },
    ),
    "backup-api": backupApi([
      "it writes line ends as LF whatever the file had: the copy has the message, not its bytes",
    ]),
    "hot-split": works(
      "Each message is written and flushed in tmp (unless mail_fsync is never), then given its name, and never changed: a frozen image has every message whole. Dovecot rebuilds indexes that do not fit.",
      documented(
        "paper §2.1: “generally valid for any version of email server”; Dovecot manual: Mail index file format",
      ),
    ),
    "app-snapshot": noIntegration,
    "live-object": worksWithCaveat(
      "The file is the object: while Dovecot moves, flags, copies and expunges, every message that stays is captured once and whole.",
      {
        source: "test/live-store.test.ts and test/any-moment.test.ts, with Dovecot 2.3",
        grade: "A",
        caveats: [onDemand, "a walk is no single instant: its label is fuzzy"],
      },
    ),
    "live-write": unixDiskWrites,
  },
  mirrors,
  logs: {
    has: false,
    reason: "Dovecot's index logs are caches over the Maildir. They hold no messages.",
    playback: journalInstead,
    ...documented("Dovecot manual: Mail index file format"),
  },
  reader: {
    reader: "here",
    reason:
      "Mailboxes, UIDs, flags, keywords and messages are listed and read straight from the image, as doveadm fetch lists them.",
    source:
      "test/dovecot-listing.test.ts, against what Dovecot 2.3 says over IMAP; docs/formats/maildir.md",
    grade: "A",
  },
};

const flagsApart =
  "flags and keywords are in the index log alone: it must be of the same instant as the messages";

const dbox: ServerApplicability = {
  sources: {
    offline: works(
      "With the server stopped, messages and the indexes that hold their flags are files of one state.",
      {
        source:
          "paper §2.1; test/interop.test.ts takes real sdbox and mdbox files through a capture and restic's restore unchanged (where the sample stores are at hand); src/sources/offline.test.ts stops and starts a stand-in",
        grade: "B",
      },
    ),
    "backup-api": backupApi([]),
    "hot-split": worksWithCaveat(
      "A frozen image is what a power cut leaves: messages that were acknowledged are in it, with their flags as far as the index log was written.",
      {
        ...documented(
          `paper §2.1: “generally valid for any version of email server”; ${dboxManual}`,
        ),
        caveats: [
          "messages and indexes must be on volumes frozen at the same instant: lost indexes cannot be rebuilt without loss",
          "“not as easily recoverable for some email servers” (§2.1): doveadm force-resync exits with 0 even where it dropped a message and all flags (tried by us), so compare listings before and after",
        ],
      },
    ),
    "app-snapshot": noIntegration,
    "live-object": worksWithCaveat(
      "Files that change in place are read again where they changed meanwhile, and what kept changing is reported.",
      {
        source:
          "test/any-moment.test.ts and test/continuous-dovecot.test.ts, which capture and follow sdbox and mdbox of Dovecot 2.3 in use",
        grade: "A",
        caveats: [
          onDemand,
          "messages and indexes are taken at slightly different instants: flags may be older or newer than the messages",
        ],
      },
    ),
    "live-write": worksWithCaveat(unixDiskWrites.reason, {
      ...unixDiskWrites,
      caveats: [...(unixDiskWrites.caveats ?? []), flagsApart],
    }),
  },
  mirrors,
  logs: {
    has: false,
    reason:
      "The index log keeps flags and what was expunged, and no message bodies: it cannot bring back a message that a copy does not have.",
    playback: journalInstead,
    ...documented(`${dboxManual}; Dovecot manual: Mail index file format`),
  },
  reader: {
    reader: "here",
    reason:
      "Mailboxes, UIDs, flags, keywords and messages are read straight from the image: index and index log, map, messages, attachments stored apart, compressed messages.",
    source:
      "test/dovecot-listing.test.ts, against what Dovecot 2.3 says over IMAP; docs/formats/dovecot-stores.md",
    grade: "A",
  },
};

export const dovecotServers: FamilyApplicability<"dovecot-maildir" | "dovecot-dbox"> = {
  "dovecot-maildir": maildir,
  "dovecot-dbox": dbox,
};
