/**
 * Opens the observed state so that it says what the journal says: brought forward by the journal's
 * newer records, or, where it is missing or of another journal, filled from a copy's listing first.
 */
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { rootPath, Turns, walkImage } from "#image";
import type { Journal } from "#journal";
import { isSqliteDamage } from "../continuous-error.ts";
import type { CaptureBase } from "../capture-port.ts";
import { applyEvent } from "./apply-event.ts";
import { stateOf } from "./observed-file.ts";
import { ObservedState } from "./observed-state.ts";

export type OpenObservedStateOptions = {
  readonly folder: string;
  readonly journal: Journal;
  /** Of the store that the paths are of: a state of another layout is made anew. */
  readonly layout?: string;
  readonly openBase?: (signal: AbortSignal) => Promise<CaptureBase | undefined>;
  readonly signal: AbortSignal;
};

export type OpenedState = {
  readonly state: ObservedState;
  /** `known`: it was there; `base`: made from a copy and the journal; `empty`: from the journal alone. */
  readonly from: "known" | "base" | "empty";
  /** Until when changes were followed, as far as the state or what it was made from tells. */
  readonly followedUntilNs?: bigint;
};

/** Records that are applied before other work gets its turn. */
const sliceRecords = 2000;

export async function openObservedState(options: OpenObservedStateOptions): Promise<OpenedState> {
  const { folder, journal, layout = "", signal } = options;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const state = await openDatabase(join(folder, "observed.db"));
  try {
    const known = state.journal;
    const isSameStore = (state.meta("layout") ?? "") === layout;
    if (isSameStore && known?.id === journal.id && known.sequence <= journal.lastSequence) {
      const followed = state.meta("followedUntilNs");
      const newestNs = await catchUp(state, options, known.sequence + 1);
      return { state, from: "known", ...untilNewest(newestNs, followed) };
    }
    state.begin();
    state.clear();
    state.setMeta("layout", layout);
    const base = await options.openBase?.(signal);
    if (base === undefined) {
      return { state, from: "empty", ...untilNewest(await catchUp(state, options, 1)) };
    }
    await fillFrom(state, base, signal);
    state.hasInodesOfCopy = true;
    const from = await sequenceAt(journal, base.fromNs, signal);
    const newestNs = await catchUp(state, options, from);
    return { state, from: "base", ...untilNewest(newestNs, base.fromNs.toString()) };
  } catch (error) {
    state[Symbol.dispose]();
    throw error;
  }
}

async function openDatabase(location: string): Promise<ObservedState> {
  try {
    return new ObservedState(location);
  } catch (error) {
    if (!isSqliteDamage(error)) throw error;
    for (const suffix of ["", "-wal", "-shm"]) await rm(location + suffix, { force: true });
    return new ObservedState(location);
  }
}

function untilNewest(
  newestNs: bigint | undefined,
  other?: string,
): Pick<OpenedState, "followedUntilNs"> {
  const known = other === undefined ? undefined : BigInt(other);
  const later = known === undefined || (newestNs ?? 0n) > known ? newestNs : known;
  return later === undefined ? {} : { followedUntilNs: later };
}

/** Returns when the last change of a file was recorded, of the records that were applied. */
async function catchUp(
  state: ObservedState,
  { journal, signal }: OpenObservedStateOptions,
  from: number,
): Promise<bigint | undefined> {
  state.begin();
  const turns = new Turns();
  let count = 0;
  let newestNs: bigint | undefined;
  let sequence = Math.max(from - 1, 0);
  if (from <= journal.lastSequence)
    for await (const record of journal.read({ from, withoutData: true, signal })) {
      if (applyEvent(state, record.event)) newestNs = record.atNs;
      ({ sequence } = record);
      if (turns.isDue) await turns.give();
      if (++count % sliceRecords === 0) state.commit({ id: journal.id, sequence });
    }
  state.commit({ id: journal.id, sequence });
  return newestNs;
}

async function fillFrom(
  state: ObservedState,
  base: CaptureBase,
  signal: AbortSignal,
): Promise<void> {
  await using image = base.image;
  const turns = new Turns();
  // What the copy could not read it does not have; the first scan finds it missing here.
  const options = { signal, onProblem: () => undefined };
  for await (const { path, entry } of walkImage(image, rootPath, options)) {
    // A million files take a while, in which others in this program want to go on.
    if (turns.isDue) await turns.give();
    const attributes = await image.extendedAttributes(path);
    state.set(path, { state: stateOf(entry, attributes), sizeBytes: entry.sizeBytes });
  }
}

/** The first record at or after an instant: a clock that was set back makes it an earlier one. */
async function sequenceAt(journal: Journal, fromNs: bigint, signal: AbortSignal): Promise<number> {
  for await (const { sequence, atNs } of journal.read({ withoutData: true, signal }))
    if (atNs >= fromNs) return sequence;
  return journal.lastSequence + 1;
}
