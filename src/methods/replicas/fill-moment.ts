/** One replica from an Image: kept, verified, measured, and then written down, with which it exists. */
import type { Loss } from "#copies";
import { type ClockNs, type Image, joinRawPath, type RawPath, volumeIdentity } from "#image";
import type { SnapshotProvider } from "#snapshots";
import type { TakeOptions, TakeResult } from "../method.ts";
import { keepImage, type Kept, type ReplicaKind } from "./keep-image.ts";
import { storeName } from "./moment-name.ts";
import { type MomentRecord, writeMoment } from "./moment-record.ts";
import { allocatedBytes, syncNames } from "./raw-files.ts";
import { takeApart } from "./remove-moment.ts";
import type { ReplicaGroup } from "./replica-folder.ts";

export type FillSite = {
  readonly folder: RawPath;
  /** Of the source machine. */
  readonly path: string;
  readonly paths?: readonly string[] | undefined;
  readonly hostname: string;
  readonly kind: ReplicaKind;
  readonly providers: readonly SnapshotProvider[];
  readonly clock: ClockNs;
};

export type FillOptions = {
  readonly moment: RawPath;
  readonly group: ReplicaGroup;
  readonly take: TakeOptions;
  readonly site: FillSite;
};

export async function fillMoment(
  image: Image,
  { moment, group, take, site }: FillOptions,
): Promise<{
  readonly record: MomentRecord;
  readonly result: Kept;
  readonly counts: Omit<TakeResult, "point">;
}> {
  const { providers, kind } = site;
  const { signal, onProgress } = take;
  const report = (phase: "scan" | "read" | "finish", filesDone = 0, bytesDone = 0): void =>
    onProgress?.({ phase, filesDone, filesTotal: 0, bytesDone, bytesTotal: 0 });
  report("scan");
  let isGiven = false;
  const watched: Image =
    image.handOver === undefined ? image : withWatch(image, () => (isGiven = true));
  try {
    const result = await keepImage(watched, moment, {
      kind,
      providers,
      signal,
      onCopied: (files, bytes) => report("read", files, bytes),
    });
    report("finish", result.files, result.sizeBytes);
    const ownBytes = await ownBytesOf(moment, { result, providers, signal });
    const record = await recordOf(image, { result, group, take, site });
    syncNames(moment);
    await writeMoment(moment, record);
    syncNames(group.folder);
    return { record, result, counts: countsOf(image, result, ownBytes) };
  } catch (error) {
    // What was given away is still read through the caller's Image: the next run removes it.
    if (!isGiven) await takeApart(moment, { providers }).catch(() => undefined);
    throw error;
  }
}

/** The same Image, which tells when its folder was given away. */
function withWatch(image: Image, onGiven: () => void): Image {
  return new Proxy(image, {
    get: (target, key) => {
      const value: unknown = Reflect.get(target, key, target);
      if (typeof value !== "function") return value;
      if (key !== "handOver") return value.bind(target) as unknown;
      return async (to: RawPath, signal?: AbortSignal) => {
        const handed = await target.handOver?.(to, signal);
        if (handed !== undefined) onGiven();
        return handed;
      };
    },
  });
}

async function recordOf(
  image: Image,
  { result, group, take, site }: Omit<FillOptions, "moment"> & { readonly result: Kept },
): Promise<MomentRecord> {
  const { files, sizeBytes, digest, form, provider, shared, problems } = result;
  const serverFacts = await image.serverFacts?.(take.signal);
  return {
    version: 1,
    group: take.group,
    generation: group.generation,
    sequence: group.lastSequence,
    atNs: image.at.toNs,
    fromNs: image.at.fromNs,
    consistency: image.consistency,
    path: site.path,
    ...(site.paths === undefined ? {} : { paths: site.paths }),
    hostname: site.hostname,
    tags: take.tags ?? [],
    volumes: image.volumes,
    form,
    provider,
    shared,
    survives: await survivesOf(image, site.folder, shared),
    files,
    sizeBytes,
    listingDigest: digest,
    problems,
    ...(image.evidence === undefined ? {} : { evidence: image.evidence }),
    ...(serverFacts === undefined ? {} : { serverFacts }),
    verifiedAtNs: site.clock(),
  };
}

/** Blocks that are production's, or lie on its disk, go with it (paper §3.4.2). */
async function survivesOf(
  image: Image,
  folder: RawPath,
  shared: boolean,
): Promise<readonly Loss[]> {
  const logical: readonly Loss[] = ["user-error", "corruption"];
  const own = deviceOf(await volumeIdentity(folder));
  const isApart = image.volumes.length > 0 && image.volumes.every(({ id }) => deviceOf(id) !== own);
  return isApart && !shared ? [...logical, "hardware"] : logical;
}

/** Of "uuid:UUID:/subvolume" or "type:source:/root" what the filesystem is, wherever it is mounted. */
function deviceOf(volumeId: string): string {
  return volumeId.split(":").slice(0, 2).join(":");
}

export async function ownBytesOf(
  moment: RawPath,
  {
    result,
    providers,
    signal,
  }: {
    readonly result: Pick<Kept, "form" | "provider">;
    readonly providers: readonly SnapshotProvider[];
    readonly signal?: AbortSignal | undefined;
  },
): Promise<number> {
  const store = joinRawPath(moment, storeName);
  const maker = providers.find(({ name }) => name === result.provider);
  if (result.form === "files" || maker === undefined) return await allocatedBytes(store, signal);
  return (await maker.space(store, signal === undefined ? {} : { signal })).ownBytes;
}

/** Each replica is whole by itself: nothing of it is "unmodified" because another one has it too. */
function countsOf(image: Image, result: Kept, ownBytes: number): Omit<TakeResult, "point"> {
  const { files, sizeBytes, bytesRead, problems } = result;
  const harmless: ReadonlySet<string> = new Set(["unsupported", "still-changing"]);
  return {
    consistency: image.consistency,
    filesNew: files,
    filesRenamed: 0,
    filesChanged: 0,
    filesUnmodified: 0,
    filesTotal: files,
    bytesTotal: sizeBytes,
    bytesRead,
    bytesAdded: ownBytes,
    bytesStored: ownBytes,
    problems,
    partial: problems.some(({ code }) => !harmless.has(code)),
  };
}
