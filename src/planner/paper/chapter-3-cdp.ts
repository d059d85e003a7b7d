/** §3.5: recovery from continuous data protection. */
import type { Statement } from "./statement.ts";

const compatibility = "src/planner/figure-1/compatibility.test.ts";
const journal = {
  places: ["src/journal/"],
  tests: ["src/journal/"],
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
    here: "a journal of objects: every delivery and change, as it is seen",
    ...journal,
  },
  {
    section: "3.5.2",
    words:
      "CDP, in one sense, is the degenerate case of rotation of delta snapshots since it essentially creates a “snapshot” that can be mounted for each and every transaction sent to the CDP Service.",
    here: "any instant of the journal opens as an Image",
    ...journal,
  },
  {
    section: "3.5.2",
    words: "The strategy with this technology is to capture every write in a non-overwriting form.",
    here: "the journal is only added to",
    ...journal,
  },
  {
    section: "3.5.2",
    words:
      "Each point in time at which a write was made by the CDP-protected email server is then selectable and mountable as a “time-indexed” LUN which is exposed by the CDP Service.",
    here: "a volume of any instant; the planner knows it",
    places: ["src/methods/cdp/"],
    tests: ["src/methods/cdp/"],
    rests: ["method:cdp"],
  },
  {
    section: "3.5.2",
    words: "it is possible to recover an email server from any point in time.",
    here: "restore to any instant of the journal",
    ...journal,
  },
  {
    section: "3.5.2",
    words:
      "Some consideration needs to be made, however, for whether the exposed LUN is from a “crash-consistent” or “application-consistent” image.",
    here: "every moment carries its consistency, and every verb that opens one says it",
    places: ["src/image/image.ts", "src/cli/moments.ts"],
    tests: ["src/cli/moments.test.ts", "src/cli/end-to-end.test.ts"],
    rests: "B",
  },
  {
    section: "3.5.2",
    words:
      "In another aspect of consistency, it is critical that CDP solutions provide consistency across multiple volumes associated with the email database(s) and log files.",
    here: "volumes with roles in one moment",
    places: ["src/journal/"],
    tests: ["src/journal/"],
    rests: "planned",
  },
  {
    section: "3.5.2",
    words: "RPO = 0: RPO is potentially zero data loss.",
    here: "new mail is safe before it is acknowledged",
    places: ["src/lmtp/"],
    tests: ["src/lmtp/"],
    rests: "planned",
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
    here: "reader and restore on the Image of any instant",
    ...journal,
  },
  {
    section: "3.5.2",
    words:
      "CDP retention algorithms vary and could be as high as several days, weeks, or months, but at significantly coarser granularity.",
    here: "older writes are thinned to moments by the policy",
    ...journal,
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
    ...journal,
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
    here: "the journal streamed to a second host",
    places: ["src/offsite/protected-cdp/"],
    tests: ["src/offsite/protected-cdp/"],
    rests: ["option:protected-cdp"],
  },
  {
    section: "3.5.6",
    words:
      "The CDP Service can also be used to create point-in-time images to be used to create backup copies that can be used for DR, as defined in Section 2.2.1.",
    here: "an instant of the journal, written to tape",
    places: ["src/journal/", "src/offsite/ship-tapes/"],
    tests: ["src/journal/", "src/offsite/ship-tapes/"],
    rests: ["method:journal", "option:ship-tapes"],
  },
];
