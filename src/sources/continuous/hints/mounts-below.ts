import { readFile } from "node:fs/promises";
import { systemErrorCode } from "#errors";
import { parseMountInfo, type RawPath } from "#image";

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
