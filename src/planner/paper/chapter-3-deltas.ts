/** §3.4: recovery from rotation of delta snapshots. */
import type { Statement } from "./statement.ts";

const compatibility = "src/planner/figure-1/compatibility.test.ts";
const deltas = {
  places: ["src/methods/deltas/"],
  tests: ["src/methods/deltas/"],
  rests: ["method:deltas"],
} as const;

export const chapter3Deltas: readonly Statement[] = [
  {
    section: "3.4.1",
    words:
      "The source data for a Rotation of Delta Snapshots is typically either a hot split or application-integrated snapshot algorithm (as described in Section 2.1).",
    here: "the snapshot that a hot split took is kept as the delta",
    places: ["src/methods/deltas/", "src/sources/hot-split/"],
    tests: ["src/methods/deltas/", "src/sources/hot-split/"],
    rests: ["method:deltas", "source:hot-split"],
  },
  {
    section: "3.4.2",
    words:
      "this data protection method uses host-based or array-based snapshots that only require enough additional storage to capture changes to the disk.",
    here: "snapshots that share their blocks with the store: reflinks, btrfs subvolumes",
    ...deltas,
  },
  {
    section: "3.4.2",
    words:
      "Minimal replication time: the time required to setup the delta table is relatively short, and the impact to the email server is negligible.",
    here: "a snapshot is taken while the server runs",
    ...deltas,
  },
  {
    section: "3.4.2",
    words:
      "since the delta replicas only save changed blocks or tracks, then the amount of additional disk required is minimal.",
    here: "the space that snapshots take by themselves is accounted",
    ...deltas,
  },
  {
    section: "3.4.2",
    words: "A good starting point is the rotation of 6 snapshots over a 24 hour period.",
    here: "the default rotation: 6 snapshots, 4 hours apart",
    ...deltas,
  },
  {
    section: "3.4.2",
    words:
      "Best practices will also vary with the distribution of load over the course of the day.",
    here: "work on the server's disks can be kept to hours of low usage",
    places: ["src/methods/deltas/"],
    tests: ["src/methods/deltas/"],
    rests: "planned",
  },
  {
    section: "3.4.2",
    words:
      "Like rotation of clones, be certain that the instant restore is protected from corrupting the delta snapshot.",
    here: "a snapshot is read-only: no restore ever writes to it",
    ...deltas,
  },
  {
    section: "3.4.2",
    words:
      "Also, because delta snapshots share unchanged disk tracks with the production data, running a backup copy from a snapshot may cause disk thrashing and impact email server performance.",
    here: "a caveat of every plan that does so",
    places: ["src/planner/figure-1/method-caveats.ts", "src/planner/figure-1/disaster-edges.ts"],
    tests: [compatibility],
    rests: "D",
  },
  {
    section: "3.4.2",
    words:
      "It is also important to note that delta snapshots only provide recovery from logical corruption of the data.",
    here: "deltas alone are rejected for destroyed volumes, and that reason is given",
    places: ["src/planner/figure-1/traits.ts"],
    tests: [compatibility, "src/planner/ranking/ranking.test.ts"],
    rests: "D",
  },
  {
    section: "3.4.2",
    words:
      "If the production volumes are physically damaged, then a recovery from a delta snapshot is not possible.",
    here: "the choice of a copy for a recovery, by what the loss has left",
    places: ["src/recovery/"],
    tests: ["src/recovery/"],
    rests: "planned",
  },
  {
    section: "3.4.2",
    words:
      "This solution is easiest to configure when used with lightly loaded email servers since delta snapshots may have an impact on storage performance in some configurations",
    here: "impact is a part of the ranking",
    places: ["src/planner/figure-1/traits.ts"],
    tests: [compatibility],
    rests: "D",
  },
  {
    section: "3.4.3",
    words:
      "Log file recovery generally constitutes the lengthiest recovery step in the snapshot-based recovery process, so a short recovery log can provide significant benefit to recovery time.",
    here: "the share of each phase in the RTO is shown",
    places: ["src/planner/answers/chosen-report.ts"],
    tests: ["src/planner/answers/answers.test.ts"],
    rests: "D",
  },
  {
    section: "3.4.3",
    words: "Recommended RPO: 4 hour snapshots up to 24 hours old (6 snapshots total)",
    here: "rotation by the policy, kept over simulated weeks",
    ...deltas,
  },
  {
    section: "3.4.3",
    words: "Overall projected RTO: 15-20 minutes, depending on the size of log",
    here: "computed as Figure 6 has it; the difference is said",
    places: ["src/planner/answers/figures-report.ts"],
    tests: ["src/planner/model/figures.test.ts"],
    rests: "D",
  },
  {
    section: "3.4.4",
    words:
      "Hence, the restore granularity of a delta snapshot is generally limited to the (group of) databases on a volume.",
    here: "a snapshot opens as an Image, so that reader and restore work on it message by message",
    ...deltas,
  },
  {
    section: "3.4.5",
    words:
      "If the array or storage software provider defines such a calculation, then use it. If not, then a conservative rule of thumb is that an email database and logs won’t change more than 5 to 10% per day.",
    here: "a parameter with this default, until it is stated or measured",
    places: ["src/planner/site-parameters.ts", "src/planner/model/storage.ts"],
    tests: ["src/planner/model/figures.test.ts"],
    rests: "D",
  },
  {
    section: "3.4.5",
    words:
      "So any number of snapshots per day for two days of a 60 GB email database could cost up to 12 GB of disk space.",
    here: "computed to the byte",
    places: ["src/planner/model/storage.ts"],
    tests: ["src/planner/model/figures.test.ts"],
    rests: "D",
  },
  {
    section: "3.4.6",
    words: "Snapshots alone are not a method for site disaster recovery.",
    here: "a plan of snapshots alone does not survive the site",
    places: ["src/planner/figure-1/traits.ts"],
    tests: [compatibility],
    rests: "D",
  },
  {
    section: "3.4.6",
    words: "Delta snapshots may be used as the source of data for a DR copy.",
    here: "a snapshot is an Image that tapes are written from",
    places: ["src/methods/deltas/", "src/methods/tape/"],
    tests: ["src/methods/deltas/", "src/methods/tape/"],
    rests: ["method:deltas", "option:ship-tapes"],
  },
  {
    section: "3.4.6",
    words:
      "Delta Snapshots may be used as the source of data for a DR copy of a local snapshot as described in Section 2.2.4.",
    here: "a snapshot, copied to the other site",
    places: ["src/methods/deltas/", "src/offsite/remote-snapshots/"],
    tests: ["src/methods/deltas/", "src/offsite/remote-snapshots/"],
    rests: ["method:deltas", "option:snapshots-copied"],
  },
  {
    section: "3.4.6",
    words:
      "Hence, a DR copy from the delta snapshot will perform significant reads from production disk and affect performance of the email server.",
    here: "said of every such plan, and what stops it on a server that bears no load",
    places: ["src/planner/figure-1/disaster-edges.ts"],
    tests: [compatibility],
    rests: "D",
  },
];
