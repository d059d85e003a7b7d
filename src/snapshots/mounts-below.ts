import { readFileSync } from "node:fs";
import { systemErrorCode } from "#errors";
import { type Mount, parseMountInfo, type RawPath } from "#image";

/** Everything mounted in this process's view; none where the system does not tell. */
export function readMounts(): readonly Mount[] {
  try {
    return parseMountInfo(readFileSync("/proc/self/mountinfo", "latin1"));
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
    return [];
  }
}

/** Mount points strictly below a folder. */
export function mountsBelow(mounts: readonly Mount[], folder: RawPath): readonly RawPath[] {
  const prefix = folder.endsWith("/") ? folder : `${folder}/`;
  return mounts.map(({ mountPoint }) => mountPoint).filter((point) => point.startsWith(prefix));
}
