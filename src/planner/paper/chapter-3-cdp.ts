/** §3.5: recovery from continuous data protection. */
import type { Statement } from "./statement.ts";

const compatibility = "src/planner/figure-1/compatibility.test.ts";
/** Any moment of a Dovecot in use, held against what the server said then. */
const anyMoment = ["test/any-moment.test.ts", "test/continuous-dovecot.test.ts"] as const;
const replayed = {
  places: ["src/methods/cdp/", "docs/methods/continuous-data-protection.md"],
  tests: anyMoment,
  rests: ["method:journal"],
} as const;

export const chapter3Cdp: readonly Statement[] = [
  {
    section: "3.5.1",
    words: "The source data for CDP is a live application, as described in Section 2.1.",
    here: "Figure 1's data joins continuous protection to the live sources alone",
    places: ["src/planner/figure-1/source-edges.ts"],
    tests: [compatibility],
    rests: "D",
  },
  {
    section: "3.5.2",
    words:
      "In order to capture data for OR, CDP captures every disk write, or every object write, made by the email server.",
    here: "every object write: each file of the store that changes goes into a journal as it is noticed; what may have gone unseen is a gap that is shown; disk writes are not captured",
    places: ["src/sources/continuous/", "src/journal/", "docs/operations/continuous-capture.md"],
    tests: ["test/continuous-dovecot.test.ts", "src/sources/continuous/"],
    rests: ["method:journal"],
  },
  {
    section: "3.5.2",
    words:
      "CDP, in one sense, is the degenerate case of rotation of delta snapshots since it essentially creates a “snapshot” that can be mounted for each and every transaction sent to the CDP Service.",
    here: "the store after any event of the journal opens as an Image, as a delta snapshot does; it is opened, not mounted",
    ...replayed,
  },
  {
    section: "3.5.2",
    words: "The strategy with this technology is to capture every write in a non-overwriting form.",
    here: "the journal is only added to; whole segments leave it when its rules say so",
    places: ["src/journal/", "docs/formats/journal.md"],
    tests: ["src/journal/"],
    rests: "B",
  },
  {
    section: "3.5.2",
    words:
      "Each point in time at which a write was made by the CDP-protected email server is then selectable and mountable as a “time-indexed” LUN which is exposed by the CDP Service.",
    here: "a volume of any instant to mount: the planner knows it; the store's files of any instant are opened instead",
    places: ["src/methods/disk-writes/"],
    tests: ["src/methods/disk-writes/"],
    rests: ["method:cdp"],
  },
  {
    section: "3.5.2",
    words: "it is possible to recover an email server from any point in time.",
    here: "`restore --at` and `rewind`: files of any instant, for the server that goes on with them",
    places: ["src/methods/cdp/", "src/cli/commands/rewind.ts", "docs/guide/any-moment.md"],
    tests: [...anyMoment, "src/cli/continuous.test.ts", "src/cli/commands/rewind.test.ts"],
    rests: ["method:journal"],
  },
  {
    section: "3.5.2",
    words:
      "Some consideration needs to be made, however, for whether the exposed LUN is from a “crash-consistent” or “application-consistent” image.",
    here: "every moment carries its consistency, and every verb that opens one says it: of a journal `crash`, and `fuzzy` within a gap",
    places: ["src/image/image.ts", "src/cli/moments.ts", "src/methods/cdp/replayed-image.ts"],
    tests: ["src/cli/moments.test.ts", "src/cli/end-to-end.test.ts", "src/cli/continuous.test.ts"],
    rests: "B",
  },
  {
    section: "3.5.2",
    words:
      "In another aspect of consistency, it is critical that CDP solutions provide consistency across multiple volumes associated with the email database(s) and log files.",
    here: "one sequence for the whole store, on whatever volumes its folders lie: a moment is the state after one event, crash-consistent as far as noticing is in order; a server's databases elsewhere belong to no journal",
    places: ["src/journal/journal-event.ts", "docs/methods/continuous-data-protection.md"],
    tests: ["src/journal/", "src/sources/continuous/accidents.test.ts"],
    rests: "C",
  },
  {
    section: "3.5.2",
    words: "RPO = 0: RPO is potentially zero data loss.",
    here: "0 for new mail through the delivery stage, which is in the journal before it is acknowledged; any other change, and mail that does not pass it, has the delay of noticing",
    places: ["src/lmtp/", "docs/operations/lmtp-stage.md"],
    tests: ["test/lmtp-dovecot.test.ts", "src/lmtp/"],
    rests: "A",
  },
  {
    section: "3.5.2",
    words:
      "Short RTO: In order to recover an email server with a CDP appliance, the desired point-in-time LUN must first be identified, then mounted and verified (either manually or using an automated tool).",
    here: "so do we with every copy: find, open, compare, restore and verify are measured apart",
    places: ["src/cli/phase-clock.ts", "docs/operations/proof.md"],
    tests: ["src/cli/phase-clock.test.ts", "src/cli/commands/figures.test.ts"],
    rests: "B",
  },
  {
    section: "3.5.2",
    words:
      "The mounting and browsing of a time-indexed LUN is always possible, which allows copying of smaller objects back to the production data if that is all that is required.",
    here: "reader and restore on the Image of any instant: a message, a folder, a mailbox; nothing is mounted",
    ...replayed,
  },
  {
    section: "3.5.2",
    words:
      "CDP retention algorithms vary and could be as high as several days, weeks, or months, but at significantly coarser granularity.",
    here: "every change for as long as `keep` says, then whole bases, one per slot; no segment goes that a moment still needs, or that a hold reaches",
    places: ["src/methods/cdp/journal-thinning.ts", "docs/operations/journal.md"],
    tests: ["src/methods/cdp/journal-thinning.test.ts", "src/policy/expiry.test.ts"],
    rests: "C",
  },
  {
    section: "3.5.3",
    words: "Realistically, both offer solutions that approach RPO = 0 for Operational Recovery.",
    here: "the model gives 0, or the delay of the journal",
    places: ["src/planner/model/operational.ts"],
    tests: ["src/planner/model/figures.test.ts"],
    rests: "D",
  },
  {
    section: "3.5.3",
    words: "Specifics for RTO will vary widely based on the particular solutions.",
    here: "an interval, as Figure 6 prints it, until it is measured",
    places: ["src/planner/model/operational.ts"],
    tests: ["src/planner/model/figures.test.ts"],
    rests: "D",
  },
  {
    section: "3.5.4",
    words: "Restore granularity for CDP will range from an entire email server to mail messages.",
    here: "through the reader, as with every Image",
    ...replayed,
  },
  {
    section: "3.5.5",
    words:
      "will likely have a storage component that will scale at approximately 1.5 to 2 times the size of the protected storage.",
    here: "computed, with change rate and retention beyond the paper's day",
    places: ["src/planner/model/storage.ts"],
    tests: ["src/planner/model/operational.test.ts", "src/planner/model/figures.test.ts"],
    rests: "D",
  },
  {
    section: "3.5.6",
    words:
      "CDP can be extended to DR with remote mirroring capabilities added to the CDP Service backing store.",
    here: "`journal: {mirror: …}`: the journal streams to a second host as it is made, and its bases are duplicated there; both together open any moment up to seconds before the loss of the site",
    places: ["src/journal/mirror/", "docs/operations/second-site.md"],
    tests: ["test/lost-site.test.ts", "test/mirror-ssh.test.ts", "src/journal/mirror/"],
    rests: ["option:protected-cdp", "option:duplicate-disk"],
  },
  {
    section: "3.5.6",
    words:
      "The CDP Service can also be used to create point-in-time images to be used to create backup copies that can be used for DR, as defined in Section 2.2.1.",
    here: "an instant of the journal, written to tape; so far its bases can be duplicated to a second site (§2.2.2)",
    places: ["src/methods/cdp/", "src/offsite/ship-tapes/"],
    tests: ["src/methods/cdp/", "src/offsite/ship-tapes/"],
    rests: "planned",
  },
];
