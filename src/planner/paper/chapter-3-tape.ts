/** §3.1: recovery from a backup copy on tape. */
import type { Statement } from "./statement.ts";

const compatibility = "src/planner/figure-1/compatibility.test.ts";
const model = "src/planner/model/figures.test.ts";
/** Sets of tapes, which are files so far: the blocks and labels that a drive would write. */
const sets = {
  places: ["src/methods/tape/"],
  tests: ["src/methods/tape/"],
  rests: ["method:tape"],
} as const;
/** A drive of its own. */
const drives = {
  places: ["src/methods/tape/"],
  tests: ["src/methods/tape/"],
  rests: "planned",
} as const;

export const chapter3Tape: readonly Statement[] = [
  {
    section: "3.1.1",
    words:
      "The source data for the B2T may be from an offline email server, a backup API, a hot split snapshot, or application-integrated snapshot (as described in Section 2.1.).",
    here: "which source may feed tape is data; a method takes any Image, whatever source yields it",
    places: ["src/planner/figure-1/source-edges.ts"],
    tests: [compatibility],
    rests: "D",
  },
  {
    section: "3.1.2",
    words: "locally sent to tape that is attached to the email server",
    here: "a drive of this machine",
    ...drives,
  },
  {
    section: "3.1.2",
    words: "sent over a LAN to a backup server which writes it to tape",
    here: "a drive of another host",
    places: ["src/hosts/", "src/methods/tape/"],
    tests: ["src/hosts/", "src/methods/tape/"],
    rests: "planned",
  },
  {
    section: "3.1.2",
    words:
      "a snapshot that is read from and written to tape by a third party device such as a backup server",
    here: "the Image of a snapshot on another host, written there",
    places: ["src/hosts/", "src/methods/tape/"],
    tests: ["src/hosts/", "src/methods/tape/"],
    rests: "planned",
  },
  {
    section: "3.1.3",
    words:
      "As such, it offers the poorest performance relative to RPO and RTO, and RTO duration will also vary considerably depending on the size of the email database(s), accessibility of the tapes, and the tape drive technology in use.",
    here: "an interval from the slowest and the fastest drive, with the time to recall beside it",
    places: ["src/planner/model/operational.ts", "src/planner/media-parameters.ts"],
    tests: [model],
    rests: "D",
  },
  {
    section: "3.1.3",
    words:
      "One way to reduce RPO using B2T is to only backup the transaction logs (if applicable) on a more frequent basis, or use one of the replica-based OR solutions recommended later.",
    here: "logs every so many hours are a choice, with their tapes and their playback",
    places: ["src/planner/model/operational.ts"],
    tests: ["src/planner/model/operational.test.ts", model],
    rests: "D",
  },
  {
    section: "3.1.3",
    words:
      "The number of available recovery images will depend on corporate governance for tape retention and email compliance.",
    here: "a rotation of sets, by the reach that the policy asks for",
    ...sets,
  },
  {
    section: "3.1.3",
    words:
      "The recovery process is usually several hours in duration – assuming the required tapes are already onsite.",
    here: "RTO from tape for the site's own size and drives",
    places: ["src/planner/model/operational.ts"],
    tests: [model],
    rests: "D",
  },
  {
    section: "3.1.4",
    words:
      "Restore granularity is dependent on selected backup granularity and/or use of a third part tool to browse restored email databases.",
    here: "a set of tapes opens as an Image: any message of it, and plain `tar` reads it too",
    ...sets,
  },
  {
    section: "3.1.5",
    words: "The number of backup copies retained simultaneously.",
    here: "tapes are counted: sets in rotation, and what the next set overwrites",
    places: ["src/planner/model/rotation.ts"],
    tests: ["src/planner/model/operational.test.ts"],
    rests: "D",
  },
  {
    section: "3.1.5",
    words:
      "If faster backups and restores are desired, then multiple parallel data streams need to be used.",
    here: "drives that run side by side",
    places: ["src/methods/tape/"],
    tests: ["src/methods/tape/"],
    rests: "planned",
  },
  {
    section: "3.1.5",
    words: "Tapes can be used several times.",
    here: "each tape counts its uses; one that reached its safe number is not written any more",
    ...sets,
  },
  {
    section: "3.1.5",
    words: "The most efficient number of safe uses should be specified by each tape manufacturer.",
    here: "a number of the site, with a default; worn tapes are bought anew in the cost",
    places: ["src/planner/media-parameters.ts", "src/planner/ranking/cost.ts"],
    tests: ["src/planner/requirements/requirements-page.test.ts"],
    rests: "D",
  },
  {
    section: "3.1.5",
    words:
      "Tape technology: different tape technologies offer a variety of density/performance/cost tradeoffs.",
    here: "capacity, rate and prices of drive and tape can be stated",
    places: ["src/planner/media-parameters.ts", "docs/guide/requirements.md"],
    tests: ["src/planner/requirements/requirements-page.test.ts"],
    rests: "D",
  },
  {
    section: "3.1.6",
    words: "Move the resulting backup tape offsite, as in Section 2.2.1.",
    here: "sets of tapes with due-out and due-back",
    places: ["src/offsite/ship-tapes/"],
    tests: ["src/offsite/ship-tapes/"],
    rests: ["option:ship-tapes"],
  },
  {
    section: "3.1.6",
    words: "Duplicate the backup tape and locate one offsite, as in Section 2.2.2.",
    here: "a second set, for the other site",
    places: ["src/offsite/duplicate-tapes/"],
    tests: ["src/offsite/duplicate-tapes/"],
    rests: ["option:duplicate-tapes"],
  },
  {
    section: "3.1.6",
    words: "Remote mirrors may be used in parallel, as in Section 2.2.3.",
    here: "the planner combines tape with every kind of mirror",
    places: ["src/planner/figure-1/disaster-edges.ts"],
    tests: [compatibility],
    rests: "D",
  },
];
