import {
  type DataSourceId,
  type DisasterOptionId,
  type EvidenceGrade,
  type MailServerId,
  type OperationalMethodId,
  readableByReaders,
} from "../figure-1/index.ts";
import type { Combination } from "../model/index.ts";

/**
 * What this version of Restante does itself, and how well that is shown. A plan may name everything of
 * Figure 1; a configuration file may hold only this, for a file that promises protection must not seem
 * to give it.
 */
export type Available = {
  readonly sources: Readonly<Partial<Record<DataSourceId, EvidenceGrade>>>;
  readonly operational: Readonly<Partial<Record<OperationalMethodId, EvidenceGrade>>>;
  readonly disaster: Readonly<Partial<Record<DisasterOptionId, EvidenceGrade>>>;
};

export const available: Available = {
  sources: { offline: "C", "live-object": "A", "hot-split": "A" },
  operational: {
    "disk-deduplicated": "A",
    clones: "B",
    deltas: "B",
    // On virtual tapes: the blocks and labels that a drive would write, in files. No drive was at hand.
    tape: "B",
    // Of objects: files of the store, as they change. Disk writes and volumes are not followed.
    journal: "A",
  },
  disaster: {
    "duplicate-disk": "B",
    "ship-tapes": "C",
    // The journal as it grows, and duplicates of its bases: over a real sshd, of a Maildir.
    "protected-cdp": "B",
  },
};

/** What each option is fed by in this version; the paper has more ways (§3.x.6). */
const feeders: Readonly<Partial<Record<DisasterOptionId, readonly OperationalMethodId[]>>> = {
  // The bases of a journal are moments of a repository.
  "duplicate-disk": ["disk-deduplicated", "journal"],
  "ship-tapes": ["tape"],
  "protected-cdp": ["journal"],
};

/** Parts of a combination that this version does not do yet on that server, in words. */
export function missingParts(
  { source, operational, disaster }: Combination,
  server: MailServerId,
): readonly MissingPart[] {
  const missing: MissingPart[] = [];
  if (available.sources[source] === undefined) missing.push("source");
  // What is followed are files that change: of a server's own databases, or over its protocol, nothing is.
  const isFollowed =
    operational.method !== "journal" || readableByReaders(server).reader === "here";
  const isMethod = available.operational[operational.method] !== undefined && isFollowed;
  // Nor are logs copied or mirrored by themselves.
  if (!isMethod || operational.logsEveryHours !== undefined) missing.push("operational");
  if (disaster === undefined) return missing;
  const { option, mirroredLogs } = disaster;
  const isOption = available.disaster[option] !== undefined && !mirroredLogs;
  const isFed = feeders[option]?.includes(operational.method) ?? false;
  if (!isOption || !isFed) missing.push("disaster");
  return missing;
}

export type MissingPart = "source" | "operational" | "disaster";
