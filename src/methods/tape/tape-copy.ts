/** What backup to tape keeps, as a Copy: which moments are on which tapes, where those are, and opening one. */
import { type Copy, inOrder, type Reach, type RecoveryPoint } from "#copies";
import type { Image } from "#image";
import { toRfc3339Nano } from "#time";
import type { Barcode, TapeDrive, TapeLibrary } from "./drive/index.ts";
import {
  catalogueFile,
  isOnsite,
  lastStep,
  type ListedSet,
  pullList,
  type PullList,
  readStateFile,
  readStateFileSync,
  vaultFile,
  type VaultRecord,
} from "./media/index.ts";
import { recoveryPointOfSet } from "./recovery-point.ts";
import {
  loadSet,
  type LoadedSet,
  readManifest,
  salvageMembers,
  SetImage,
  TapeReader,
} from "./set/index.ts";
import { isTapeError, tapeError } from "./tape-error.ts";
import { readCatalogue } from "./tape-state.ts";

export const tapeMethodName = "backup to tape";

export type TapeCopyOptions = {
  /** Its name in the configuration, or the library's. */
  readonly name?: string;
  /** From the call until a tape of the vault is here: for pull lists. Default 24 hours. */
  readonly recallMs?: number;
};

export interface TapeCopy extends Copy {
  /** How near one moment is: "shelf" as soon as one of its tapes is away. */
  reachOf(point: RecoveryPoint, signal?: AbortSignal): Promise<Reach>;
  /** What must be fetched to open a moment. */
  pullList(
    point: RecoveryPoint,
    options: { readonly nowNs: bigint; readonly signal?: AbortSignal },
  ): Promise<PullList>;
}

const dayMs = 86_400_000;

/** The library is the caller's and must stay open as long as Images of it are. */
export function tapeCopy(library: TapeLibrary, options: TapeCopyOptions = {}): TapeCopy {
  return {
    name: options.name ?? library.name,
    method: tapeMethodName,
    /** Of the newest moment, by the record of where tapes are. */
    get reach(): Reach {
      return reachOfNewest(library.stateFolder);
    },
    async moments(group, signal) {
      signal?.throwIfAborted();
      const { sets } = await readCatalogue(library, signal);
      const points = sets.map(recoveryPointOfSet);
      return inOrder(
        group === undefined ? points : points.filter((point) => point.group === group),
      );
    },
    open: async (point, signal) => await openSet(library, { point, signal }),
    async reachOf(point, signal) {
      const { missing } = await whereIs(library, { point, signal });
      return missing.length === 0 ? "at-hand" : "shelf";
    },
    async pullList(point, { nowNs, signal }) {
      const { set, present, record } = await whereIs(library, { point, signal });
      return pullList(set, { present, record, nowNs, recallMs: options.recallMs ?? dayMs });
    },
  };
}

function reachOfNewest(stateFolder: string): Reach {
  try {
    const sets = readStateFileSync(stateFolder, catalogueFile)?.sets ?? [];
    const record = readStateFileSync(stateFolder, vaultFile) ?? new Map();
    const parts = sets.at(-1)?.manifest.parts ?? [];
    return parts.every(({ barcode }) => isOnsite(record, barcode)) ? "at-hand" : "shelf";
  } catch (error) {
    // What nobody can read is not at hand; `moments` and `open` say why.
    if (isTapeError(error)) return "shelf";
    throw error;
  }
}

type Where = {
  readonly set: ListedSet;
  readonly sets: readonly ListedSet[];
  readonly present: ReadonlySet<Barcode>;
  readonly missing: readonly Barcode[];
  readonly record: VaultRecord;
};

type Wanted = { readonly point: RecoveryPoint; readonly signal: AbortSignal | undefined };

async function whereIs(library: TapeLibrary, { point, signal }: Wanted): Promise<Where> {
  signal?.throwIfAborted();
  const { sets } = await readCatalogue(library, signal);
  const set = sets.find(({ manifest }) => manifest.set === point.id);
  if (set === undefined) {
    throw tapeError(
      "methods.moment-gone",
      `Cannot open moment ${point.id.slice(0, 8)}: it was removed meanwhile`,
      { hint: "List the moments again and choose another." },
    );
  }
  const slots = await library.inventory(signal);
  const present = new Set(slots.flatMap(({ barcode }) => barcode ?? []));
  const missing = missingOf(set, present);
  const record = (await readStateFile(library.stateFolder, vaultFile)) ?? new Map();
  return { set, sets, present, missing, record };
}

function missingOf({ manifest }: ListedSet, present: ReadonlySet<Barcode>): readonly Barcode[] {
  return manifest.parts.map(({ barcode }) => barcode).filter((barcode) => !present.has(barcode));
}

async function openSet(library: TapeLibrary, wanted: Wanted): Promise<Image> {
  const where = await whereIs(library, wanted);
  if (where.missing.length > 0) throw notAtHand(where);
  const { signal } = wanted;
  const { set } = where;
  const drive = await library.openDrive(signal);
  try {
    const reader = new TapeReader({
      blockBytes: set.manifest.blockBytes,
      load: async (barcode, loading): Promise<TapeDrive> => {
        await drive.load(barcode, loading);
        return drive;
      },
    });
    const loaded = await load(set, { reader, signal });
    return new SetImage({
      ...loaded,
      reader,
      onClosed: async () => await drive[Symbol.asyncDispose](),
    });
  } catch (error) {
    await drive[Symbol.asyncDispose]();
    throw error;
  }
}

async function load(
  set: ListedSet,
  { reader, signal }: { readonly reader: TapeReader; readonly signal: AbortSignal | undefined },
): Promise<LoadedSet> {
  const { manifest } = set;
  const { blockBytes, indexFile: file, parts } = manifest;
  const last = parts.at(-1);
  if (!set.reconstructed && last !== undefined) {
    const place = { reader, barcode: last.barcode, file, blockBytes, signal };
    try {
      const found = await readManifest(place);
      if (found.set === manifest.set) return await loadSet(found, place);
      throw writtenOver(last.barcode, manifest.set);
    } catch (error) {
      if (!isTapeError(error, "methods.tape-index-damaged")) throw error;
      // The catalogue knows all that the manifest says but the problems; the lines may still be whole.
      return await loadSet(manifest, place);
    }
  }
  const { members, problems } = await salvageMembers(parts, { reader, blockBytes, signal });
  return { manifest, members, problems };
}

/** Which tapes, where they are, and what can be had instead. */
function notAtHand({ set, sets, present, missing, record }: Where): Error {
  const tapes = missing.map((barcode) => {
    const step = lastStep(record, barcode);
    if (step === undefined || step.state === "onsite")
      return `${barcode}, which should be here and which nobody noted as taken away`;
    const place = step.where === "" ? "" : ` (${step.where})`;
    return `${barcode}, ${step.state}${place} since ${toRfc3339Nano(step.atNs)}, noted by ${step.who}`;
  });
  const { group, atNs, set: id } = set.manifest;
  const near = sets
    .filter((other) => other.manifest.group === group && missingOf(other, present).length === 0)
    .toSorted((a, b) => distance(a.manifest.atNs, atNs) - distance(b.manifest.atNs, atNs))[0];
  const instead =
    near === undefined
      ? "No other moment of this group is at hand."
      : `At hand instead: the moment of ${toRfc3339Nano(near.manifest.atNs)} on ${near.manifest.parts.map(({ barcode }) => barcode).join(", ")}.`;
  return tapeError(
    "methods.tape-not-at-hand",
    `Cannot open moment ${id.slice(0, 8)}: it needs tape ${tapes.join("; and tape ")}`,
    { hint: `Fetch what the pull list names and put it in. ${instead}` },
  );
}

function distance(a: bigint, b: bigint): number {
  return Math.abs(Number(a - b));
}

function writtenOver(barcode: Barcode, set: string): Error {
  return tapeError(
    "methods.tape-unreadable",
    `Cannot open moment ${set.slice(0, 8)}: tape ${barcode} holds another set in its place`,
    { hint: "Rebuild the catalogue from the tapes to see what is on them." },
  );
}
