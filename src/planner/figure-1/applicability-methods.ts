import { applicability } from "./applicability.ts";
import { type Applicability, doesNotWork, verdicts } from "./applicability-verdict.ts";
import {
  type DataSourceId,
  dataSources,
  type EvidenceGrade,
  type MailServerId,
  type OperationalMethodId,
  operationalMethods,
} from "./names.ts";
import { sourceEdge } from "./source-edges.ts";

/** Between sources that work equally well: a stable image before one that must be validated (§2.1), and stopping the server last. */
const preference: readonly DataSourceId[] = [
  "app-snapshot",
  "backup-api",
  "hot-split",
  "live-object",
  "live-write",
  "offline",
];

const oneVolume = (section: string): string =>
  `an entire database, or group of databases, must be on one volume, and logs on a separate one (§${section}); where mail is in files, all of the store on one volume`;

/** What a method asks of any server, whatever feeds it. */
export const methodDemands: Readonly<Record<OperationalMethodId, readonly string[]>> = {
  tape: [],
  disk: [],
  "virtual-tape": [],
  "disk-deduplicated": [],
  "object-storage": [
    "this version writes its repository to a folder: another program takes it to object storage",
  ],
  clones: [oneVolume("3.3.4")],
  deltas: [oneVolume("3.4.4")],
  cdp: [
    "consistency across the volumes of database and logs is critical (§3.5.2)",
    "“Some email servers are more specific as to what is considered a recoverable image” (§3.5.2)",
  ],
  journal: [
    "changes are ordered as they are noticed: files that a server writes together may be apart by as much as noticing takes, and a moment is as after a power cut",
    "only while `restante daemon` runs: the time in which it does not is a gap, which is shown",
  ],
};

/** Methods that a test here runs; of the others a server's evidence says nothing. */
const triedMethods: ReadonlySet<OperationalMethodId> = new Set(["disk-deduplicated", "journal"]);

type Feed = { readonly source: DataSourceId; readonly works: Applicability };

/**
 * Whether an operational recovery method works with a mail server: as well as the best of the sources
 * that may feed it (§3.x.1), less what the method itself asks.
 */
export function methodApplicability(
  method: OperationalMethodId,
  server: MailServerId,
): Applicability {
  const section = `paper §${operationalMethods[method].section}.1`;
  const feeds = preference
    .filter((source) => sourceEdge(source, method).verdict !== "no")
    .map((source): Feed => ({ source, works: applicability(source, server) }));
  const usable = feeds.filter(({ works }) => works.verdict !== "no");
  const best = usable.toSorted(triedMethods.has(method) ? byVerdictAndGrade : byVerdict)[0];
  if (best === undefined) {
    const reasons = new Set(feeds.map(({ works }) => works.reason));
    return doesNotWork(`No source that feeds it works here. ${[...reasons].join(" ")}`, {
      source: [section, ...new Set(feeds.map(({ works }) => works.source))].join("; "),
      grade: worstGrade(feeds),
    });
  }
  const caveats = [...methodDemands[method], ...(best.works.caveats ?? [])];
  return {
    verdict: caveats.length === 0 ? "works" : "works with caveat",
    reason: `Fed by ${listOf(usable)}. By ${dataSources[best.source].name}: ${best.works.reason}`,
    ...(caveats.length === 0 ? {} : { caveats }),
    source: `${section}; ${best.works.source}`,
    grade: triedMethods.has(method) ? best.works.grade : "D",
  };
}

/** Sorting is stable: what works equally well stays in the order of preference. */
function byVerdict(left: Feed, right: Feed): number {
  return verdicts.indexOf(left.works.verdict) - verdicts.indexOf(right.works.verdict);
}

/** Where the method itself was tried, evidence of the source counts before preference. */
function byVerdictAndGrade(left: Feed, right: Feed): number {
  return byVerdict(left, right) || left.works.grade.localeCompare(right.works.grade);
}

function worstGrade(feeds: readonly Feed[]): EvidenceGrade {
  return feeds.reduce<EvidenceGrade>(
    (worst, { works }) => (works.grade > worst ? works.grade : worst),
    "A",
  );
}

function listOf(feeds: readonly Feed[]): string {
  return feeds.map(({ source }) => dataSources[source].name).join(", ");
}
