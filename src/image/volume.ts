import { readdir, readFile, realpath, stat } from "node:fs/promises";
import { join } from "node:path";
import { systemErrorCode } from "#errors";
import { rawPathFromBytes, rawPathToBytes, type RawPath } from "./raw-path.ts";

/** One line of /proc/self/mountinfo (proc(5)). */
export type Mount = {
  /** The folder of the filesystem that is seen at the mount point; a btrfs subvolume's path. */
  readonly root: RawPath;
  readonly mountPoint: RawPath;
  readonly filesystemType: string;
  readonly source: RawPath;
};

/**
 * Stable identity of the filesystem a folder lies on: "uuid:…" (btrfs: with the subvolume), or
 * "type:source:root" where there is no UUID. Not st_dev, which changes with every mount and
 * differs between a btrfs subvolume and its snapshots.
 */
export async function volumeIdentity(folder: RawPath): Promise<string> {
  const found = await mountOf(folder);
  if (found === undefined)
    return `device:${(await stat(rawPathToBytes(folder), { bigint: true })).dev}`;
  const device = await resolveDevice(found.source);
  return describeVolume(found, (await readUuids()).get(device));
}

/** Whether two folders lie on one filesystem, so that one broken disk takes both. */
export async function sameDevice(a: RawPath, b: RawPath): Promise<boolean> {
  const [first, second] = await Promise.all([mountOf(a), mountOf(b)]);
  if (first?.source.startsWith("/") === true && second?.source.startsWith("/") === true) {
    return (await resolveDevice(first.source)) === (await resolveDevice(second.source));
  }
  const [one, two] = await Promise.all([
    stat(rawPathToBytes(a), { bigint: true }),
    stat(rawPathToBytes(b), { bigint: true }),
  ]);
  return one.dev === two.dev;
}

export function describeVolume(mount: Mount, uuid: string | undefined): string {
  if (uuid === undefined) return `${mount.filesystemType}:${mount.source}:${mount.root}`;
  return mount.filesystemType === "btrfs" ? `uuid:${uuid}:${mount.root}` : `uuid:${uuid}`;
}

/** Lines that are not understood are left out. */
export function parseMountInfo(text: string): Mount[] {
  const mounts: Mount[] = [];
  for (const line of text.split("\n")) {
    const fields = line.split(" ");
    const separator = fields.indexOf("-", 6);
    const [root, mountPoint] = [fields[3], fields[4]];
    const [filesystemType, source] = [fields[separator + 1], fields[separator + 2]];
    if (separator < 0 || root === undefined || mountPoint === undefined) continue;
    if (filesystemType === undefined || source === undefined) continue;
    mounts.push({
      root: decodeOctal(root),
      mountPoint: decodeOctal(mountPoint),
      filesystemType,
      source: decodeOctal(source),
    });
  }
  return mounts;
}

/** The mount with the longest mount point above a path; of equals the later one, which lies on top. */
export function findMount(mounts: readonly Mount[], path: RawPath): Mount | undefined {
  let best: Mount | undefined;
  for (const mount of mounts) {
    const point = mount.mountPoint;
    const above = path === point || path.startsWith(point.endsWith("/") ? point : `${point}/`);
    if (above && (best === undefined || point.length >= best.mountPoint.length)) best = mount;
  }
  return best;
}

/** proc(5): space, tab, newline and backslash are written as \040, \011, \012 and \134. */
function decodeOctal(text: string): RawPath {
  return text.replace(/\\([0-3][0-7]{2})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  ) as RawPath;
}

async function mountOf(folder: RawPath): Promise<Mount | undefined> {
  const real = rawPathFromBytes(await realpath(rawPathToBytes(folder), { encoding: "buffer" }));
  try {
    return findMount(parseMountInfo(await readFile("/proc/self/mountinfo", "latin1")), real);
  } catch (error) {
    // No /proc: another system than Linux, or a bare container. st_dev is the next best.
    if (systemErrorCode(error) === undefined) throw error;
    return undefined;
  }
}

async function resolveDevice(source: RawPath): Promise<string> {
  if (!source.startsWith("/")) return source;
  try {
    return await realpath(rawPathToBytes(source), { encoding: "latin1" });
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
    return source;
  }
}

/** Device → UUID. */
async function readUuids(): Promise<ReadonlyMap<string, string>> {
  const folder = "/dev/disk/by-uuid";
  const uuids = new Map<string, string>();
  try {
    for (const uuid of await readdir(folder)) uuids.set(await realpath(join(folder, uuid)), uuid);
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
  }
  return uuids;
}
