/** §2.1 and Figure 1: what the paper says of sources, and what holds it. */
import assert from "node:assert/strict";
import { combinationsFor } from "../ranking/index.ts";
import { accepted, businessWith, siteWith } from "../ranking/site.fixture.ts";
import type { BusinessRequirements } from "../requirements/index.ts";
import { applicability } from "./applicability.ts";
import {
  brokenBy,
  evaluationOf,
  feeds,
  minds,
  rankedOf,
  type Row,
} from "./compatibility-row.fixture.ts";
import { sourceEdge } from "./source-edges.ts";
import { sourceImpact } from "./traits.ts";

const figure1: readonly Row[] = [
  {
    section: "2, Figure 1",
    words: "At least one ÅÆ At least one ÅÆ At least one",
    assertion: () => {
      const business = businessWith();
      const isWithout = (one: BusinessRequirements): boolean =>
        combinationsFor(one, siteWith()).some(({ disaster }) => disaster === undefined);
      assert.equal(isWithout(business), false);
      assert.equal(isWithout(accepted(business)), true, "unless its loss is accepted");
    },
  },
  {
    section: "2",
    words: "Not all combinations of Source/OR/DR solutions are possible",
    assertion: () => {
      for (const id of [
        "offline/cdp-2d/mirror-sync",
        "live-object/disk-deduplicated-1h-15d/ship-tapes-24h-60d",
      ])
        assert.ok(brokenBy(id).includes("combination"), id);
    },
  },
  {
    section: "2",
    words: "The ideal is to use a single Data Source to do both.",
    assertion: () => {
      assert.equal(evaluationOf("backup-api/disk-24h-21d/duplicate-disk-24h-60d").oneSource, true);
      assert.equal(evaluationOf("backup-api/disk-24h-21d/mirror-host").oneSource, false);
      assert.equal(evaluationOf("live-write/cdp-2d/mirror-host").oneSource, true);
    },
  },
];

const sources: readonly Row[] = [
  {
    section: "2.1",
    words:
      "Can the email server be taken offline in order to create backup copies? If so, then the “Offline” method below is certainly the most cost efficient.",
    assertion: () => {
      // It costs nothing beyond the copies, where snapshots want an array.
      const cost = (source: string): number =>
        rankedOf(`${source}/disk-24h-21d/none`, {
          business: accepted(businessWith()),
          requirements: siteWith({ server: { mayStopHours: 8 } }),
        }).cost.protectionPerYear.high;
      assert.ok(cost("offline") < cost("hot-split"));
      assert.ok(cost("offline") <= cost("backup-api"));
    },
  },
  {
    section: "2.1",
    words:
      "Offline: This is the easiest to implement, but not very amenable to today’s 24x7 world. This is valid for any version of email server.",
    assertion: () => {
      assert.equal(sourceImpact.offline.impact, 3);
      assert.equal(applicability("offline", "exchange-5.5").verdict, "works with caveat");
      assert.ok(brokenBy("offline/disk-24h-21d/duplicate-disk-24h-60d").includes("offline window"));
    },
  },
  {
    section: "2.1",
    words:
      "A backup API to the email server can be used to perform online full and incremental backups of an email server’s data stores.",
    assertion: () => feeds("yes", "backup-api", "tape", "disk", "virtual-tape"),
  },
  {
    section: "2.1",
    words: "These are not as easily recoverable for some email servers.",
    assertion: () => {
      for (const method of ["tape", "disk", "clones", "deltas"] as const)
        minds(sourceEdge("hot-split", method), /not as easily recoverable/);
    },
  },
  {
    section: "2.1",
    words:
      "This practice is often used to create stable images from which to backup an email server, but can also be used to create multiple online recoverable replicas as well.",
    assertion: () => feeds("yes", "hot-split", "tape", "disk", "clones", "deltas"),
  },
  {
    section: "2.1",
    words: "Hot split snapshot is generally valid for any version of email server",
    assertion: () =>
      assert.equal(applicability("hot-split", "domino-5").verdict, "works with caveat"),
  },
  {
    section: "2.1",
    words:
      "This solution eliminates the uncertainties associated with Hot Split Snapshots described above.",
    assertion: () => {
      for (const method of ["tape", "disk", "clones", "deltas"] as const)
        assert.doesNotMatch(sourceEdge("app-snapshot", method).caveats.join(), /hard crash/);
    },
  },
  {
    section: "2.1",
    words:
      "Application-Integrated Snapshots may be either delta snapshots or full clone copies of the email databases and logs.",
    assertion: () => feeds("yes", "app-snapshot", "clones", "deltas"),
  },
  {
    section: "2.1",
    words:
      "The first is object level replication, whereby each email object (message, attachment, calendar appointment, etc) is automatically replicated to another secondary server or storage location.",
    assertion: () => feeds("yes", "live-object", "journal"),
  },
  {
    section: "2.1",
    words:
      "The second form is using third party tools to copy every disk write from the email server to a secondary server.",
    assertion: () => feeds("yes", "live-write", "cdp"),
  },
  {
    section: "2.1",
    words: "these forms of protection may have some impact on email server performance",
    assertion: () => {
      for (const source of ["live-object", "live-write"] as const)
        assert.ok(sourceImpact[source].impact >= 1, source);
    },
  },
];

export const sourceRows: readonly Row[] = [...figure1, ...sources];
