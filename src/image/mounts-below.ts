import { readFileSync } from "node:fs";
import { systemErrorCode } from "#errors";
import { isWithin, type RawPath } from "./raw-path.ts";
import { type Mount, parseMountInfo } from "./volume.ts";

/** Everything mounted in this process's view; none where the system does not tell. */
export function readMounts(): readonly Mount[] {
  try {
    return parseMountInfo(readFileSync("/proc/self/mountinfo", "latin1"));
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
    return [];
  }
}

/** Mount points strictly below a folder, absolute, each once. */
export function mountsBelow(mounts: readonly Mount[], folder: RawPath): readonly RawPath[] {
  const points = mounts.map(({ mountPoint }) => mountPoint);
  return [...new Set(points.filter((point) => point !== folder && isWithin(point, folder)))];
}
