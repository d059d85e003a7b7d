/** §3.3: recovery from rotation of clones. */
import type { Statement } from "./statement.ts";

const compatibility = "src/planner/figure-1/compatibility.test.ts";
const clones = {
  places: ["src/methods/clones/"],
  tests: ["src/methods/clones/"],
  rests: ["method:clones"],
} as const;

export const chapter3Clones: readonly Statement[] = [
  {
    section: "3.3.1",
    words:
      "The source data for a Rotation of Clones is typically performed using a hot split or application-integrated snapshot (as described in Section 2.1.).",
    here: "a validated hot split becomes the clone",
    places: ["src/methods/clones/", "src/sources/hot-split/"],
    tests: ["src/methods/clones/", "src/sources/hot-split/"],
    rests: ["method:clones", "source:hot-split"],
  },
  {
    section: "3.3.1",
    words: "It can also be done with offline email servers, but this is less common.",
    here: "a stopped server is cloned as it stands",
    places: ["src/methods/clones/", "src/sources/offline.ts"],
    tests: ["src/methods/clones/", "src/sources/offline.test.ts"],
    rests: ["method:clones", "source:offline"],
  },
  {
    section: "3.3.2",
    words:
      "this data protection method uses software-based or array-based snapshots that create exact, complete, replicas of the source volumes to other volumes.",
    here: "whole replicas by a snapshot provider, verified against what was copied",
    ...clones,
  },
  {
    section: "3.3.2",
    words: "These clones are alternated in and out of a synchronous mirror role.",
    here: "a provider that splits a mirror; whole copies rotate without one",
    places: ["src/snapshots/"],
    tests: ["src/snapshots/"],
    rests: "planned",
  },
  {
    section: "3.3.2",
    words:
      "Minimal replication time: the time required to “snap” a clone is negligible if the clone is already active.",
    here: "a clone is made while the server runs",
    ...clones,
  },
  {
    section: "3.3.2",
    words: "A good starting point is the rotation of a couple of clones over a 24 hour period.",
    here: "the default rotation: 2 clones, 12 hours apart; the oldest goes when a new one is whole",
    ...clones,
  },
  {
    section: "3.3.2",
    words:
      "This reduces the RPO, or risk exposure, and provides 2 recovery points that may be used to recover from logical errors.",
    here: "each clone is a moment that opens as an Image",
    ...clones,
  },
  {
    section: "3.3.2",
    words:
      "some arrays and software snapshots allow for the snapshot to be restored “on the fly” from the snapshot to the production disk.",
    here: "instant restore: the store is usable while it comes back",
    places: ["src/methods/clones/"],
    tests: ["src/methods/clones/"],
    rests: "planned",
  },
  {
    section: "3.3.2",
    words:
      "Note that when instant restore is available from a clone, be certain that it is a “protected” instant restore that does not allow writes to be forwarded from the source disk to the clone.",
    here: "a clone is read-only: no restore ever writes to it",
    ...clones,
  },
  {
    section: "3.3.2",
    words:
      "The selection of clones vs. delta snapshots usually comes down to a cost vs. performance tradeoff.",
    here: "both are ranked by cost, with their impact on the server beside it",
    places: ["src/planner/ranking/rank.ts", "src/planner/figure-1/method-caveats.ts"],
    tests: [compatibility],
    rests: "D",
  },
  {
    section: "3.3.2",
    words:
      "This solution is best practice for heavily loaded email servers since the synchronous writes to multiple disks impose minimal overhead.",
    here: "the planner says so, with this caveat, where the server bears no load",
    places: ["src/planner/figure-1/method-caveats.ts"],
    tests: [compatibility],
    rests: "D",
  },
  {
    section: "3.3.3",
    words: "Recommended RPO: 12 hour clones up to 24 hours old (2 clones total)",
    here: "rotation by the policy, kept over simulated weeks",
    ...clones,
  },
  {
    section: "3.3.3",
    words:
      "The improved RPO is a result of the more frequent snapshots, and since each snapshot restarts the server’s transaction log, it also reduces the size of the log that needs to be replayed in a full restore – which therefore reduces the overall RTO.",
    here: "logs since the last image alone are played back in the model",
    places: ["src/planner/model/operational.ts"],
    tests: ["src/planner/model/figures.test.ts"],
    rests: "D",
  },
  {
    section: "3.3.3",
    words: "Overall projected RTO: 20-40 minutes, depending on the size of the log",
    here: "computed as Figure 6 has it; the difference is said",
    places: ["src/planner/answers/figures-report.ts"],
    tests: ["src/planner/model/figures.test.ts"],
    rests: "D",
  },
  {
    section: "3.3.4",
    words:
      "Clones are volume-based copies, and an entire database, or group of databases, must be on the same volume.",
    here: "the planner minds it where a server's database and logs share a volume",
    places: ["src/planner/ranking/site-violations.ts"],
    tests: [compatibility],
    rests: "D",
  },
  {
    section: "3.3.4",
    words:
      "One way around this limitation is to mount the replica to an alternate location and manually copy a single database, mailbox, or message, from the mounted replica.",
    here: "a clone opens as an Image, so that reader and restore work on it message by message",
    ...clones,
  },
  {
    section: "3.3.5",
    words:
      "So simply multiply the number of simultaneous clones by the disk storage acquisition cost (accounting for RAID format).",
    here: "computed; the price of disk is that of usable disk",
    places: ["src/planner/model/storage.ts", "src/planner/ranking/cost.ts"],
    tests: [compatibility, "src/planner/model/figures.test.ts"],
    rests: "D",
  },
  {
    section: "3.3.5",
    words: "However, storage allocations should account for potential growth of the application.",
    here: "storage is bought for the mail that there will be; growth is measured from the moments of a copy",
    places: ["src/planner/site-parameters.ts", "src/planner/measured-moments.ts"],
    tests: ["src/planner/measured-moments.test.ts", compatibility],
    rests: "D",
  },
  {
    section: "3.3.6",
    words: "Clones themselves are not a method for site disaster recovery.",
    here: "a plan of clones alone does not survive the site",
    places: ["src/planner/figure-1/traits.ts"],
    tests: [compatibility],
    rests: "D",
  },
  {
    section: "3.3.6",
    words: "Clones may be used as the source of data for a DR copy.",
    here: "a clone is an Image that tapes are written from",
    places: ["src/methods/clones/", "src/methods/tape/"],
    tests: ["src/methods/clones/", "src/methods/tape/"],
    rests: ["method:clones", "option:ship-tapes"],
  },
  {
    section: "3.3.6",
    words:
      "Clones may be used as the source of data for a DR copy of a local snapshot as described in Section 2.2.4.",
    here: "a clone, copied to the other site",
    places: ["src/methods/clones/", "src/offsite/remote-snapshots/"],
    tests: ["src/methods/clones/", "src/offsite/remote-snapshots/"],
    rests: ["method:clones", "option:snapshots-copied"],
  },
  {
    section: "3.3.6",
    words:
      "A minimum of three snapshots is required to provide assurance of at least one known stable image at all times.",
    here: "the planner counts three for snapshots of a mirror",
    places: ["src/planner/model/rotation.ts"],
    tests: [compatibility],
    rests: "D",
  },
];
