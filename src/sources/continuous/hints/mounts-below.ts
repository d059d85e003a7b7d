import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { systemErrorCode } from "#errors";
import { parseMountInfo, type RawPath, rawPathToBytes } from "#image";
import { type HintPlace, type OpenHintsRequest, placesOf } from "./change-hints.ts";

/** Mount points below a folder, absolute; none where the system does not say. */
export async function mountsBelow(folder: RawPath): Promise<readonly RawPath[]> {
  const prefix = folder.endsWith("/") ? folder : `${folder}/`;
  try {
    const mounts = parseMountInfo(await readFile("/proc/self/mountinfo", "latin1"));
    const points = mounts.map(({ mountPoint }) => mountPoint);
    return [...new Set(points.filter((point) => point.startsWith(prefix)))];
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
    return [];
  }
}

/** One that is away is looked for by whoever holds it; when it is back, watching begins anew. */
export function placesThere(request: OpenHintsRequest): readonly HintPlace[] {
  return placesOf(request).filter(({ folder }) => existsSync(rawPathToBytes(folder)));
}

/** A folder of each filesystem at or below places; some more than once. */
export async function foldersOfFilesystems(
  places: readonly HintPlace[],
): Promise<readonly RawPath[]> {
  const below = await Promise.all(places.map(async ({ folder }) => await mountsBelow(folder)));
  return [...places.map(({ folder }) => folder), ...below.flat()];
}
