/** Choosing the next tape to write to, and making sure that nothing on it is promised to anybody. */
import { type Barcode, locate, type TapeDrive, type TapeSlot } from "./drive/index.ts";
import {
  type ExpiryPlan,
  type MediaLimits,
  planTapeExpiry,
  poolOf,
  recordOf,
  setsOn,
  type TapeRotation,
  tapesToWrite,
  useOf,
  withoutSets,
  withTape,
  wornReason,
} from "./media/index.ts";
import {
  checkVolumeLabel,
  foreignTape,
  surveyRest,
  surveyTape,
  type TapeForWriting,
  labelledEndFile,
  writeLabel,
} from "./set/index.ts";
import { isTapeError, tapeError } from "./tape-error.ts";
import type { TapeState } from "./tape-state.ts";

export type PrepareOptions = {
  readonly drive: TapeDrive;
  /** ID of the set that is to be written. */
  readonly set: string;
  readonly rotation: TapeRotation;
  readonly blockBytes: number;
  readonly now: () => bigint;
  /** Tapes that the set is on already. */
  readonly used: ReadonlySet<Barcode>;
  readonly signal?: AbortSignal | undefined;
};

/** A tape in the drive that the set may go on. Throws `methods.tape-none-to-write`, with a reason for every tape. */
export async function prepareTape(
  state: TapeState,
  options: PrepareOptions,
): Promise<TapeForWriting> {
  const { rotation, used, signal } = options;
  const limits = rotation.limits ?? {};
  const plan = planTapeExpiry(state.catalogue, { ...rotation, nowNs: options.now() });
  const slots = await state.library.inventory(signal);
  const refused = new Map<Barcode, string>();
  const usable = slots.flatMap((slot) => {
    const reason = whyNot(slot, { state, limits, used });
    if (slot.barcode !== undefined && reason !== undefined) refused.set(slot.barcode, reason);
    return slot.barcode === undefined || reason !== undefined ? [] : [slot.barcode];
  });
  const { catalogue, media } = state;
  const facts = { catalogue, media, limits, expired: plan.expired };
  const append = rotation.append ?? true;
  for (const barcode of tapesToWrite(usable, { ...facts, append, except: used })) {
    const ready = await tryTape(state, { ...options, barcode, plan, refused });
    if (ready !== undefined) return ready;
  }
  for (const barcode of usable) {
    const pool = poolOf(barcode, { ...facts, catalogue: state.catalogue });
    if (!refused.has(barcode)) refused.set(barcode, `its sets are kept (${pool})`);
  }
  throw noneToWrite(state.library.name, { refused, stopped: plan.stopped });
}

function whyNot(
  { barcode, writeProtected }: TapeSlot,
  facts: Pick<PrepareOptions, "used"> & { readonly state: TapeState; readonly limits: MediaLimits },
): string | undefined {
  if (barcode === undefined) return undefined;
  const { state, limits, used } = facts;
  if (used.has(barcode)) return "the set is on it already";
  if (writeProtected) return "it is write-protected";
  const record = recordOf(state.catalogue, barcode);
  if (record?.writing === "protected") return "it holds a set that has lost its index";
  if (record?.writing !== undefined && record.writing !== "label")
    return "an interrupted set is on it, another tape of which is not here";
  return wornReason(useOf(state.media, barcode), limits);
}

type Trying = PrepareOptions & {
  readonly barcode: Barcode;
  readonly plan: ExpiryPlan;
  readonly refused: Map<Barcode, string>;
};

/** Undefined, and a reason noted, where the tape cannot be used and others may. */
async function tryTape(state: TapeState, options: Trying): Promise<TapeForWriting | undefined> {
  const { drive, barcode, refused, set, plan, signal } = options;
  const label = await loadAndCheck(state, options);
  if (label === undefined) return undefined;
  const sets = setsOn(state.catalogue, barcode);
  const isKept = sets.some(({ manifest }) => !plan.expired.has(manifest.set));
  const record = recordOf(state.catalogue, barcode);
  // A tape with nothing but its label needs no other one: every pass wears it.
  const isReady = label === "ours" && record?.endFile === labelledEndFile;
  if (!isKept && (!isReady || sets.length > 0)) await relabel(state, { ...options, label });
  const endFile = recordOf(state.catalogue, barcode)?.endFile ?? 0;
  await locate(drive, { file: endFile, block: 0 }, signal);
  await refuseUnknownRest(state, options);
  await locate(drive, { file: endFile, block: 0 }, signal);
  const { atEndOfTape } = await drive.status(signal);
  if (atEndOfTape) {
    refused.set(barcode, "it is full");
    await state.change((catalogue) => withTape(catalogue, { barcode, full: true }));
    return undefined;
  }
  await state.change((catalogue) => withTape(catalogue, { barcode, writing: set }));
  return { barcode, drive, endFile, isEmpty: setsOn(state.catalogue, barcode).length === 0 };
}

/**
 * What is at the beginning of the tape. A tape that nobody knows is left alone where it is not blank; one that the
 * catalogue knows and that is another one now is told of at once.
 */
async function loadAndCheck(
  state: TapeState,
  { drive, barcode, refused, signal }: Trying,
): Promise<"ours" | "blank" | "broken" | undefined> {
  const record = recordOf(state.catalogue, barcode);
  try {
    await state.load(drive, barcode, signal);
    const label = await checkVolumeLabel(drive, barcode, signal);
    if (label === "blank" && setsOn(state.catalogue, barcode).length > 0)
      throw foreignTape(barcode, { why: "it is blank, and the catalogue has sets on it" });
    if (label === "blank" || record !== undefined) return label;
    refused.set(barcode, "it has sets that the catalogue does not know");
  } catch (error) {
    const isBroken = record?.writing === "label" && isTapeError(error, "methods.tape-foreign");
    if (isBroken) return "broken";
    const mayPass = isTapeError(error, "methods.tape-busy", "methods.tape-no-volume");
    if (!isTapeError(error) || (record !== undefined && !mayPass)) throw error;
    refused.set(barcode, (error as Error).message);
  }
  return undefined;
}

/** Behind the last set that is known there may be torn ones of ours, and nothing else. */
async function refuseUnknownRest(
  state: TapeState,
  { drive, barcode, signal }: Trying,
): Promise<void> {
  const { files } = await surveyRest(drive, signal);
  const forgotten = recordOf(state.catalogue, barcode)?.forgotten ?? [];
  const unknown = files.find(
    ({ kind, ending, setStart }) =>
      kind === "index" && ending !== undefined && !forgotten.some((id) => id.startsWith(setStart)),
  );
  if (unknown !== undefined) throw unknownSet(barcode, unknown.setStart);
}

/** Before a tape is written over from its beginning: every whole set on it must be known, and expired. */
async function refuseUnknownSets(
  state: TapeState,
  { drive, barcode, plan, signal }: Trying,
): Promise<void> {
  const survey = await surveyTape(drive, signal);
  if (survey.kind !== "ours") return;
  const known = setsOn(state.catalogue, barcode).map(({ manifest }) => manifest.set);
  const forgotten = recordOf(state.catalogue, barcode)?.forgotten ?? [];
  for (const { kind, ending, setStart } of survey.files) {
    if (kind !== "index" || ending === undefined) continue;
    if (forgotten.some((id) => id.startsWith(setStart))) continue;
    const set = known.find((id) => id.startsWith(setStart));
    if (set === undefined) throw unknownSet(barcode, setStart);
    if (plan.expired.has(set)) continue;
    throw tapeError(
      "methods.tape-not-expired",
      `Cannot write over tape ${barcode}: set ${setStart} on it is still kept`,
      { hint: "Wait until it has expired, or put another tape in." },
    );
  }
}

/** Labels a tape again once nothing on it is kept. */
async function relabel(
  state: TapeState,
  options: Trying & { readonly label: "ours" | "blank" | "broken" },
): Promise<void> {
  const { drive, barcode, blockBytes, now, signal, label } = options;
  if (label === "ours") await refuseUnknownSets(state, options);
  await labelAnew(state, { drive, barcode, blockBytes, now, signal });
}

export type LabelAnewOptions = Pick<PrepareOptions, "drive" | "blockBytes" | "now" | "signal"> & {
  readonly barcode: Barcode;
};

/**
 * Takes the sets of the tape in the drive out of the catalogue, then writes the tape's beginning anew,
 * whatever is on it.
 */
export async function labelAnew(state: TapeState, options: LabelAnewOptions): Promise<void> {
  const { drive, barcode, now } = options;
  const gone = new Set(setsOn(state.catalogue, barcode).map(({ manifest }) => manifest.set));
  await state.change((catalogue) =>
    withTape(withoutSets(catalogue, gone), {
      barcode,
      endFile: 0,
      full: false,
      writing: "label",
    }),
  );
  await state.count(barcode, "passes");
  const { passes } = useOf(state.media, barcode);
  let endFile: number;
  try {
    endFile = await writeLabel(drive, { ...options, labelledAtNs: now(), passes });
  } catch (error) {
    if (isTapeError(error, "methods.tape-not-verified")) await state.count(barcode, "errors");
    throw error;
  }
  await state.change((catalogue) =>
    withTape(catalogue, { barcode, endFile, full: false, writing: "", forgotten: [] }),
  );
}

function unknownSet(barcode: Barcode, setStart: string): Error {
  return tapeError(
    "methods.tape-unknown-set",
    `Cannot write to tape ${barcode}: set ${setStart} on it is not in the catalogue`,
    { hint: "Rebuild the catalogue from the tapes, then run it again." },
  );
}

function noneToWrite(
  library: string,
  why: { readonly refused: ReadonlyMap<Barcode, string>; readonly stopped: readonly string[] },
): Error {
  const tapes = [...why.refused].map(([barcode, reason]) => `${barcode}: ${reason}`);
  const reasons = [...(tapes.length === 0 ? ["there is no tape in it"] : tapes), ...why.stopped];
  return tapeError(
    "methods.tape-none-to-write",
    `Cannot find a tape to write to in library "${library}": ${reasons.join("; ")}`,
    { hint: "Put a blank tape in, or one whose sets have expired." },
  );
}
