import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { systemErrorCode } from "#errors";
import { findMount, type Mount, parseMountInfo, type RawPath, rawPathToBytes } from "#image";
import { type HintPlace, type OpenHintsRequest, placesOf } from "./change-hints.ts";

/** Filesystems that other hosts change as well, of which the kernel of this one says nothing (inotify(7), fanotify(7)). */
const shared =
  /^(?:nfs4?|cifs|smb3|smbfs|ceph|afs|9p|lustre|gfs2|ocfs2|glusterfs|beegfs|gpfs|fuse\.(?:glusterfs|ceph|sshfs|s3fs|juicefs|lizardfs|moosefs|mfs))$/;

/** Mount points below a folder, absolute; none where the system does not say. */
export async function mountsBelow(folder: RawPath): Promise<readonly RawPath[]> {
  const prefix = folder.endsWith("/") ? folder : `${folder}/`;
  const points = (await allMounts()).map(({ mountPoint }) => mountPoint);
  return [...new Set(points.filter((point) => point.startsWith(prefix)))];
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

/** The type of the first filesystem of these folders that other hosts may change as well; undefined where none is. */
export async function sharedFilesystem(folders: readonly RawPath[]): Promise<string | undefined> {
  return sharedAmong(await allMounts(), folders);
}

export function sharedAmong(
  mounts: readonly Mount[],
  folders: readonly RawPath[],
): string | undefined {
  const below = mounts.filter(({ mountPoint }) =>
    folders.some((folder) => mountPoint.startsWith(folder.endsWith("/") ? folder : `${folder}/`)),
  );
  const all = [...folders.map((folder) => findMount(mounts, folder)), ...below];
  return all.find((mount) => mount !== undefined && shared.test(mount.filesystemType))
    ?.filesystemType;
}

async function allMounts(): Promise<readonly Mount[]> {
  try {
    return parseMountInfo(await readFile("/proc/self/mountinfo", "latin1"));
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
    return [];
  }
}
