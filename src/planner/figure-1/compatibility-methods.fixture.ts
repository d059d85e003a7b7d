/** §3: what the paper says of each operational recovery method, and what holds it. */
import assert from "node:assert/strict";
import {
  estimateOperational,
  imageCount,
  type OperationalChoice,
  operationalRotation,
} from "../model/index.ts";
import { combinationsFor } from "../ranking/index.ts";
import { businessWith, siteWith } from "../ranking/site.fixture.ts";
import {
  evaluationOf,
  feeds,
  follows,
  minds,
  mirrors,
  paper,
  rankedOf,
  type Row,
} from "./compatibility-row.fixture.ts";
import { disasterEdge } from "./disaster-edges.ts";
import { methodCaveatsOn } from "./method-caveats.ts";
import type { OperationalMethodId } from "./names.ts";
import { sourceEdge } from "./source-edges.ts";
import { operationalTraits } from "./traits.ts";

const exchange = { kind: "exchange-2003", logsApart: false, bearsLoad: true } as const;

export function tells(
  words: string,
  method: OperationalMethodId,
  server: Parameters<typeof methodCaveatsOn>[1] = exchange,
): void {
  const caveats = methodCaveatsOn(method, server);
  assert.ok(
    caveats.some((caveat) => caveat.words.includes(words)),
    `${method} does not tell “${words}”`,
  );
}

export function stored(choice: OperationalChoice): number {
  return estimateOperational(choice, paper).stored.reduce(
    (sum, one) => sum + one.timesData.high,
    0,
  );
}

/** How often a method is copied in any candidate, hours. */
function intervalsOf(method: OperationalMethodId): readonly number[] {
  return combinationsFor(businessWith(), siteWith()).flatMap(({ operational }) =>
    operational.method === method ? [operational.everyHours] : [],
  );
}

const tape: readonly Row[] = [
  {
    section: "3.1.1",
    words:
      "The source data for the B2T may be from an offline email server, a backup API, a hot split snapshot, or application-integrated snapshot",
    assertion: () => {
      for (const source of ["offline", "backup-api", "hot-split", "app-snapshot"] as const)
        feeds("yes", source, "tape");
      for (const source of ["live-object", "live-write"] as const) feeds("no", source, "tape");
    },
  },
  {
    section: "3.1.3",
    words: "it offers the poorest performance relative to RPO and RTO",
    assertion: () => {
      const minutes = (method: OperationalMethodId, everyHours: number): number =>
        estimateOperational({ method, everyHours, reachHours: 24 }, paper).rto.logsSurvive.high;
      const worst = minutes("tape", 24);
      assert.ok(worst > minutes("disk", 24));
      assert.ok(worst > minutes("clones", 12) && worst > minutes("deltas", 4));
    },
  },
  {
    section: "3.1.3",
    words: "B2T is most useful for email applications that allow an RPO of 24 hours or more.",
    assertion: () => {
      assert.ok(intervalsOf("tape").every((hours) => hours >= 24));
      tells("RPO of 24 hours or more", "tape");
    },
  },
  {
    section: "3.1.3",
    words:
      "One way to reduce RPO using B2T is to only backup the transaction logs (if applicable) on a more frequent basis",
    assertion: () => {
      const id = "backup-api/tape-24h+logs-6h-21d/duplicate-tapes-24h-60d";
      const requirements = siteWith({ server: { kind: "exchange-2003" } });
      assert.equal(evaluationOf(id, { requirements }).operational.rpo.logsLost.high, 6);
      assert.equal(evaluationOf(id).operational.rpo.logsLost.high, 24, "a Maildir has no logs");
      assert.match(
        rankedOf(id)
          .violations.map(({ reason }) => reason)
          .join(),
        /keeps no logs/,
      );
    },
  },
  {
    section: "3.1.4",
    words:
      "Restore granularity is dependent on selected backup granularity and/or use of a third part tool to browse restored email databases.",
    assertion: () => assert.equal(operationalTraits.tape.granularitySection, "3.1.4"),
  },
  {
    section: "3.1.5",
    words: "The number of backup copies retained simultaneously.",
    assertion: () => {
      const week = stored({ method: "tape", everyHours: 24, reachHours: 7 * 24 });
      assert.ok(
        Math.abs(week / stored({ method: "tape", everyHours: 24, reachHours: 24 }) - 7) < 1e-9,
      );
    },
  },
  {
    section: "3.1.5",
    words:
      "If faster backups and restores are desired, then multiple parallel data streams need to be used. This increases the overall cost",
    assertion: () => {
      const id = "offline/tape-24h-21d/duplicate-tapes-24h-60d";
      const one = rankedOf(id, { requirements: siteWith() });
      const four = rankedOf(id, { requirements: siteWith({ parameters: { tape_streams: 4 } }) });
      const rto = ({ evaluation }: typeof one): number => evaluation.operational.rto.logsLost.high;
      assert.ok(rto(four) < rto(one));
      assert.ok(four.cost.protectionPerYear.high > one.cost.protectionPerYear.high);
    },
  },
  {
    section: "3.1.5",
    words:
      "Tapes can be used several times. The most efficient number of safe uses should be specified by each tape manufacturer.",
    assertion: () => {
      tells("safe uses", "tape");
      const id = "offline/tape-24h-21d/duplicate-tapes-24h-60d";
      const cost = (uses: number): number =>
        rankedOf(id, { requirements: siteWith({ parameters: { tape_safe_uses: uses } }) }).cost
          .protectionPerYear.high;
      assert.ok(cost(10) > cost(100));
    },
  },
  {
    section: "3.1.6",
    words: "Move the resulting backup tape offsite, as in Section 2.2.1.",
    assertion: () => follows("yes", "tape", "ship-tapes"),
  },
  {
    section: "3.1.6",
    words: "Duplicate the backup tape and locate one offsite, as in Section 2.2.2.",
    assertion: () => follows("yes", "tape", "duplicate-tapes"),
  },
  {
    section: "3.1.6",
    words: "Remote mirrors may be used in parallel, as in Section 2.2.3.",
    assertion: () => {
      follows("yes", "tape", ...mirrors);
      follows("no", "tape", "snapshots-of-mirror", "snapshots-copied", "protected-cdp");
    },
  },
];

const disk: readonly Row[] = [
  {
    section: "3.2.1",
    words:
      "The source data for B2D may be from an offline email server, a backup API, a hot split snapshot, or an application-integrated snapshot",
    assertion: () => {
      for (const source of ["offline", "backup-api", "hot-split", "app-snapshot"] as const)
        feeds("yes", source, "disk", "virtual-tape", "disk-deduplicated", "object-storage");
      for (const source of ["live-object", "live-write"] as const)
        feeds("no", source, "disk", "virtual-tape");
      // Newer than the paper, and said so.
      assert.equal(sourceEdge("live-object", "disk-deduplicated").of, "today");
    },
  },
  {
    section: "3.2.2",
    words: "the RTO capabilities are typically better than for backup copies sent to tape",
    assertion: () => {
      const rto = (method: "tape" | "disk"): number =>
        estimateOperational({ method, everyHours: 24, reachHours: 24 }, paper).rto.logsLost.high;
      assert.ok(rto("disk") < rto("tape"));
    },
  },
  {
    section: "3.2.2",
    words:
      "can automatically move backup copies to tape instead of using the backup server to duplicate the backup copy",
    assertion: () => {
      const edge = disasterEdge("virtual-tape", "duplicate-tapes");
      assert.match(edge.reason, /automatically move backup copies to tape/);
    },
  },
  {
    section: "3.2.3",
    words:
      "B2D is recommended for email applications that allow an RPO of 24 hours or more, just like B2T.",
    assertion: () => {
      for (const method of ["disk", "virtual-tape"] as const) {
        assert.ok(intervalsOf(method).every((hours) => hours >= 24));
        tells("RPO of 24 hours or more", method);
      }
    },
  },
  {
    section: "3.2.3",
    words: "the longer RPO will require the same time to replay the transaction log",
    assertion: () => {
      tells("replay the transaction log", "disk");
      assert.deepEqual(
        methodCaveatsOn("disk", { ...exchange, kind: "maildir" }).filter(({ words }) =>
          words.includes("transaction log"),
        ),
        [],
      );
    },
  },
  {
    section: "3.2.5",
    words:
      "slightly more than 1 times the size of the production data for each “full backup” B2D copy retained simultaneously",
    assertion: () => {
      const one = stored({ method: "disk", everyHours: 24, reachHours: 24 });
      assert.ok(one > 1 && one < 1.05);
      assert.ok(
        Math.abs(stored({ method: "disk", everyHours: 24, reachHours: 120 }) - 5 * one) < 1e-9,
      );
    },
  },
  {
    section: "3.2.6",
    words: "Duplicate the B2D backup copy to offsite, as in Section 2.2.2.",
    assertion: () => {
      for (const method of ["disk", "virtual-tape", "disk-deduplicated", "object-storage"] as const)
        follows("yes", method, "duplicate-tapes", "duplicate-disk");
      minds(disasterEdge("disk", "duplicate-disk"), /bandwidth/);
    },
  },
  {
    section: "3.2.6",
    words: "Remote mirrors may be used in parallel, as in Section 2.2.3.",
    assertion: () => {
      follows("yes", "disk", ...mirrors);
      follows("no", "disk", "ship-tapes", "snapshots-copied", "snapshots-of-mirror");
    },
  },
];

const continuous: readonly Row[] = [
  {
    section: "3.5.1",
    words: "The source data for CDP is a live application, as described in Section 2.1.",
    assertion: () => {
      feeds("yes", "live-write", "cdp");
      feeds("yes", "live-object", "journal");
      for (const source of ["offline", "backup-api", "hot-split", "app-snapshot"] as const)
        feeds("no", source, "cdp", "journal");
    },
  },
  {
    section: "3.5.2",
    words: "it is possible to recover an email server from any point in time",
    assertion: () => {
      const rotation = operationalRotation({ method: "cdp", everyHours: 0, reachHours: 48 });
      assert.equal(imageCount(rotation), Infinity);
    },
  },
  {
    section: "3.5.2",
    words:
      "it is critical that CDP solutions provide consistency across multiple volumes associated with the email database(s) and log files",
    assertion: () => minds(sourceEdge("live-write", "cdp"), /consistency across the volumes/),
  },
  {
    section: "3.5.2",
    words: "RPO = 0: RPO is potentially zero data loss.",
    assertion: () => {
      const { rpo } = estimateOperational({ method: "cdp", everyHours: 0, reachHours: 24 }, paper);
      assert.deepEqual([rpo.logsSurvive.high, rpo.logsLost.high], [0, 0]);
    },
  },
  {
    section: "3.5.2",
    words: "the retention of each snapshot is not infinite",
    assertion: () => {
      tells("not infinite", "cdp");
      // What mirrors its storage reaches no further than it does.
      const far = evaluationOf("live-write/cdp-2d/protected-cdp-1y").windows.filter(
        ({ layer }) => layer === "disaster",
      );
      assert.deepEqual(
        far.map(({ toHours }) => toHours),
        [48],
      );
    },
  },
  {
    section: "3.5.4",
    words: "Restore granularity for CDP will range from an entire email server to mail messages.",
    assertion: () => assert.ok(operationalTraits.cdp.fine && operationalTraits.journal.fine),
  },
  {
    section: "3.5.5",
    words: "approximately 1.5 to 2 times the size of the protected storage",
    assertion: () => {
      assert.equal(stored({ method: "cdp", everyHours: 0, reachHours: 48 }), 2);
    },
  },
  {
    section: "3.5.5",
    words: "change rate and retention period will impact the amount of required storage",
    assertion: () => {
      assert.equal(stored({ method: "cdp", everyHours: 0, reachHours: 30 * 24 }), 4);
    },
  },
  {
    section: "3.5.6",
    words:
      "CDP can be extended to DR with remote mirroring capabilities added to the CDP Service backing store.",
    assertion: () => {
      for (const method of ["cdp", "journal"] as const) follows("yes", method, "protected-cdp");
      for (const method of ["tape", "disk", "clones", "deltas"] as const)
        follows("no", method, "protected-cdp");
    },
  },
  {
    section: "3.5.6",
    words:
      "The CDP Service can also be used to create point-in-time images to be used to create backup copies that can be used for DR, as defined in Section 2.2.1.",
    assertion: () => follows("yes", "cdp", "ship-tapes", "vault-tapes", "duplicate-tapes"),
  },
];

export const methodRows: readonly Row[] = [...tape, ...disk, ...continuous];
