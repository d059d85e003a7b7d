/**
 * One capture (paper §3.2.2): lock → walk and store → packs → index → snapshot → unlock. The lock
 * spans from the listing of the index that is relied upon to the snapshot's write.
 */
import { randomBytes } from "node:crypto";
import { displayPath, type Image, type RawPath } from "#image";
import type { WalkCounts } from "./capture-tally.ts";
import { walkAndStore, type WalkResult } from "./capture-walk.ts";
import { openMeans } from "./capture-means.ts";
import type { ContentStore } from "./content-store.ts";
import { sha256Hex } from "./crypto.ts";
import { type Lock, takeLock, underLock } from "./lock.ts";
import { encodeManifest, momentTags, tagOf, tagPrefixes, tagValue } from "./manifest.ts";
import type { RepositoryCore } from "./repository-core.ts";
import type { CaptureOptions, CaptureProgress, CaptureResult, Snapshot } from "./repository.ts";
import type { PackSaver } from "./pack-saver.ts";
import { type ScanCache, ScanCacheWriter, openScanCache } from "./scan-cache.ts";
import { type ScanFacts, encodeLaterFacts } from "./scan-facts.ts";
import { listSnapshots } from "./list-snapshots.ts";
import { saveMoment } from "./save-moment.ts";
import { storeSnapshotTree } from "./snapshot-tree.ts";
import { ownUser } from "./process-identity.ts";
import { programVersion } from "./program-version.ts";

const scanKind = "scan";

export async function captureImage(
  core: RepositoryCore,
  image: Image,
  options: CaptureOptions,
): Promise<CaptureResult> {
  const locking = takeLock(core.context, {
    exclusive: false,
    now: options.now,
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  // Awaited below; a refusal must not count as unhandled while the walk begins.
  locking.catch(() => undefined);
  const lock: AsyncDisposable = {
    [Symbol.asyncDispose]: async () =>
      (await locking.catch(() => undefined))?.[Symbol.asyncDispose](),
  };
  return underLock(lock, async () => {
    // Whoever may wait long does so first: what was seen before would be old by the time of the moment.
    if (core.context.lockWait !== undefined) await locking;
    const lineage = await findLineage(core, image, options);
    using _scan = lineage.scan;
    const run = { core, image, options, lineage, locking };
    const result = await captureOnce(run, { trustScan: true });
    if (result !== undefined) return result;
    // Somebody's prune took index files that the fast way relied on: look at every blob again.
    return (await captureOnce(run, { trustScan: false })) as CaptureResult;
  });
}

type Lineage = {
  readonly parent: Snapshot | undefined;
  readonly sequence: number;
  readonly generation: string;
  readonly scan: ScanCache | undefined;
  readonly scanName: string;
};

type CaptureRun = {
  readonly core: RepositoryCore;
  readonly image: Image;
  readonly options: CaptureOptions;
  readonly lineage: Lineage;
  readonly locking: Promise<Lock>;
};

/** The earlier moments of the same group, host and path, and what the last of them saw. */
async function findLineage(
  core: RepositoryCore,
  image: Image,
  options: CaptureOptions,
): Promise<Lineage> {
  const group = tagValue(options.group);
  const paths = pathsOf(options);
  // A damaged snapshot is verify's to tell; it must not keep new mail out of the copy.
  const all = await listSnapshots(core, { signal: options.signal, onDamaged: () => undefined });
  const moments = all.filter(
    (snapshot) =>
      snapshot.hostname === options.hostname &&
      snapshot.paths.length === paths.length &&
      snapshot.paths.every((path, index) => path === paths[index]),
  );
  const ofGroup = moments.filter(
    (snapshot) => (tagOf(snapshot.tags, tagPrefixes.group) ?? group) === group,
  );
  // The sequence orders, the clock only labels: it may have been set back since the last capture.
  const parent = options.parent ?? ofGroup.toSorted((a, b) => sequenceOf(a) - sequenceOf(b)).at(-1);
  const generation = parent === undefined ? undefined : tagOf(parent.tags, tagPrefixes.generation);
  const scanName = sha256Hex(Buffer.from([options.hostname, group, ...paths].join("\0")));
  const scan =
    options.full === true ? undefined : await loadScan(core, image, { parent, scanName });
  return {
    parent,
    sequence: ofGroup.reduce((most, snapshot) => Math.max(most, sequenceOf(snapshot)), 0) + 1,
    generation: generation ?? randomBytes(4).toString("hex"),
    scan,
    scanName,
  };
}

function sequenceOf(snapshot: Snapshot): number {
  const sequence = Number(tagOf(snapshot.tags, tagPrefixes.sequence) ?? 0);
  return Number.isSafeInteger(sequence) ? sequence : 0;
}

async function loadScan(
  core: RepositoryCore,
  image: Image,
  { parent, scanName }: { readonly parent: Snapshot | undefined; readonly scanName: string },
): Promise<ScanCache | undefined> {
  if (parent === undefined || image.local === undefined) return undefined;
  const later = await core.cache.get(scanKind, laterName(scanName));
  const file = core.cache.openFile(scanKind, scanName);
  const scan = file === undefined ? undefined : openScanCache(file, later);
  const fits =
    scan !== undefined &&
    scan.facts.repositoryId === core.id &&
    (scan.facts.snapshotId === parent.id || scan.facts.snapshotId === parent.original) &&
    scan.facts.volumeId === volumeIdOf(image);
  if (!fits) scan?.[Symbol.dispose]();
  return fits ? scan : undefined;
}

/** Where nothing changed, the facts alone; a file of tens of megabytes is as good as it was. */
async function keepScan(
  { core, lineage }: CaptureRun,
  writer: ScanCacheWriter,
  facts: ScanFacts,
): Promise<void> {
  const { scan, scanName } = lineage;
  if (scan !== undefined && writer.isSameAs(scan)) {
    const parts = [encodeLaterFacts(scan.fileId, facts)];
    if (await core.cache.put({ kind: scanKind, name: laterName(scanName), parts })) return;
  }
  await core.cache.put({ kind: scanKind, name: scanName, parts: writer.finish(facts) });
}

function laterName(scanName: string): string {
  return `${scanName}.later`;
}

function volumeIdOf(image: Image): string {
  return image.volumes.map((volume) => volume.id).join("+");
}

/** Undefined where the fast way turned out to rely on blobs that may be gone. */
async function captureOnce(
  run: CaptureRun,
  { trustScan }: { readonly trustScan: boolean },
): Promise<CaptureResult | undefined> {
  const { core, image, options, lineage } = run;
  const startNs = options.now();
  const means = openMeans(run);
  const { signal, saver, store } = means;
  try {
    const before = trustScan ? undefined : (await means.loadIndex()).index;
    const writer = new ScanCacheWriter(lineage.scan);
    const walked = await walkAndStore({
      image,
      store,
      scan: lineage.scan,
      writer,
      stillThere: before === undefined ? undefined : (id, type) => before.has(id, type),
      signal,
      onFolder: (counts) => options.onProgress?.(progressOf(counts, store)),
    });
    // A source that ended meanwhile (an offline server started again by a signal) says so now.
    await image.list("" as RawPath, signal);
    const lock = await means.lockReady;
    const present = await means.indexIds();
    const reliedOn = lineage.scan?.facts.indexIds ?? [];
    if (trustScan && reliedOn.some((id) => !present.has(id))) return undefined;
    const snapshot = await finish({ run, walked, store, saver, lock, startNs, signal });
    const facts = {
      repositoryId: core.id,
      snapshotId: snapshot.id,
      volumeId: volumeIdOf(image),
      indexIds: [...present, ...means.writtenIndexIds],
    };
    if (image.local !== undefined) await keepScan(run, writer, facts);
    return resultOf({ run, walked, store, snapshot });
  } catch (error) {
    // What is stored already shall serve the next run: index it if storage still answers.
    await saver.salvage();
    throw signal.aborted && signal.reason instanceof Error ? signal.reason : error;
  } finally {
    await store.close();
  }
}

function progressOf(counts: WalkCounts, store: ContentStore): CaptureProgress {
  return {
    phase: "read",
    filesDone: store.filesRead + counts.filesUnmodified + counts.filesRenamed,
    filesTotal: counts.filesTotal,
    bytesDone: store.bytesRead,
    bytesTotal: counts.bytesTotal,
  };
}

async function finish(parts: {
  readonly run: CaptureRun;
  readonly walked: WalkResult;
  readonly store: ContentStore;
  readonly saver: PackSaver;
  readonly lock: Lock;
  readonly startNs: bigint;
  readonly signal: AbortSignal;
}): Promise<Snapshot> {
  const { run, walked, store, saver, signal } = parts;
  const { core, image, options, lineage } = run;
  const { counts } = walked;
  const problems = walked.problems;
  const endNs = options.now();
  const facts = {
    image,
    group: options.group,
    sequence: lineage.sequence,
    generation: lineage.generation,
    consistency: image.consistency,
    path: displayPath(options.path),
    files: counts.filesTotal,
    bytes: counts.bytesTotal,
    problems,
    serverFacts: await image.serverFacts?.(signal),
  };
  const tree = await storeSnapshotTree(store, {
    image,
    path: options.path,
    rootTreeId: walked.treeId,
    subtrees: options.paths === undefined ? undefined : walked.subtrees,
    manifest: encodeManifest(facts),
    nowNs: endNs,
  });
  await store.flush();
  await saver.finish();
  const totals = store.totals();
  return await saveMoment(
    core,
    {
      timeNs: endNs,
      ...(lineage.parent === undefined ? {} : { parent: lineage.parent.id }),
      tree: Buffer.from(tree).toString("hex"),
      paths: pathsOf(options),
      hostname: options.hostname,
      ...ownUser(),
      excludes: [],
      tags: momentTags(facts, options.tags ?? []),
      programVersion,
      summary: {
        backupStartNs: parts.startNs,
        backupEndNs: endNs,
        filesNew: counts.filesNew,
        filesChanged: counts.filesChanged + counts.filesRenamed,
        filesUnmodified: counts.filesUnmodified,
        dirsNew: counts.dirsNew,
        dirsChanged: counts.dirsChanged,
        dirsUnmodified: counts.dirsUnmodified,
        dataBlobs: totals.dataBlobs,
        treeBlobs: totals.treeBlobs,
        dataAdded: totals.addedBytes,
        dataAddedPacked: totals.storedBytes,
        totalFilesProcessed: counts.filesTotal,
        totalBytesProcessed: counts.bytesTotal,
      },
    },
    { lock: parts.lock, now: options.now, signal },
  );
}

function resultOf(parts: {
  readonly run: CaptureRun;
  readonly walked: WalkResult;
  readonly store: ContentStore;
  readonly snapshot: Snapshot;
}): CaptureResult {
  const { run, walked, store, snapshot } = parts;
  const { filesNew, filesChanged, filesUnmodified, filesRenamed, filesTotal, bytesTotal } =
    walked.counts;
  const totals = store.totals();
  // What the Image itself noticed (a folder that never stood still) beside what the walk met.
  const seen = new Set(walked.problems.map((problem) => `${problem.code} ${problem.path}`));
  const others = run.image.problems.filter(
    (problem) => !seen.has(`${problem.code} ${problem.path}`),
  );
  return {
    snapshot,
    sequence: run.lineage.sequence,
    consistency: run.image.consistency,
    filesNew,
    filesChanged,
    filesUnmodified,
    filesRenamed,
    filesTotal,
    bytesTotal,
    bytesRead: store.bytesRead,
    bytesAdded: totals.addedBytes,
    bytesStored: totals.storedBytes,
    problems: [...walked.problems, ...others],
    partial:
      walked.partial ||
      others.some((problem) => problem.code === "unlistable" || problem.code === "unreadable"),
  };
}

/** The folders that were captured. restic sorts them. */
function pathsOf({ path, paths = [path] }: CaptureOptions): readonly string[] {
  return paths.map(textPath).toSorted();
}

/** Snapshots hold paths as text: bytes that are not UTF-8 become U+FFFD there, as in restic. The tree keeps them. */
function textPath(path: string): string {
  return Buffer.from(path, "latin1").toString("utf8");
}
