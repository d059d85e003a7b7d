import { lstatSync } from "node:fs";
import {
  findMount,
  isWithin,
  joinRawPath,
  type Mount,
  type RawName,
  rawParent,
  type RawPath,
  rawPathToBytes,
} from "#image";
import { notOurs } from "./container.ts";
import { openFolder } from "./open-folder.ts";
import { folderArgument, runProgram } from "./run-program.ts";
import { SnapshotError } from "./snapshot-error.ts";

/** The root of every btrfs subvolume has this inode number (BTRFS_FIRST_FREE_OBJECTID). */
const subvolumeInode = 256n;
/** A folder that stands in a snapshot for a subvolume that lay there (BTRFS_EMPTY_SUBVOL_DIR_OBJECTID). */
export const missingSubvolumeInode = 2n;

/** Whether a folder of a snapshot of ours is a subvolume: no plain folder on the device of its parent. */
export function isSubvolume(folder: RawPath): boolean {
  const stats = lstatSync(rawPathToBytes(folder), { bigint: true, throwIfNoEntry: false });
  if (stats?.isDirectory() !== true || stats.ino !== subvolumeInode) return false;
  return stats.dev !== lstatSync(rawPathToBytes(rawParent(folder)), { bigint: true }).dev;
}

/** The subvolume that a folder of a mounted btrfs lies in; undefined where only a part of one is mounted. */
export function subvolumeOf(folder: RawPath, mount: Mount): RawPath | undefined {
  for (let path = folder; ; path = rawParent(path)) {
    if (lstatSync(rawPathToBytes(path), { bigint: true }).ino === subvolumeInode) return path;
    if (path === mount.mountPoint || path === "/") return undefined;
  }
}

/** Subvolumes within a folder: a snapshot does not reach into them. Paths within the folder. */
export async function subvolumesWithin(
  folder: RawPath,
  {
    mounts,
    signal,
  }: { readonly mounts: readonly Mount[]; readonly signal?: AbortSignal | undefined },
): Promise<readonly RawPath[]> {
  const mount = findMount(mounts, folder);
  if (mount === undefined) return [];
  using open = openFolder(folder);
  const text = await runProgram("btrfs", ["subvolume", "list", "-o", folderArgument(0)], {
    folders: [open],
    signal,
  });
  // Paths are told from the top of the filesystem: ID 258 gen 8 top level 256 path mail/nested
  const below = folder.slice(mount.mountPoint === "/" ? 0 : mount.mountPoint.length);
  const fromTop = `${mount.root === "/" ? "" : mount.root}${below}`.replace(/^\/+/, "") as RawPath;
  const paths = [...text.matchAll(/^ID \d+ .* path (.*)$/gm)].map(
    ([, path = ""]) => path as RawPath,
  );
  if (fromTop === "") return paths;
  return paths
    .filter((path) => path !== fromTop && isWithin(path, fromTop))
    .map((path) => path.slice(fromTop.length + 1) as RawPath);
}

/** Makes a snapshot of the subvolume in a folder, under a name. */
export async function makeSnapshot(
  subvolume: RawPath,
  options: {
    readonly in: RawPath;
    readonly name: RawName;
    readonly readOnly: boolean;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<void> {
  using source = openFolder(subvolume);
  using target = openFolder(options.in);
  await runProgram(
    "btrfs",
    [
      "subvolume",
      "snapshot",
      ...(options.readOnly ? ["-r"] : []),
      folderArgument(0),
      folderArgument(1, options.name),
    ],
    { folders: [source, target], signal: options.signal },
  );
}

/** Deletes a subvolume, and waits until that is on disk. */
export async function deleteSubvolume(
  folder: RawPath,
  name: RawName,
  signal?: AbortSignal,
): Promise<void> {
  using open = openFolder(folder);
  const parameters = ["subvolume", "delete", "--commit-after", folderArgument(0, name)];
  await runProgram("btrfs", parameters, { folders: [open], signal });
}

/** The UUID by which btrfs knows a subvolume. */
export async function subvolumeId(subvolume: RawPath, signal?: AbortSignal): Promise<string> {
  using open = openFolder(subvolume);
  const text = await runProgram("btrfs", ["subvolume", "show", folderArgument(0)], {
    folders: [open],
    signal,
  });
  // Its path and those of its snapshots are printed too, and may hold anything: one match or none.
  const found = [...text.matchAll(/^\tUUID: \s*([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/gm)];
  const id = found.length === 1 ? found[0]?.[1] : undefined;
  if (id !== undefined) return id;
  throw new SnapshotError(
    "snapshots.program-failed",
    'Cannot understand what "btrfs subvolume show" prints: there is no UUID in it, or several',
    { hint: "Check that btrfs-progs is not older than the kernel by years, and report it." },
  );
}

/** Throws `snapshots.not-ours` unless the folder is the subvolume that was recorded. */
export async function ensureSubvolume(
  folder: RawPath,
  id: string,
  signal?: AbortSignal,
): Promise<void> {
  if (!isSubvolume(folder)) throw notOurs(folder, "it is not a btrfs subvolume");
  if ((await subvolumeId(folder, signal)) !== id)
    throw notOurs(folder, "another subvolume lies in its place");
}

/** Whether the read-only property is set. */
export async function isReadOnly(subvolume: RawPath, signal?: AbortSignal): Promise<boolean> {
  using open = openFolder(subvolume);
  const parameters = ["property", "get", "-ts", folderArgument(0), "ro"];
  return (await runProgram("btrfs", parameters, { folders: [open], signal })).trim() === "ro=true";
}

/** Bytes of a subvolume's files, and those of them that no other file shares (`btrfs filesystem du`). */
export async function measureSubvolume(
  subvolume: RawPath,
  signal?: AbortSignal,
): Promise<{ readonly totalBytes: number; readonly ownBytes: number }> {
  using open = openFolder(subvolume);
  const parameters = ["filesystem", "du", "-s", "--raw", folderArgument(0)];
  const text = await runProgram("btrfs", parameters, { folders: [open], signal });
  const [, total, own] = /^\s*(\d+)\s+(\d+)\s+\S+\s/m.exec(text) ?? [];
  if (total === undefined || own === undefined) {
    throw new SnapshotError(
      "snapshots.program-failed",
      'Cannot understand what "btrfs filesystem du" prints: there are no numbers in it',
      { hint: "Run it by hand on the snapshot, and report what it prints." },
    );
  }
  return { totalBytes: Number(total), ownBytes: Number(own) };
}

/** The place of a path below another, "" for itself. */
export function pathWithin(path: RawPath, folder: RawPath): RawPath {
  return path.slice(folder.length).replace(/^\//, "") as RawPath;
}

export function below(folder: RawPath, path: RawPath): RawPath {
  return path === "" ? folder : joinRawPath(folder, path);
}
