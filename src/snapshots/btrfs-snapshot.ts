import { lstatSync, realpathSync } from "node:fs";
import { isRecoveryError } from "#errors";
import {
  type ClockNs,
  findMount,
  type ImageProblem,
  isImageError,
  joinRawPath,
  openDirectoryImage,
  rawParent,
  type RawPath,
  rawPathToBytes,
  rootPath,
  sameDevice,
  systemClockNs,
  volumeIdentity,
  walkImage,
  mountsBelow,
  readMounts,
} from "#image";
import {
  below,
  ensureSubvolume,
  isReadOnly,
  makeSnapshot,
  measureSubvolume,
  missingSubvolumeInode,
  pathWithin,
  subvolumeId,
  subvolumeOf,
  subvolumesWithin,
} from "./btrfs-subvolume.ts";
import {
  boundProblems,
  buildSnapshot,
  closedMode,
  describeTaken,
  passableMode,
  readSnapshot,
  resolveSite,
  type Site,
  siteOrReason,
  startInterval,
  syncFilesystem,
  unsuitable,
} from "./build-snapshot.ts";
import { ensureFree, locateSnapshot, resolveDestination } from "./container.ts";
import { writableLayer } from "./copy-provider.ts";
import { openFrozenImage } from "./frozen-image.ts";
import { removeSnapshot } from "./remove-snapshot.ts";
import { quotePath } from "./snapshot-error.ts";
import { damaged, frozenName, type TakenFacts } from "./snapshot-record.ts";
import type {
  SnapshotOptions,
  SnapshotProvider,
  Suitability,
  Taken,
  WritableCopyOptions,
  WritableLayer,
} from "./snapshot-provider.ts";
import { storeChanged, unreadable } from "./store-identity.ts";

export type BtrfsSnapshotOptions = {
  /** Default: the system's clock. */
  readonly clock?: ClockNs;
};

const name = "btrfs snapshot";

/** A read-only snapshot of the subvolume that the store lies in, through btrfs-progs: one instant (paper §3.4). */
export function btrfsSnapshots(options: BtrfsSnapshotOptions = {}): SnapshotProvider {
  return {
    name,
    section: "§3.4",
    kind: "delta",
    atomic: true,
    suits: async (folder, destination, { signal } = {}) => {
      const site = siteOrReason(folder, destination);
      return "suits" in site ? site : await examine(site, signal);
    },
    take: (folder, destination, takeOptions = {}) =>
      take({ folder, destination }, { ...options, ...takeOptions }),
    open: async (destination, openOptions = {}) =>
      await openFrozenImage(await readProven(destination, openOptions.signal), openOptions),
    writableCopy: (destination, to, copyOptions = {}) => writableCopy(destination, to, copyOptions),
    remove: async (destination, removeOptions = {}) =>
      await removeSnapshot(locateSnapshot(destination), name, removeOptions),
    space: async (destination, { signal } = {}) => {
      const { destination: path } = await readProven(destination, signal);
      const measured = await measureSubvolume(joinRawPath(path, frozenName), signal);
      return {
        ...measured,
        basis:
          "Extents that no other subvolume or file has, as `btrfs filesystem du` tells; metadata, and small files that lie in it, are not counted.",
      };
    },
  };
}

type Examined = Suitability & { readonly subvolume?: RawPath };

async function examine(site: Site, signal: AbortSignal | undefined): Promise<Examined> {
  const { store, destination } = site;
  const no = (why: string): Examined => ({ suits: false, why });
  const mounts = readMounts();
  const mount = findMount(mounts, store.root);
  if (mount?.filesystemType !== "btrfs") return no("The store does not lie on btrfs.");
  if (process.geteuid?.() !== 0) return no("Only root may make and remove btrfs snapshots.");
  if (!(await sameDevice(store.root, rawParent(destination))))
    return no("The destination lies on another filesystem than the store.");
  const subvolume = subvolumeOf(store.root, mount);
  if (subvolume === undefined)
    return no("Only a folder of its subvolume is mounted, and a snapshot is of a whole subvolume.");
  const [mounted] = mountsBelow(mounts, store.root);
  if (mounted !== undefined)
    return no(`Another filesystem is mounted in the store, at ${quotePath(mounted)}.`);
  try {
    const [nested] = await subvolumesWithin(store.root, { mounts, signal });
    if (nested !== undefined)
      return no(`A subvolume of its own lies in the store, at ${quotePath(nested)}.`);
  } catch (error) {
    if (!isRecoveryError(error)) throw error;
    return no(`${error.message}.`);
  }
  return { suits: true, why: "One instant of the whole subvolume, at once.", subvolume };
}

async function take(
  from: { readonly folder: RawPath; readonly destination: RawPath },
  options: BtrfsSnapshotOptions & SnapshotOptions,
): Promise<Taken> {
  const { signal, onProgress } = options;
  signal?.throwIfAborted();
  const site = resolveSite(from.folder, from.destination);
  const { store, destination } = site;
  const { subvolume, why } = await examine(site, signal);
  if (subvolume === undefined) throw unsuitable(site, why, name);
  const root = below(frozenName, pathWithin(store.root, subvolume));
  const record = await buildSnapshot(
    destination,
    { provider: name, mode: closedMode },
    async (folder, draft) => {
      const volumeId = await volumeIdentity(store.root);
      onProgress?.({ phase: "freezing", files: 0, sizeBytes: 0 });
      const interval = startInterval(options.clock ?? systemClockNs);
      await makeSnapshot(subvolume, { in: folder, name: frozenName, readOnly: true, signal });
      const times = interval();
      const frozen = joinRawPath(folder, root);
      ensureFrozenStore(frozen, store.inode);
      onProgress?.({ phase: "finishing", files: 0, sizeBytes: 0 });
      const { problems, ...totals } = await countFrozen(frozen, signal);
      await syncFilesystem(folder, signal);
      const taken: TakenFacts = {
        store: store.root,
        volumeId,
        consistency: "crash",
        settled: true,
        ...times,
        ...totals,
        protection: "read-only subvolume",
        problems: boundProblems(problems),
      };
      const id = await subvolumeId(joinRawPath(folder, frozenName), signal);
      return { ...draft, state: "frozen", root, subvolumeId: id, taken };
    },
  );
  return describeTaken(destination, record, record.taken as TakenFacts);
}

/** A snapshot keeps inode numbers: what lies in the store's place is the store, reached without a link. */
function ensureFrozenStore(frozen: RawPath, inode: bigint): void {
  const bytes = rawPathToBytes(frozen);
  const stats = lstatSync(bytes, { bigint: true, throwIfNoEntry: false });
  const real = stats === undefined ? undefined : realpathSync.native(bytes, { encoding: "latin1" });
  if (stats?.ino !== inode || real !== frozen) throw storeChanged(frozen);
}

async function countFrozen(
  frozen: RawPath,
  signal: AbortSignal | undefined,
): Promise<{ files: number; sizeBytes: number; problems: ImageProblem[] }> {
  const nobody = { userOf: () => undefined, groupOf: () => undefined };
  await using image = await openDirectoryImage(frozen, { volumes: [], ownerNames: nobody });
  const problems: ImageProblem[] = [];
  const linked = new Set<bigint>();
  let files = 0;
  let sizeBytes = 0;
  const onProblem = (problem: ImageProblem): void => void problems.push(problem);
  const walkOptions = signal === undefined ? { onProblem } : { onProblem, signal };
  try {
    for await (const { path, entry } of walkImage(image, rootPath, walkOptions)) {
      if (entry.type === "directory" && entry.inode === missingSubvolumeInode) {
        const message = "A subvolume lies there, which a snapshot does not reach into.";
        problems.push({ path, code: "unlistable", message });
      }
      if (entry.type !== "file") continue;
      files++;
      if (entry.links > 1 && linked.has(entry.inode)) continue;
      if (entry.links > 1) linked.add(entry.inode);
      sizeBytes += entry.sizeBytes;
    }
  } catch (error) {
    if (!isImageError(error)) throw error;
    throw unreadable(frozen, error.message, error);
  }
  return { files, sizeBytes, problems };
}

/** The snapshot, after proof that it is the subvolume that was made and that nothing could write to it. */
async function readProven(destination: RawPath, signal?: AbortSignal): Promise<Taken> {
  const { record, taken } = readSnapshot(destination, name);
  const frozen = joinRawPath(taken.destination, frozenName);
  await ensureSubvolume(frozen, record.subvolumeId ?? "", signal);
  if (!(await isReadOnly(frozen, signal)))
    throw damaged(taken.destination, "it can be written to, so nobody knows what is in it");
  return taken;
}

async function writableCopy(
  from: RawPath,
  to: RawPath,
  options: WritableCopyOptions,
): Promise<WritableLayer> {
  const { signal } = options;
  signal?.throwIfAborted();
  const taken = await readProven(from, signal);
  const destination = resolveDestination(to);
  ensureFree(destination);
  const root = pathWithin(taken.path, taken.destination);
  const mode = options.forOtherUsers === true ? passableMode : closedMode;
  await buildSnapshot(destination, { provider: name, mode }, async (folder, draft) => {
    options.onProgress?.({ phase: "freezing", files: 0, sizeBytes: 0 });
    const subvolume = joinRawPath(taken.destination, frozenName);
    await makeSnapshot(subvolume, { in: folder, name: frozenName, readOnly: false, signal });
    const id = await subvolumeId(joinRawPath(folder, frozenName), signal);
    return { ...draft, state: "writable", root, subvolumeId: id };
  });
  return writableLayer(destination, joinRawPath(destination, root), () =>
    removeSnapshot(destination, name),
  );
}
