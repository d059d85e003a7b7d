/**
 * Where the segments of a group's journal lie in the repository:
 *
 *   /restante-journal/<group>/<hour>.<journal ID>/<first sequence>-<digest>.segment
 *
 * in one snapshot with the tags `restante:journal` and `journal:<group>`, which is written anew with
 * each shipment.
 */
import { type RawName, type RawPath, rawPathFromText } from "#image";
import { type Repository, shippedTag, type Snapshot, tagPrefixes, tagValue } from "#repository";
import { toRfc3339Nano } from "#time";
import { journalFolderName } from "../journal-place.ts";
import type { SegmentFacts } from "../segments/segment-facts.ts";

const latestNs = 253_402_300_799_000_000_000n;
const hourLength = "2026-11-26T14".length;
const namePattern = /^(\d{16})-([0-9a-f]{64})\.segment$/;

export function shippedPath(group: string): RawPath {
  return rawPathFromText(`/restante-journal/${journalFolderName(group)}`);
}

export function shippedTags(group: string): readonly [string, string] {
  return [shippedTag, `${tagPrefixes.journal}${tagValue(group)}`];
}

/** The newest; there are others besides where a run was ended before it removed them. */
export async function shippedSnapshots(
  repository: Repository,
  group: string,
  signal?: AbortSignal,
): Promise<readonly Snapshot[]> {
  const tags = shippedTags(group);
  const all = await repository.snapshots(signal);
  return all.filter((snapshot) => tags.every((tag) => snapshot.tags.includes(tag)));
}

/** By when its last record was made, in UTC. */
export function folderOf(id: string, atNs: bigint): RawName {
  return `${hourOf(atNs)}.${journalFolderName(id)}` as RawName;
}

export function hourOf(atNs: bigint): string {
  const clamped = atNs < 0n ? 0n : atNs > latestNs ? latestNs : atNs;
  return toRfc3339Nano(clamped).slice(0, hourLength);
}

/** Undefined where the name is none of a folder of segments. */
export function parseFolder(
  name: string,
): { readonly hour: string; readonly id: string } | undefined {
  const hour = name.slice(0, hourLength);
  if (!/^\d{4}-\d\d-\d\dT\d\d$/.test(hour) || name[hourLength] !== ".") return undefined;
  return { hour, id: name.slice(hourLength + 1) };
}

export function fileNameOf({ firstSequence, sealed }: SegmentFacts): RawName {
  return `${String(firstSequence).padStart(16, "0")}-${sealed?.digest ?? ""}.segment` as RawName;
}

export function isSegmentName(name: string): boolean {
  return namePattern.test(name);
}
