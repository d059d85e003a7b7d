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
  sources: { offline: "C", "live-object": "A" },
  operational: { "disk-deduplicated": "A" },
  disaster: {},
};

/** Parts of a combination that this version does not do yet, in words. */
export function missingParts({
  source,
  operational,
  disaster,
}: Combination): readonly MissingPart[] {
  const missing: MissingPart[] = [];
  if (available.sources[source] === undefined) missing.push("source");
  if (available.operational[operational.method] === undefined) missing.push("operational");
  if (disaster !== undefined && available.disaster[disaster.option] === undefined)
    missing.push("disaster");
  return missing;
}

export type MissingPart = "source" | "operational" | "disaster";
