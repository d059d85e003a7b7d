/** §2 and §2.1: choosing a solution, and sources of data. */
import type { Statement } from "./statement.ts";

const compatibility = "src/planner/figure-1/compatibility.test.ts";
const sourcesPage = "docs/methods/sources.md";
const hotSplit = { places: ["src/sources/hot-split/"], tests: ["src/sources/hot-split/"] } as const;

export const chapter2Sources: readonly Statement[] = [
  {
    section: "2",
    words:
      "There are many combinations of data sources, OR solutions, and DR solutions that may be combined to provide overall data protection for email.",
    here: "all of them are data: boxes, what feeds what, on which server",
    places: ["src/planner/figure-1/"],
    tests: [compatibility],
    rests: "D",
  },
  {
    section: "2",
    words:
      "Not all combinations of Source/OR/DR solutions are possible, nor do all combinations make sense.",
    here: "a verdict with its section for every pair; a combination that Figure 1 does not have is refused",
    places: ["src/planner/figure-1/source-edges.ts", "src/planner/figure-1/disaster-edges.ts"],
    tests: [compatibility, "src/planner/ranking/evaluate.test.ts"],
    rests: "D",
  },
  {
    section: "2",
    words:
      "However, as a best practice, at least one method of Operational Recovery and one method of Disaster Recovery are recommended.",
    here: "every combination has both, unless the loss of the site is accepted",
    places: ["src/planner/ranking/candidates.ts"],
    tests: [compatibility],
    rests: "D",
  },
  {
    section: "2",
    words: "The ideal is to use a single Data Source to do both.",
    here: "the ranking says whether one source serves both",
    places: ["src/planner/ranking/evaluate.ts"],
    tests: [compatibility],
    rests: "D",
  },
  {
    section: "2",
    words:
      "Each OR best practice also provides guidance on the type of RPO/RTO performance to expect for that method, the relative cost, as well as the granularity of restore that is possible with each.",
    here: "an estimate of each for the site, and every number can be asked why",
    places: ["src/planner/model/", "src/planner/answers/why.ts"],
    tests: ["src/planner/answers/answers.test.ts"],
    rests: "D",
  },
  {
    section: "2.1",
    words:
      "The most important first step of any data recovery best practice is ensuring that there is a stable copy of data available from which to create a recoverable copy.",
    here: "a source yields an Image with a label that says how its bytes hang together",
    places: [sourcesPage, "src/sources/source.ts"],
    tests: ["src/sources/live.test.ts", "src/sources/offline.test.ts"],
    rests: "B",
  },
  {
    section: "2.1",
    words: "Can the email server be taken offline in order to create backup copies?",
    here: "`may_stop`: hours of a day in which it may be stopped, or never",
    places: ["docs/guide/requirements.md"],
    tests: ["src/planner/requirements/parse-requirements.test.ts", compatibility],
    rests: "D",
  },
  {
    section: "2.1",
    words:
      "Can the email server endure a performance impact, or is it expected to be operating at I/O levels which can not endure any performance impact whatsoever?",
    here: "`bears_load`: what burdens the server is rejected where it bears none",
    places: ["src/planner/ranking/site-violations.ts"],
    tests: [compatibility],
    rests: "D",
  },
  {
    section: "2.1",
    words:
      "Offline: This is the easiest to implement, but not very amenable to today’s 24x7 world.",
    here: "stop command, capture, start command, whatever happens between, kill -9 included",
    places: ["src/sources/offline.ts", sourcesPage],
    tests: ["src/sources/offline.test.ts", "src/cli/configured.test.ts"],
    rests: ["source:offline"],
  },
  {
    section: "2.1",
    words: "This is valid for any version of email server.",
    here: "stopping needs two commands and a folder, and nothing of the server",
    places: ["src/sources/offline.ts", "docs/methods/applicability.md"],
    tests: ["src/sources/offline.test.ts"],
    rests: ["source:offline"],
  },
  {
    section: "2.1",
    words:
      "Backup API: A backup API to the email server can be used to perform online full and incremental backups of an email server’s data stores.",
    here: "a server's own interface for backups",
    places: ["src/sources/backup-api/"],
    tests: ["src/sources/backup-api/"],
    rests: ["source:backup-api"],
  },
  {
    section: "2.1",
    words:
      "Other email server APIs, such as object-level APIs, can also be used to capture data at a finer level of granularity during a backup process.",
    here: "mail over IMAP or JMAP, for servers whose files cannot be had",
    places: ["src/sources/backup-api/"],
    tests: ["src/sources/backup-api/"],
    rests: "planned",
  },
  {
    section: "2.1",
    words:
      "Store the email database and logs on synchronous mirrors, or on storage from which snapshots can be created.",
    here: "snapshot providers behind one port, found by what the filesystem can do",
    ...hotSplit,
    rests: ["source:hot-split"],
  },
  {
    section: "2.1",
    words:
      "“Break” the mirrors, or create a snapshot, in order to create a “frozen” image of the database and logs.",
    here: "a snapshot is the frozen image, with the label `crash`",
    ...hotSplit,
    rests: ["source:hot-split"],
  },
  {
    section: "2.1",
    words: "Validate the frozen images using a server-specific utility.",
    here: "Dovecot's or Cyrus's own utility on a writable copy of the frozen image, compared with what our reader lists; our reader alone for others",
    ...hotSplit,
    rests: ["source:hot-split"],
  },
  {
    section: "2.1",
    words:
      "If a frozen image is not usable, then repeat from step 1. If it is usable, then it is a valid stable copy of email.",
    here: "repeated until usable, a bounded number of times; the evidence stays with the moment",
    ...hotSplit,
    rests: ["source:hot-split"],
  },
  {
    section: "2.1",
    words:
      "Hot split snapshot is generally valid for any version of email server, but is not the best option for snapshots if application-integrated snapshots are available.",
    here: "the planner prefers the application-integrated snapshot where a server has one",
    places: ["src/planner/figure-1/applicability.ts"],
    tests: [compatibility, "src/planner/figure-1/applicability.test.ts"],
    rests: "D",
  },
  {
    section: "2.1",
    words:
      "Note that Hot Split Snapshots may be either delta snapshots or full clone copies of the email databases and logs.",
    here: "one port for both: a reflink or subvolume snapshot, or a whole copy",
    ...hotSplit,
    rests: ["source:hot-split"],
  },
  {
    section: "2.1",
    words: "Hot Split Snapshots may also be mounted onto alternate hosts for backup processing.",
    here: "an Image of another host is an Image",
    places: ["src/hosts/"],
    tests: ["src/hosts/"],
    rests: "planned",
  },
  {
    section: "2.1",
    words:
      "Application-Integrated Snapshot: This solution eliminates the uncertainties associated with Hot Split Snapshots described above.",
    here: "a server that is quiet and knows of the snapshot: label `application`",
    places: ["src/sources/app-snapshot/"],
    tests: ["src/sources/app-snapshot/"],
    rests: ["source:app-snapshot"],
  },
  {
    section: "2.1",
    words:
      "It coordinates the email server application with host- or array-based snapshots to create stable, usable, replicas of the databases and logs.",
    here: "quiesce, snapshot, go on",
    places: ["src/sources/app-snapshot/"],
    tests: ["src/sources/app-snapshot/"],
    rests: ["source:app-snapshot"],
  },
  {
    section: "2.1",
    words:
      "The first is object level replication, whereby each email object (message, attachment, calendar appointment, etc) is automatically replicated to another secondary server or storage location.",
    here: "the daemon follows a store in use and writes each changed file into a journal at another place; a capture takes each whole, on demand",
    places: ["src/sources/continuous/", "src/daemon/", "src/sources/live.ts", sourcesPage],
    tests: ["test/continuous-dovecot.test.ts", "test/live-store.test.ts"],
    rests: ["source:live-object"],
  },
  {
    section: "2.1",
    words:
      "The second form is using third party tools to copy every disk write from the email server to a secondary server.",
    here: "the planner knows it; it needs a driver beneath the filesystem",
    places: ["src/sources/live-write/"],
    tests: ["src/sources/live-write/"],
    rests: ["source:live-write"],
  },
  {
    section: "2.1",
    words:
      "In general, these forms of protection may have some impact on email server performance[…], and the choice of server platform and its scalability should be adjusted accordingly.",
    here: "each source has its impact on the server in the ranking; `bench` measures what a capture reads",
    places: ["src/planner/figure-1/traits.ts", "docs/guide/bench.md"],
    tests: [compatibility, "src/cli/commands/bench.test.ts"],
    rests: "D",
  },
  {
    section: "2.1",
    words:
      "It has the benefit of having an alternate host available for backup processing, if necessary, without impacting the production email server.",
    here: "backup from a replica on another host",
    places: ["src/hosts/"],
    tests: ["src/hosts/"],
    rests: "planned",
  },
];
