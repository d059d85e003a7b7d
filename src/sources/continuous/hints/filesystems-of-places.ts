import { existsSync } from "node:fs";
import {
  findMount,
  isWithin,
  type Mount,
  mountsBelow,
  type RawPath,
  rawPathToBytes,
  readMounts,
} from "#image";
import { type HintPlace, type OpenHintsRequest, placesOf } from "./change-hints.ts";

/** Filesystems that other hosts change as well, of which the kernel of this one says nothing (inotify(7), fanotify(7)). */
const shared =
  /^(?:nfs4?|cifs|smb3|smbfs|ceph|afs|9p|lustre|gfs2|ocfs2|glusterfs|beegfs|gpfs|fuse\.(?:glusterfs|ceph|sshfs|s3fs|juicefs|lizardfs|moosefs|mfs))$/;

/** One that is away is looked for by whoever holds it; when it is back, watching begins anew. */
export function placesThere(request: OpenHintsRequest): readonly HintPlace[] {
  return placesOf(request).filter(({ folder }) => existsSync(rawPathToBytes(folder)));
}

/** A folder of each filesystem at or below places; some more than once. */
export function foldersOfFilesystems(places: readonly HintPlace[]): readonly RawPath[] {
  const mounts = readMounts();
  const folders = places.map(({ folder }) => folder);
  return [...folders, ...folders.flatMap((folder) => mountsBelow(mounts, folder))];
}

/** The type of the first filesystem of these folders that other hosts may change as well; undefined where none is. */
export function sharedFilesystem(folders: readonly RawPath[]): string | undefined {
  return sharedAmong(readMounts(), folders);
}

export function sharedAmong(
  mounts: readonly Mount[],
  folders: readonly RawPath[],
): string | undefined {
  const below = mounts.filter(({ mountPoint }) =>
    folders.some((folder) => mountPoint !== folder && isWithin(mountPoint, folder)),
  );
  const all = [...folders.map((folder) => findMount(mounts, folder)), ...below];
  return all.find((mount) => mount !== undefined && shared.test(mount.filesystemType))
    ?.filesystemType;
}
