/** §2.2: what the paper says of disaster recovery, and what holds it. */
import assert from "node:assert/strict";
import { estimateDisaster, estimateOperational, paperSituation } from "../model/index.ts";
import { paperParameters } from "../parameters.ts";
import { combinationsFor } from "../ranking/index.ts";
import { businessWith, siteWith } from "../ranking/site.fixture.ts";
import { mirrorApplicability } from "./applicability.ts";
import {
  brokenBy,
  evaluationOf,
  follows,
  minds,
  mirrors,
  paper,
  type Row,
} from "./compatibility-row.fixture.ts";
import { disasterEdge } from "./disaster-edges.ts";
import { disasterTraits } from "./traits.ts";

/** §2.2. */
export const disasterRows: readonly Row[] = [
  {
    section: "2.2.1",
    words:
      "If the OR practice is to perform a backup to tape (B2T), then one option for DR is to simply move all of the backup tapes to an offsite location after each backup.",
    assertion: () => {
      follows("yes", "tape", "ship-tapes");
      for (const method of ["disk", "virtual-tape", "disk-deduplicated", "object-storage"] as const)
        follows("no", method, "ship-tapes");
    },
  },
  {
    section: "2.2.1",
    words: "it has a severe impact on the ability to perform Operational Recoveries",
    assertion: () => minds(disasterEdge("tape", "ship-tapes"), /severe impact on the ability/),
  },
  {
    section: "2.2.1",
    words:
      "if the desired RPO for an application is 48 hours, and backups are performed nightly, held for 24 hours, then sent offsite, then the 48 hour RPO can be satisfied",
    assertion: () => {
      const parameters = paperParameters();
      const held = { ...parameters, hold: { ...parameters.hold, low: 24, high: 24 } };
      const { rpo } = estimateDisaster(
        { option: "ship-tapes", everyHours: 24, mirroredLogs: false, reachHours: 24 },
        { method: "tape", everyHours: 24, reachHours: 24 },
        paperSituation(held),
      );
      assert.equal(rpo.logsLost.high, 48);
    },
  },
  {
    section: "2.2.1",
    words:
      "any OR that requires an offsite tape will require a significant overhead to retrieve the offsite tape",
    assertion: () => {
      const away = evaluationOf("offline/tape-24h-21d/ship-tapes-24h-60d").recovery["late-attack"];
      const here = evaluationOf("offline/tape-24h-21d/duplicate-tapes-24h-60d").recovery[
        "late-attack"
      ];
      assert.match(away?.rto.basis ?? "", /recall/);
      assert.doesNotMatch(here?.rto.basis ?? "", /recall/);
    },
  },
  {
    section: "2.2.1",
    words:
      "The use of remote vaulting to create backup tapes directly over a network is also an alternative, but may require significant network bandwidth to handle all of the data movement.",
    assertion: () => {
      follows("yes", "tape", "vault-tapes");
      minds(disasterEdge("tape", "vault-tapes"), /significant network bandwidth/);
    },
  },
  {
    section: "2.2.2",
    words:
      "Duplicating backup copies to an offsite location may be duplicating a backup copy from a B2T or B2D operation.",
    assertion: () => {
      for (const method of ["tape", "disk", "virtual-tape"] as const)
        follows("yes", method, "duplicate-tapes", "duplicate-disk");
    },
  },
  {
    section: "2.2.2",
    words: "The destination media may also be tape or disk.",
    assertion: () => follows("yes", "disk", "duplicate-tapes", "duplicate-disk"),
  },
  {
    section: "2.2.2",
    words:
      "most efficient when used to duplicate, rather than originate, backup copies since it provides a utilization of network and backup server bandwidth that does not impact the production servers",
    assertion: () => {
      assert.equal(disasterTraits["duplicate-disk"].impact, 0);
      assert.ok(disasterTraits["vault-tapes"].impact > 0);
    },
  },
  {
    section: "2.2.2",
    words: "requires adequate network bandwidth to be able to duplicate the backup copies",
    assertion: () => minds(disasterEdge("disk", "duplicate-disk"), /adequate network bandwidth/),
  },
  {
    section: "2.2.3",
    words:
      "This method has the advantage of providing object-level granularity for Disaster Recovery operations.",
    assertion: () => {
      assert.equal(disasterTraits["mirror-application"].fine, true);
      assert.equal(disasterTraits["mirror-host"].fine, false);
    },
  },
  {
    section: "2.2.3",
    words: "it may only provide crash-consistent images of the source data in some cases",
    assertion: () => minds(disasterEdge("tape", "mirror-host"), /crash-consistent images only/),
  },
  {
    section: "2.2.3",
    words:
      "Host-based mirrors are limited to DR solutions since they do not provide multiple recoverable copies of data from different points in time",
    assertion: () => {
      for (const option of mirrors) {
        assert.deepEqual(disasterTraits[option].survives, ["hardware", "site"], option);
        const { images } = estimateDisaster(
          { option, everyHours: 0, mirroredLogs: false, reachHours: 0 },
          { method: "disk", everyHours: 24, reachHours: 24 },
          paper,
        );
        assert.equal(images, 1, option);
      }
    },
  },
  {
    section: "2.2.3",
    words:
      "each solution also propagates any corruption or application errors immediately from the production storage to secondary storage",
    assertion: () => {
      for (const option of mirrors)
        minds(disasterEdge("disk", option), /propagates any corruption/);
    },
  },
  {
    section: "2.2.3",
    words:
      "Host-based mirrors are also generally asynchronous in nature because of overhead and latency associated with using TCP for transport. This means there will usually be a small window of data that is vulnerable to being lost.",
    assertion: () => {
      for (const option of ["mirror-application", "mirror-host", "mirror-array"] as const) {
        minds(disasterEdge("disk", option), /small window of data/);
        const choice = { option, everyHours: 0, mirroredLogs: false, reachHours: 0 };
        const disk = { method: "disk", everyHours: 24, reachHours: 24 } as const;
        assert.ok(estimateDisaster(choice, disk, paper).rpo.logsLost.high > 0, option);
      }
    },
  },
  {
    section: "2.2.3",
    words:
      "A best practice method to do this is to utilize host based mirrors for log mirroring only, then use point-in-time replicas or backup copies for database copies.",
    assertion: () => {
      const logged = combinationsFor(
        businessWith(),
        siteWith({ server: { kind: "exchange-2003" } }),
      );
      const withLogs = new Set(
        logged.flatMap(({ disaster }) =>
          disaster?.mirroredLogs === true ? [disaster.option] : [],
        ),
      );
      assert.ok(withLogs.has("snapshots-copied") && withLogs.has("ship-tapes"));
      assert.ok(![...withLogs].some((option) => option.startsWith("mirror-")));
      const without = combinationsFor(businessWith(), siteWith());
      assert.ok(!without.some(({ disaster }) => disaster?.mirroredLogs === true));
    },
  },
  {
    section: "2.2.3",
    words: "Due to latency issues, synchronous can only be done over shorter distances.",
    assertion: () => {
      for (const option of ["mirror-sync", "mirror-failover"] as const) {
        minds(disasterEdge("disk", option), /shorter distances/);
        const requirements = siteWith({ parameters: { distance_km: 800 } });
        const broken = brokenBy(`backup-api/disk-24h-21d/${option}`, { requirements });
        assert.ok(broken.includes("distance"), option);
      }
    },
  },
  {
    section: "2.2.3",
    words:
      "it is important to maintain order of delivery across multiple mirrored disks, and potentially multiple network channels",
    assertion: () => {
      for (const option of ["mirror-host", "mirror-array", "mirror-sync"] as const)
        minds(disasterEdge("disk", option), /order of writes must hold/);
    },
  },
  {
    section: "2.2.4",
    words:
      "there needs to be a stable secondary image from which a remote snapshot is produced as a tertiary image",
    assertion: () => {
      for (const method of ["tape", "disk", "cdp", "journal"] as const)
        follows("no", method, "snapshots-copied", "snapshots-propagated");
      for (const method of ["clones", "deltas"] as const)
        follows("yes", method, "snapshots-copied", "snapshots-propagated", "snapshots-of-mirror");
    },
  },
  {
    section: "2.2.4",
    words:
      "the state-of-the-art for these particular solutions are generally custom-scripted for each environment",
    assertion: () => minds(disasterEdge("clones", "snapshots-of-mirror"), /custom-scripted/),
  },
  {
    section: "2.2.4",
    words:
      "An additional value of remote snapshots is that they provide multiple copies from which a DR can be performed.",
    assertion: () => {
      const clones = { method: "clones", everyHours: 12, reachHours: 24 } as const;
      const rotation = { everyHours: 12, mirroredLogs: false, reachHours: 36 };
      for (const option of [
        "snapshots-of-mirror",
        "snapshots-copied",
        "snapshots-propagated",
      ] as const)
        assert.equal(estimateDisaster({ option, ...rotation }, clones, paper).images, 3, option);
      assert.equal(mirrorApplicability("snapshots-copied", "imap").verdict, "no");
      assert.equal(estimateOperational(clones, paper).images, 2);
    },
  },
];
