/** What a snapshot says of the moment that it keeps: by Restante's tags, or by what restic writes. */
import {
  type Consistency,
  type ImageMoment,
  type RawPath,
  type Volume,
  consistencies,
} from "#image";
import { tagOf, tagPrefixes } from "./manifest.ts";
import type { Snapshot } from "./repository.ts";

export function momentOf(snapshot: Snapshot): ImageMoment {
  const { tags, summary, paths } = snapshot;
  const sequence = Number(tagOf(tags, tagPrefixes.sequence) ?? 0);
  return {
    group: tagOf(tags, tagPrefixes.group) ?? paths.join(","),
    sequence: Number.isSafeInteger(sequence) ? sequence : 0,
    generation: tagOf(tags, tagPrefixes.generation) ?? "",
    fromNs: summary?.backupStartNs ?? snapshot.timeNs,
    toNs: snapshot.timeNs,
  };
}

/** What restic captured of a store in use is a walk of it: fuzzy, unless somebody knows better. */
export function consistencyOf(snapshot: Snapshot): Consistency {
  const label = tagOf(snapshot.tags, tagPrefixes.consistency);
  return consistencies.find((known) => known === label) ?? "fuzzy";
}

export function volumesOf(snapshot: Snapshot): readonly Volume[] {
  const ids = snapshot.tags.filter((tag) => tag.startsWith(tagPrefixes.volume));
  return ids.map((tag) => ({
    id: tag.slice(tagPrefixes.volume.length),
    role: "mixed",
    root: "" as RawPath,
  }));
}
