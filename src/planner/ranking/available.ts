import type {
  DataSourceId,
  DisasterOptionId,
  EvidenceGrade,
  OperationalMethodId,
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
  },
  disaster: { "duplicate-disk": "B", "ship-tapes": "C" },
};

/** What each option is fed by in this version; the paper has more ways (§3.x.6). */
const feeders: Readonly<Partial<Record<DisasterOptionId, OperationalMethodId>>> = {
  "duplicate-disk": "disk-deduplicated",
  "ship-tapes": "tape",
};

/** Parts of a combination that this version does not do yet, in words. */
export function missingParts({
  source,
  operational,
  disaster,
}: Combination): readonly MissingPart[] {
  const missing: MissingPart[] = [];
  if (available.sources[source] === undefined) missing.push("source");
  const isMethod = available.operational[operational.method] !== undefined;
  // Nor are logs copied or mirrored by themselves.
  if (!isMethod || operational.logsEveryHours !== undefined) missing.push("operational");
  if (disaster === undefined) return missing;
  const { option, mirroredLogs } = disaster;
  const isOption = available.disaster[option] !== undefined && !mirroredLogs;
  if (!isOption || feeders[option] !== operational.method) missing.push("disaster");
  return missing;
}

export type MissingPart = "source" | "operational" | "disaster";
