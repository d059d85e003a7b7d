/** §3.3 and §3.4: what the paper says of clones and delta snapshots, and what holds it. */
import assert from "node:assert/strict";
import { estimateOperational, imageCount, operationalRotation } from "../model/index.ts";
import { combinationsFor } from "../ranking/index.ts";
import { businessWith, siteWith } from "../ranking/site.fixture.ts";
import { stored, tells } from "./compatibility-methods.fixture.ts";
import {
  brokenBy,
  evaluationOf,
  feeds,
  follows,
  minds,
  paper,
  type Row,
} from "./compatibility-row.fixture.ts";
import { disasterEdge } from "./disaster-edges.ts";
import { methodCaveatsOn } from "./method-caveats.ts";
import { disasterTraits, operationalTraits } from "./traits.ts";

const busy = siteWith({ server: { bearsLoad: false } });
const exchange = { kind: "exchange-2003", logsApart: true, bearsLoad: true } as const;

function tellsNothingOf(words: string, method: "clones" | "deltas", server = exchange): void {
  const told = methodCaveatsOn(method, server).filter((caveat) => caveat.words.includes(words));
  assert.deepEqual(told, []);
}

const clones: readonly Row[] = [
  {
    section: "3.3.1",
    words:
      "The source data for a Rotation of Clones is typically performed using a hot split or application-integrated snapshot",
    assertion: () => {
      feeds("yes", "hot-split", "clones");
      feeds("yes", "app-snapshot", "clones");
      for (const source of ["backup-api", "live-object", "live-write"] as const)
        feeds("no", source, "clones");
    },
  },
  {
    section: "3.3.1",
    words: "It can also be done with offline email servers, but this is less common.",
    assertion: () => feeds("less common", "offline", "clones"),
  },
  {
    section: "3.3.2",
    words: "Impact to the email server is negligible.",
    assertion: () => assert.equal(operationalTraits.clones.impact, 1),
  },
  {
    section: "3.3.2",
    words:
      "A good starting point is the rotation of a couple of clones over a 24 hour period. This reduces the RPO, or risk exposure, and provides 2 recovery points that may be used to recover from logical errors.",
    assertion: () => {
      const choice = { method: "clones", everyHours: 12, reachHours: 24 } as const;
      const isCandidate = combinationsFor(businessWith(), siteWith()).some(
        ({ operational: { method, everyHours, reachHours } }) =>
          method === choice.method && everyHours === 12 && reachHours === 24,
      );
      assert.ok(isCandidate);
      assert.equal(imageCount(operationalRotation(choice)), 2);
      assert.ok(operationalTraits.clones.survives.includes("corruption"));
    },
  },
  {
    section: "3.3.2",
    words:
      "the RTO is effectively reduced to the setup time required to select the snapshot and start email",
    assertion: () => {
      const choice = { method: "clones", everyHours: 12, reachHours: 24 } as const;
      const { phases } = estimateOperational(choice, { ...paper, rollsForward: false });
      assert.deepEqual(
        phases.map(({ name }) => name),
        ["start"],
      );
    },
  },
  {
    section: "3.3.2",
    words:
      "be certain that it is a “protected” instant restore that does not allow writes to be forwarded from the source disk to the clone",
    assertion: () => {
      tells("instant restore", "clones");
      const { caveats } = evaluationOf("hot-split/clones-12h-24h/duplicate-disk-24h-60d");
      assert.match(caveats.join("\n"), /“protected” instant restore/);
    },
  },
  {
    section: "3.3.2",
    words: "This solution is best practice for heavily loaded email servers",
    assertion: () => {
      const id = (method: string): string => `hot-split/${method}-12h-15d/duplicate-disk-24h-60d`;
      assert.ok(!brokenBy(id("clones"), { requirements: busy }).includes("load"));
      assert.ok(brokenBy(id("deltas"), { requirements: busy }).includes("load"));
      tells("heavily loaded", "clones", { ...exchange, bearsLoad: false });
    },
  },
  {
    section: "3.3.2",
    words:
      "The selection of clones vs. delta snapshots usually comes down to a cost vs. performance tradeoff.",
    assertion: () => {
      const size = (method: "clones" | "deltas"): number =>
        stored({ method, everyHours: 12, reachHours: 24 });
      assert.ok(size("clones") > size("deltas"));
      assert.ok(operationalTraits.clones.impact < operationalTraits.deltas.impact);
    },
  },
  {
    section: "3.3.3",
    words: "Recommended RPO: 12 hour clones up to 24 hours old (2 clones total)",
    assertion: () => {
      const choice = { method: "clones", everyHours: 12, reachHours: 24 } as const;
      assert.equal(estimateOperational(choice, paper).images, 2);
      assert.equal(estimateOperational(choice, paper).rpo.logsLost.high, 12);
    },
  },
  {
    section: "3.3.4",
    words: "(Logs should be on a separate volume.)",
    assertion: () => {
      for (const method of ["clones", "deltas"] as const) {
        tells("Logs should be on a separate volume", method, { ...exchange, logsApart: false });
        tellsNothingOf("Logs should be", method);
      }
    },
  },
  {
    section: "3.3.4",
    words:
      "the restore granularity of a clone is generally limited to the (group of) databases on a volume",
    assertion: () => {
      assert.equal(operationalTraits.clones.fine, false);
      const id = "app-snapshot/clones-12h-15d/duplicate-disk-24h-60d";
      const requirements = siteWith({ server: { kind: "exchange-2003" } });
      const broken = (granularity: "mailbox" | "database"): readonly string[] =>
        brokenBy(id, { requirements, business: businessWith({ granularity }) });
      assert.ok(broken("mailbox").includes("granularity"));
      assert.ok(!broken("database").includes("granularity"));
    },
  },
  {
    section: "3.3.5",
    words: "each clone is another copy of the source data",
    assertion: () => {
      assert.equal(stored({ method: "clones", everyHours: 12, reachHours: 24 }), 2);
      assert.equal(stored({ method: "clones", everyHours: 6, reachHours: 24 }), 4);
    },
  },
  {
    section: "3.3.6",
    words:
      "Clones may be used as the source of data for a DR copy. This may be a B2T, as in Section 2.2.1.",
    assertion: () => follows("yes", "clones", "ship-tapes", "vault-tapes", "duplicate-tapes"),
  },
  {
    section: "3.3.6",
    words:
      "Clones may be used as the source of data for a DR copy of a local snapshot as described in Section 2.2.4.",
    assertion: () => follows("yes", "clones", "snapshots-copied"),
  },
  {
    section: "3.3.6",
    words:
      "A minimum of three snapshots is required to provide assurance of at least one known stable image at all times.",
    assertion: () => {
      for (const method of ["clones", "deltas"] as const)
        minds(disasterEdge(method, "snapshots-of-mirror"), /minimum of three snapshots/);
      const images = combinationsFor(businessWith(), siteWith()).flatMap(({ disaster }) =>
        disaster?.option === "snapshots-of-mirror"
          ? [disaster.reachHours / disaster.everyHours]
          : [],
      );
      assert.ok(images.length > 0 && images.every((count) => count >= 3));
    },
  },
];

const deltas: readonly Row[] = [
  {
    section: "3.4.1",
    words:
      "The source data for a Rotation of Delta Snapshots is typically either a hot split or application-integrated snapshot algorithm",
    assertion: () => {
      feeds("yes", "hot-split", "deltas");
      feeds("yes", "app-snapshot", "deltas");
      feeds("less common", "offline", "deltas");
      for (const source of ["backup-api", "live-object", "live-write"] as const)
        feeds("no", source, "deltas");
    },
  },
  {
    section: "3.4.2",
    words: "be certain that the instant restore is protected from corrupting the delta snapshot",
    assertion: () => tells("instant restore is protected", "deltas"),
  },
  {
    section: "3.4.2",
    words:
      "running a backup copy from a snapshot may cause disk thrashing and impact email server performance",
    assertion: () => {
      tells("disk thrashing", "deltas");
      assert.equal(operationalTraits.deltas.impact, 2);
    },
  },
  {
    section: "3.4.2",
    words:
      "If the production volumes are physically damaged, then a recovery from a delta snapshot is not possible.",
    assertion: () => {
      assert.ok(!operationalTraits.deltas.survives.includes("hardware"));
      const { recovery } = evaluationOf("hot-split/deltas-4h-15d/none");
      assert.equal(recovery.hardware, undefined);
      assert.equal(recovery.corruption?.layer, "operational");
    },
  },
  {
    section: "3.4.2",
    words: "This solution is easiest to configure when used with lightly loaded email servers",
    assertion: () => {
      tells("lightly loaded", "deltas", { ...exchange, bearsLoad: false });
      tellsNothingOf("lightly loaded", "deltas");
    },
  },
  {
    section: "3.4.3",
    words: "Recommended RPO: 4 hour snapshots up to 24 hours old (6 snapshots total)",
    assertion: () => {
      const choice = { method: "deltas", everyHours: 4, reachHours: 24 } as const;
      assert.equal(estimateOperational(choice, paper).images, 6);
      assert.equal(estimateOperational(choice, paper).rpo.logsLost.high, 4);
    },
  },
  {
    section: "3.4.3",
    words:
      "The benefit of running more frequent snapshots is that there is a shorter email recovery log to be run during recovery.",
    assertion: () => {
      const minutes = (everyHours: number): number =>
        estimateOperational({ method: "deltas", everyHours, reachHours: 24 }, paper).rto.logsSurvive
          .high;
      assert.ok(minutes(1) < minutes(4) && minutes(4) < minutes(12));
    },
  },
  {
    section: "3.4.4",
    words:
      "the restore granularity of a delta snapshot is generally limited to the (group of) databases on a volume",
    assertion: () => assert.equal(operationalTraits.deltas.fine, false),
  },
  {
    section: "3.4.5",
    words:
      "any number of snapshots per day for two days of a 60 GB email database could cost up to 12 GB of disk space",
    assertion: () => {
      for (const everyHours of [4, 1, 0.25])
        assert.ok(
          Math.abs(stored({ method: "deltas", everyHours, reachHours: 48 }) * 60 - 12) < 1e-9,
        );
    },
  },
  {
    section: "3.4.6",
    words:
      "a DR copy from the delta snapshot will perform significant reads from production disk and affect performance of the email server. This is best done during low usage periods.",
    assertion: () => {
      for (const option of ["ship-tapes", "duplicate-tapes", "snapshots-copied"] as const) {
        follows("yes", "deltas", option);
        minds(disasterEdge("deltas", option), /significant reads from production disk/);
        assert.doesNotMatch(disasterEdge("clones", option).caveats.join(), /production disk/);
      }
    },
  },
  {
    section: "3.4.6",
    words:
      "If using synchronous remote mirrors, then delta snapshots of the remote mirrors may be used to create multiple stable images available for site DR.",
    assertion: () => {
      follows("yes", "deltas", "snapshots-of-mirror");
      assert.ok(disasterTraits["snapshots-of-mirror"].survives.includes("corruption"));
    },
  },
];

export const replicaRows: readonly Row[] = [...clones, ...deltas];
