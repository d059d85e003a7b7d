import type { DataSourceId, OperationalMethodId } from "./names.ts";

/** Whether one box of Figure 1 can feed another, and where that is said. */
export type Edge = {
  readonly verdict: "yes" | "less common" | "no";
  /** The paper's section; for what is newer than the paper, the section it extends. */
  readonly section: string;
  /** The paper's words, or ours where `of` is "today". */
  readonly reason: string;
  readonly of: "paper" | "today";
  readonly caveats: readonly string[];
};

type SourceEdges = Readonly<Record<DataSourceId, Edge>>;

function yes(section: string, reason: string, caveats: readonly string[] = []): Edge {
  return { verdict: "yes", section, reason, of: "paper", caveats };
}

function no(section: string, reason: string): Edge {
  return { verdict: "no", section, reason, of: "paper", caveats: [] };
}

function today(section: string, reason: string, caveats: readonly string[] = []): Edge {
  return { verdict: "yes", section, reason, of: "today", caveats };
}

const stopped = "the server is down for as long as the copy takes";
const notAsRecoverable =
  "a frozen image is a “hard crash” copy, “not as easily recoverable for some email servers” (§2.1): validate it, and repeat until usable";

const toTape: SourceEdges = {
  offline: yes("3.1.1", "“an offline email server”", [stopped]),
  "backup-api": yes("3.1.1", "“a backup API”"),
  "hot-split": yes("3.1.1", "“a hot split snapshot”", [notAsRecoverable]),
  "app-snapshot": yes("3.1.1", "“application-integrated snapshot”"),
  "live-object": no(
    "3.1.1",
    "a live application is not among the sources of a backup to tape; replicate it and back up the secondary server (§2.1)",
  ),
  "live-write": no(
    "3.1.1",
    "a live application is not among the sources of a backup to tape; replicate it and back up the secondary server (§2.1)",
  ),
};

const toDisk: SourceEdges = {
  offline: yes("3.2.1", "“an offline email server”", [stopped]),
  "backup-api": yes("3.2.1", "“a backup API”"),
  "hot-split": yes("3.2.1", "“a hot split snapshot”", [notAsRecoverable]),
  "app-snapshot": yes("3.2.1", "“an application-integrated snapshot”"),
  "live-object": no("3.2.1", "a live application is not among the sources of a backup to disk"),
  "live-write": no("3.2.1", "a live application is not among the sources of a backup to disk"),
};

/** Where every message is a file of its own, a walk of the living store yields whole messages. */
const walk: Edge = today(
  "3.2.1",
  "where the file is the object, a walk of the living store yields every message whole",
  ["a walk of a living store is no single instant: its label is fuzzy"],
);

const toDeduplicatedDisk: SourceEdges = { ...toDisk, "live-object": walk };

function toReplica(section: string, typical: string): SourceEdges {
  return {
    offline: {
      verdict: "less common",
      section,
      reason: "“It can also be done with offline email servers, but this is less common.”",
      of: "paper",
      caveats: [stopped],
    },
    "backup-api": no(section, "a backup API yields a stream, not a frozen volume"),
    "hot-split": yes(section, typical, [notAsRecoverable]),
    "app-snapshot": yes(section, typical),
    "live-object": no(section, "a replica of a volume needs a frozen image of it"),
    "live-write": no(section, "a replica of a volume needs a frozen image of it"),
  };
}

const liveOnly = "“The source data for CDP is a live application”";

function toContinuous(name: "cdp" | "journal"): SourceEdges {
  const notLive = no("3.5.1", `${liveOnly}: a copy taken now and then is not continuous`);
  const objects = yes("3.5.1", "“replication of … every object, to another storage device”");
  const writes = yes("3.5.1", "“replication of either every disk write …”", [
    "consistency across the volumes of database and logs is critical (§3.5.2)",
  ]);
  return {
    offline: notLive,
    "backup-api": notLive,
    "hot-split": notLive,
    "app-snapshot": notLive,
    "live-object": name === "journal" ? objects : no("3.5.1", "this form captures disk writes"),
    "live-write": name === "cdp" ? writes : no("3.5.1", "this form captures objects"),
  };
}

const edges: Readonly<Record<OperationalMethodId, SourceEdges>> = {
  tape: toTape,
  disk: toDisk,
  "virtual-tape": toDisk,
  "disk-deduplicated": toDeduplicatedDisk,
  "object-storage": toDeduplicatedDisk,
  clones: toReplica(
    "3.3.1",
    "“typically performed using a hot split or application-integrated snapshot”",
  ),
  deltas: toReplica(
    "3.4.1",
    "“typically either a hot split or application-integrated snapshot algorithm”",
  ),
  cdp: toContinuous("cdp"),
  journal: toContinuous("journal"),
};

/** Whether a data source can feed an operational recovery method (§3.x.1). */
export function sourceEdge(source: DataSourceId, method: OperationalMethodId): Edge {
  return edges[method][source];
}
