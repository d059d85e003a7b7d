/** What is wrong with a repository, and the files that would make it right. Changes nothing. */
import { BlobIndex } from "./blob-index.ts";
import { type ExaminedPack, examinePack } from "./examine-pack.ts";
import { blobKey } from "./pack-check.ts";
import type { PackedBlob } from "./pack-format.ts";
import { type IndexedPack, indexOfPacks, type ParsedIndex } from "./parsed-index.ts";
import type { RepositoryCore } from "./repository-core.ts";
import type { Snapshot } from "./repository.ts";
import { type Looked, lookAtEverything } from "./verify.ts";
import { VerifyRun } from "./verify-run.ts";
import type { DamagedPack, RepairOptions, RepairPlan } from "./repair-report.ts";
import { findLosses, type Losses } from "./repair-losses.ts";

export type RepairWork = {
  readonly plan: RepairPlan;
  /** Blobs to be stored in new packs, by the damaged pack that they are read from. */
  readonly saves: readonly IndexedPack[];
  /** What the new index names beside the new packs. */
  readonly newIndex: readonly IndexedPack[];
  readonly removeIndexes: readonly string[];
  readonly removePacks: readonly string[];
  /** All that can be read, as it lies now. */
  readonly index: BlobIndex;
  readonly snapshots: readonly Snapshot[];
  readonly losses: Losses;
};

export async function planRepair(
  core: RepositoryCore,
  options: RepairOptions,
): Promise<RepairWork> {
  const { approve: _approve, dropLost: _dropLost, dryRun: _dryRun, ...verification } = options;
  const run = new VerifyRun(core, verification);
  const looked = await lookAtEverything(run);
  const examined = await examineSuspects(run, looked);
  const renewed = renewIndexes(run, { looked, examined });
  const { keptIndexes, newIndex } = renewed;
  const saves = blobsToSave(examined, { keptIndexes, newIndex });
  const index = new BlobIndex([...keptIndexes, indexOfPacks(newIndex), indexOfPacks(saves)]);
  const { snapshots } = looked;
  const losses = await findLosses(core, { index, snapshots, signal: options.signal });
  const filesOf = (code: string): readonly string[] =>
    run.findings.flatMap((finding) => (finding.code === code ? (finding.file ?? []) : []));
  const damaged = [...examined.values()].filter(({ isSound }) => !isSound);
  const known = damaged.filter(({ good, bad }) => good.length + bad.length > 0);
  const damagedPacks = known.map((pack) => damagedPack(pack, { index, saves }));
  const damagedIndexes = filesOf("index-damaged");
  const { wrongIndexes, adoptedPacks } = renewed;
  return {
    plan: {
      isNeeded:
        damagedIndexes.length + wrongIndexes.length + damagedPacks.length + adoptedPacks.length > 0,
      damagedIndexes,
      wrongIndexes,
      missingPacks: filesOf("pack-missing"),
      damagedPacks,
      adoptedPacks,
      unreadablePacks: damaged.filter((pack) => !known.includes(pack)).map(({ packId }) => packId),
      damagedSnapshots: filesOf("snapshot-damaged"),
      lost: losses.lost,
      lostCount: losses.count,
      incompleteSnapshots: losses.incomplete.map(({ id }) => id),
      packsRead: options.readData === true ? looked.sizes.size : examined.size,
      packs: looked.sizes.size,
    },
    saves,
    newIndex,
    removeIndexes: [...damagedIndexes, ...wrongIndexes],
    removePacks: damagedPacks.flatMap(({ packId, isRemoved }) => (isRemoved ? packId : [])),
    index,
    snapshots,
    losses,
  };
}

type Examined = ReadonlyMap<string, ExaminedPack>;

/** Packs that something points at; and where something is lost, those that no index names. */
async function examineSuspects(run: VerifyRun, looked: Looked): Promise<Examined> {
  const { layouts, sizes, index } = looked;
  const suspects = new Set(run.suspectPacks);
  for (const { code, file } of run.findings) {
    const isOfPack = code === "pack-damaged" || code === "blob-damaged" || code === "index-wrong";
    if (isOfPack && file !== undefined) suspects.add(file);
  }
  if (isSomethingLost(run))
    for (const packId of sizes.keys()) if (!layouts.has(packId)) suspects.add(packId);
  const examined = new Map<string, ExaminedPack>();
  for (const packId of suspects) {
    if (!sizes.has(packId)) continue;
    run.options.signal?.throwIfAborted();
    const indexed = (layouts.get(packId)?.blobs ?? []).map((blob) => packedBlob(index, blob));
    examined.set(packId, await examinePack(run.core, { packId, indexed, ...run.signal }));
  }
  return examined;
}

/** A lack that a pack which no index names may fill. */
function isSomethingLost(run: VerifyRun): boolean {
  return run.findings.some(({ severity }) => severity === "error");
}

function packedBlob(index: BlobIndex, blob: number): PackedBlob {
  return {
    id: index.idOf(blob),
    type: index.typeOf(blob),
    offset: index.offsetOf(blob),
    lengthBytes: index.lengthOf(blob),
    rawLengthBytes: index.rawLengthOf(blob),
  };
}

type Renewed = {
  readonly keptIndexes: readonly ParsedIndex[];
  readonly newIndex: readonly IndexedPack[];
  readonly wrongIndexes: readonly string[];
  readonly adoptedPacks: readonly string[];
};

function renewIndexes(
  run: VerifyRun,
  { looked, examined }: { readonly looked: Looked; readonly examined: Examined },
): Renewed {
  const { sizes, layouts } = looked;
  const mayComplete = isSomethingLost(run);
  const isWrong = ({ packId, blobs }: IndexedPack): boolean => {
    if (!sizes.has(packId)) return true;
    const pack = examined.get(packId);
    if (pack === undefined) return false;
    return !pack.isSound || contradicts(pack, { blobs, mayComplete });
  };
  const kept = new Map<string, readonly IndexedPack[]>();
  const replaced: IndexedPack[] = [];
  const wrongIndexes: string[] = [];
  for (const [name, index] of looked.indexes) {
    const packs = packsOfIndex(index);
    if (!packs.some(isWrong)) {
      kept.set(name, packs);
      continue;
    }
    wrongIndexes.push(name);
    replaced.push(...packs);
  }
  const named = entriesOf([...kept.values()].flat());
  const renewed = new Map<string, Map<string, PackedBlob>>();
  const adopt = ({ packId, blobs }: IndexedPack): void => {
    const there = named.get(packId);
    if (blobs.every((blob) => there?.has(blobKey(blob)) === true)) return;
    const entries = renewed.get(packId) ?? new Map<string, PackedBlob>();
    for (const blob of blobs) entries.set(blobKey(blob), blob);
    renewed.set(packId, entries);
  };
  for (const pack of replaced) {
    const { packId } = pack;
    const look = examined.get(packId);
    if (!sizes.has(packId) || look?.isSound === false) continue;
    adopt(look?.header === undefined ? pack : { packId, blobs: look.header });
  }
  const adoptedPacks: string[] = [];
  for (const { packId, isSound, header } of examined.values()) {
    if (layouts.has(packId) || !isSound || header === undefined) continue;
    adoptedPacks.push(packId);
    adopt({ packId, blobs: header });
  }
  return {
    keptIndexes: [...kept.keys()].map((name) => looked.indexes.get(name) as ParsedIndex),
    newIndex: [...renewed].map(([packId, entries]) => ({ packId, blobs: [...entries.values()] })),
    wrongIndexes,
    adoptedPacks,
  };
}

/** Whether an index says of a sound pack what its header does not, or less where something is lacking. */
function contradicts(
  { header }: ExaminedPack,
  { blobs, mayComplete }: { readonly blobs: readonly PackedBlob[]; readonly mayComplete: boolean },
): boolean {
  const inHeader = new Set((header ?? []).map(blobKey));
  const inIndex = new Set(blobs.map(blobKey));
  return !inIndex.isSubsetOf(inHeader) || (mayComplete && inIndex.size < inHeader.size);
}

function packsOfIndex(index: ParsedIndex): readonly IndexedPack[] {
  const blobs = index.packs.map((): PackedBlob[] => []);
  for (let at = 0; at < index.length; at++) {
    blobs[index.packs32[at] as number]?.push({
      id: index.ids.subarray(at * 32, at * 32 + 32),
      type: index.types[at] === 1 ? "tree" : "data",
      offset: index.offsets[at] as number,
      lengthBytes: index.lengths[at] as number,
      rawLengthBytes: index.rawLengths[at] as number,
    });
  }
  return index.packs.map((packId, at) => ({ packId, blobs: blobs[at] ?? [] }));
}

function entriesOf(packs: readonly IndexedPack[]): ReadonlyMap<string, ReadonlySet<string>> {
  const entries = new Map<string, Set<string>>();
  for (const { packId, blobs } of packs) {
    const keys = entries.get(packId) ?? new Set<string>();
    for (const blob of blobs) keys.add(blobKey(blob));
    entries.set(packId, keys);
  }
  return entries;
}

/** Of damaged packs the blobs that can be read and that no sound pack has. */
function blobsToSave(
  examined: Examined,
  { keptIndexes, newIndex }: Pick<Renewed, "keptIndexes" | "newIndex">,
): readonly IndexedPack[] {
  const there = new BlobIndex([...keptIndexes, indexOfPacks(newIndex)]);
  const taken = new Set<string>();
  const saves: IndexedPack[] = [];
  for (const { packId, isSound, good } of examined.values()) {
    if (isSound) continue;
    const blobs = good.filter(({ id, type }) => {
      const key = `${type} ${Buffer.from(id).toString("latin1")}`;
      if (there.has(id, type) || taken.has(key)) return false;
      taken.add(key);
      return true;
    });
    if (blobs.length > 0) saves.push({ packId, blobs });
  }
  return saves;
}

function damagedPack(
  { packId, state, bad, isLoaded }: ExaminedPack,
  { index, saves }: { readonly index: BlobIndex; readonly saves: readonly IndexedPack[] },
): DamagedPack {
  return {
    packId,
    state,
    saved: saves.find((save) => save.packId === packId)?.blobs.length ?? 0,
    lost: bad.filter(({ id, type }) => !index.has(id, type)).length,
    isRemoved: isLoaded,
  };
}
