/** §3.2: recovery from a backup copy on disk. */
import type { BoxId, Statement } from "./statement.ts";

const compatibility = "src/planner/figure-1/compatibility.test.ts";
const deduplicated: readonly BoxId[] = ["method:disk-deduplicated"];

export const chapter3Disk: readonly Statement[] = [
  {
    section: "3.2.1",
    words: "In this OR method, the recovery image is produced using backup to disk (B2D).",
    here: "`restante capture`: an Image into a repository that any restic can read",
    places: ["docs/methods/backup-to-disk.md", "src/methods/disk/backup-to-disk.ts"],
    tests: ["test/interop.test.ts", "src/methods/disk/disk-copy.test.ts"],
    rests: deduplicated,
  },
  {
    section: "3.2.1",
    words:
      "The source data for B2D may be from an offline email server, a backup API, a hot split snapshot, or an application-integrated snapshot (as described in Section 2.1.).",
    here: "from a stopped server and from a living store; a snapshot that is mounted is a folder",
    places: ["docs/methods/sources.md"],
    tests: ["src/cli/configured.test.ts", "test/live-store.test.ts"],
    rests: ["method:disk-deduplicated", "source:offline", "source:live-object"],
  },
  {
    section: "3.2.2",
    words: "B2D creates backup copies on disk using the same methods as B2T.",
    here: "a full copy the first time, what is new from then on, each a whole moment",
    places: ["src/repository/"],
    tests: ["src/repository/capture.test.ts", "test/read-once.test.ts"],
    rests: deduplicated,
  },
  {
    section: "3.2.2",
    words:
      "Because the backup copy resides on disk, however, the RTO capabilities are typically better than for backup copies sent to tape.",
    here: "random access: what is restored is read, and nothing else; each restore records its time",
    places: ["src/repository/", "docs/operations/proof.md"],
    tests: ["src/repository/extract.test.ts", "src/cli/commands/figures.test.ts"],
    rests: deduplicated,
  },
  {
    section: "3.2.2",
    words:
      "B2D is particularly useful as a short term staging area for backup copies since these images can be used for OR, then Duplications of the backup copies can be made to tape for DR.",
    here: "disk to disk to tape: a moment of a repository written to a set of tapes",
    places: ["src/methods/tape/"],
    tests: ["src/methods/tape/"],
    rests: ["method:disk-deduplicated", "method:tape"],
  },
  {
    section: "3.2.2",
    words: "B2D also encompasses technology referred to as “virtual tape”.",
    here: "tapes as files, in a format that emulators of old machines read",
    places: ["src/methods/tape/"],
    tests: ["src/methods/tape/"],
    rests: ["method:tape"],
  },
  {
    section: "3.2.2",
    words:
      "a virtual tape solution will emulate tape drives in behavior, and can automatically move backup copies to tape instead of using the backup server to duplicate the backup copy.",
    here: "file marks, end of tape, damaged blocks: a drive behind a port, with a library of its own",
    places: ["src/methods/tape/"],
    tests: ["src/methods/tape/"],
    rests: ["method:tape"],
  },
  {
    section: "3.2.3",
    words:
      "B2D is recommended for email applications that allow an RPO of 24 hours or more, just like B2T.",
    here: "captures read only what is new, so that a few a day or an hour are usual",
    places: ["docs/methods/backup-to-disk.md"],
    tests: ["test/read-once.test.ts"],
    rests: deduplicated,
  },
  {
    section: "3.2.3",
    words:
      "This is due to the time required to create the backup copy, and the potential impact on the email server.",
    here: "measured: by `bench` on a sample, and by each capture on the store",
    places: ["docs/guide/bench.md", "src/cli/run-measurements.ts"],
    tests: ["src/cli/commands/bench.test.ts", "src/cli/run-measurements.test.ts"],
    rests: "B",
  },
  {
    section: "3.2.3",
    words:
      "The number of available recovery images will depend on the disk capacity of the backup server.",
    here: "rules of retention; equal pieces are stored once, so that images cost what changed",
    places: ["src/policy/expiry.ts", "src/mail/"],
    tests: ["src/policy/expiry.test.ts", "src/mail/cut/cutter.test.ts"],
    rests: deduplicated,
  },
  {
    section: "3.2.3",
    words:
      "The recovery process for B2D is typically shorter than B2T and can cut the data transfer phase of an email restore process by ¾ or more.",
    here: "computed from the rates of both; where the paper's own rates disagree is said",
    places: ["src/planner/answers/figures-report.ts"],
    tests: ["src/planner/model/figures.test.ts"],
    rests: "D",
  },
  {
    section: "3.2.3",
    words:
      "Note, however, that the longer RPO will require the same time to replay the transaction log, so the overall effort may still require a significant amount of time.",
    here: "playback is a phase of its own in every RTO",
    places: ["src/planner/model/situation.ts"],
    tests: ["src/planner/model/operational.test.ts"],
    rests: "D",
  },
  {
    section: "3.2.4",
    words:
      "Restore granularity is strictly dependent on selected backup granularity and/or use of a third part tool to browse restored email databases.",
    here: "message, folder, mailbox, domain, server; the reader is built in, for every layout of files",
    places: ["docs/guide/restore.md", "src/mail/mail-store.ts"],
    tests: ["src/cli/every-layout.test.ts", "test/restore-imap.test.ts"],
    rests: deduplicated,
  },
  {
    section: "3.2.5",
    words:
      "The cost factor for B2D is approximately measured in increased disk cost, which will be slightly more than 1 times the size of the production data for each “full backup” B2D copy retained simultaneously, plus enough disk for simultaneously retained incremental backups.",
    here: "one copy of each distinct piece, compressed; what a copy takes beside its mail is recorded",
    places: ["src/cli/record-storage.ts", "docs/benchmarks.md"],
    tests: ["src/cli/run-results.test.ts", "src/cli/commands/figures.test.ts"],
    rests: deduplicated,
  },
  {
    section: "3.2.6",
    words: "Duplicate the B2D backup copy to offsite, as in Section 2.2.2.",
    here: "`restante duplicate`",
    places: ["src/offsite/duplicate/"],
    tests: ["src/offsite/duplicate/"],
    rests: ["option:duplicate-disk"],
  },
  {
    section: "3.2.6",
    words: "Remote mirrors may be used in parallel, as in Section 2.2.3.",
    here: "the planner combines disk with every kind of mirror",
    places: ["src/planner/figure-1/disaster-edges.ts"],
    tests: [compatibility],
    rests: "D",
  },
];
