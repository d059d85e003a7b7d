import type { RecoveryPoint } from "./copy.ts";
import { consistencies } from "#image";
import { type Snapshot, tagOf, tagPrefixes } from "#repository";

/**
 * A snapshot as a moment that can be recovered, by the tags that a capture writes. A snapshot that another
 * program wrote has none: its group is its path, its order unknown, and nobody can say how its bytes hang together.
 */
export function recoveryPointOf(snapshot: Snapshot): RecoveryPoint {
  const { tags, paths } = snapshot;
  const consistency = consistencies.find((label) => label === tagOf(tags, tagPrefixes.consistency));
  const files = tagNumber(tags, tagPrefixes.files) ?? snapshot.summary?.totalFilesProcessed;
  const sizeBytes = tagNumber(tags, tagPrefixes.bytes) ?? snapshot.summary?.totalBytesProcessed;
  const volumeIds = tags
    .filter((tag) => tag.startsWith(tagPrefixes.volume))
    .map((tag) => tag.slice(tagPrefixes.volume.length));
  return {
    id: snapshot.id,
    group: tagOf(tags, tagPrefixes.group) ?? paths.join(", "),
    sequence: tagNumber(tags, tagPrefixes.sequence) ?? 0,
    generation: tagOf(tags, tagPrefixes.generation) ?? "",
    atNs: snapshot.timeNs,
    consistency: consistency ?? "unknown",
    paths,
    hostname: snapshot.hostname,
    tags,
    ...(files === undefined ? {} : { files }),
    ...(sizeBytes === undefined ? {} : { sizeBytes }),
    ...(volumeIds.length === 0 ? {} : { volumeIds }),
  };
}

/**
 * Oldest first by the clock, except that within one lineage the sequence decides: the clock may have been set
 * back between two captures. Each lineage keeps the places that the clock gives to it.
 */
export function inOrder(points: readonly RecoveryPoint[]): readonly RecoveryPoint[] {
  const byClock = points.toSorted((a, b) =>
    a.atNs < b.atNs ? -1 : a.atNs > b.atNs ? 1 : a.sequence - b.sequence,
  );
  const lineageOfPoint = byClock.map(lineageOf);
  const lineages = Map.groupBy(byClock, (_point, at) => lineageOfPoint[at] as string);
  if (lineages.size === 1) return byClock.toSorted((a, b) => a.sequence - b.sequence);
  const next = new Map<string, Iterator<RecoveryPoint>>();
  for (const [lineage, members] of lineages) {
    next.set(lineage, members.toSorted((a, b) => a.sequence - b.sequence)[Symbol.iterator]());
  }
  return lineageOfPoint.map((lineage) => next.get(lineage)?.next().value as RecoveryPoint);
}

/** A point without a sequence has no place in a lineage but the clock's. */
function lineageOf({ group, generation, sequence, id }: RecoveryPoint): string {
  // With the first one's length, so that no two pairs are one text.
  return sequence === 0 ? ` ${id}` : `${generation.length} ${generation} ${group}`;
}

function tagNumber(tags: readonly string[], prefix: string): number | undefined {
  const text = tagOf(tags, prefix);
  if (text === undefined || !/^\d{1,15}$/.test(text)) return undefined;
  return Number(text);
}
