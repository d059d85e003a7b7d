import type { RecoveryPoint } from "#copies";
import type { ListedSet } from "./media/index.ts";

/** A set as a moment that can be recovered. */
export function recoveryPointOfSet({ manifest, reconstructed }: ListedSet): RecoveryPoint {
  const { set, group, sequence, generation, atNs, consistency, paths, hostname, tags } = manifest;
  const volumeIds = manifest.volumes.map(({ id }) => id);
  return {
    id: set,
    group,
    sequence,
    generation,
    atNs,
    consistency,
    paths,
    hostname,
    tags: reconstructed ? [...tags, reconstructedTag] : tags,
    // Of a set without an index nobody knows how much it should have.
    ...(reconstructed ? {} : { files: manifest.files, sizeBytes: manifest.sizeBytes }),
    ...(volumeIds.length === 0 ? {} : { volumeIds }),
  };
}

/** The moment's index is lost: what it holds was found by reading its data. */
export const reconstructedTag = "tape:reconstructed";
