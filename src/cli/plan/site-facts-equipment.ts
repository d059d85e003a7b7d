import { stat, statfs } from "node:fs/promises";
import { rawPathFromText, sameDevice } from "#image";
import type { Equipment } from "#planner";
import { formatBytes } from "#time";
import { safeText } from "../text.ts";
import { fact, type Fact } from "./site-fact.ts";

/** The first SCSI tape that does not rewind when it is closed (st(4)). */
export const tapeDevice = "/dev/nst0";

/** A tape drive of this machine. */
export async function findTapeDrive(device: string): Promise<Fact<Equipment> | undefined> {
  const found = await stat(device).catch(() => undefined);
  if (found?.isCharacterDevice() !== true) return undefined;
  return fact<Equipment>("tape drive", `${safeText(device)} is there`);
}

type Filesystem = { readonly name: string; readonly snapshots: "yes" | "perhaps" | "no" };

/** By the magic number of statfs(2). Only those that matter here, and those that are usual. */
const filesystems: ReadonlyMap<number, Filesystem> = new Map([
  [0x9123683e, { name: "btrfs", snapshots: "yes" }],
  [0x2fc12fc1, { name: "ZFS", snapshots: "yes" }],
  // Clones need reflink, which older XFS volumes were made without: statfs does not say.
  [0x58465342, { name: "XFS", snapshots: "perhaps" }],
  [0xef53, { name: "ext4", snapshots: "no" }],
  [0x6969, { name: "NFS", snapshots: "no" }],
  [0x01021994, { name: "tmpfs", snapshots: "no" }],
  [0x794c7630, { name: "overlay", snapshots: "no" }],
]);

/** Whether the filesystem with this magic number makes snapshots. */
export function snapshotsOf(magic: number): Fact<Equipment> | undefined {
  const found = filesystems.get(magic);
  if (found === undefined || found.snapshots === "no") return undefined;
  const isCertain = found.snapshots === "yes";
  const basis = `the store lies on ${found.name}${isCertain ? "" : ", where snapshots need reflink: not certain"}`;
  return fact<Equipment>("snapshots", basis, isCertain);
}

/** Whether the store's filesystem makes snapshots; undefined also where nobody can say. */
export async function findSnapshots(store: string): Promise<Fact<Equipment> | undefined> {
  const found = await statfs(store, { bigint: true }).catch(() => undefined);
  // f_type is signed on some platforms.
  return found === undefined ? undefined : snapshotsOf(Number(BigInt.asUintN(32, found.type)));
}

/** Folders for copies that people make. */
export const copyPlaces = ["/srv/recovery", "/srv/backup", "/backup", "/mnt/backup"] as const;

export type CopyFolderOptions = {
  readonly store: string;
  /** What must fit in: about once the mail (paper §4.1, Figure 6). */
  readonly mailBytes: number;
  readonly places: readonly string[];
  readonly signal: AbortSignal;
};

/** A folder for copies that is there, lies on another device than the mail, and has room for it. */
export async function findCopyFolder(
  options: CopyFolderOptions,
): Promise<Fact<string> | undefined> {
  const { store, mailBytes, places, signal } = options;
  for (const place of places) {
    signal.throwIfAborted();
    try {
      if (!(await stat(place)).isDirectory()) continue;
      if (await sameDevice(rawPathFromText(store), rawPathFromText(place))) continue;
      const { bavail, bsize } = await statfs(place);
      const freeBytes = bavail * bsize;
      if (freeBytes < mailBytes) continue;
      const basis = `${safeText(place)} lies on another device, ${formatBytes(freeBytes)} free`;
      return fact(place, basis);
    } catch {
      // Not there, or not for this user: then it is nothing that copies could be put into.
    }
  }
  return undefined;
}
