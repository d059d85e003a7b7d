/** What a run that was interrupted left on tapes: a set that is whole and only was not listed, or a torn one. */
import { createHash } from "node:crypto";
import type { Barcode, TapeDrive } from "./drive/index.ts";
import { locate } from "./drive/index.ts";
import type { SetManifest } from "./format/index.ts";
import { type TapeRecord, withForgotten, withSet, withTape } from "./media/index.ts";
import {
  checkVolumeLabel,
  loadSet,
  readManifest,
  SetImage,
  surveyRest,
  TapeReader,
} from "./set/index.ts";
import { isRecoveryError } from "#errors";
import { isTapeError } from "./tape-error.ts";
import type { TapeState } from "./tape-state.ts";

/**
 * Lists sets that were written to their end, after every byte of them was compared with its digest; all others are torn,
 * and their place is free. A set with a tape that is not in the library stays as it is: nobody can look at it.
 */
export async function settleInterrupted(
  state: TapeState,
  { drive, signal }: { readonly drive: TapeDrive; readonly signal?: AbortSignal | undefined },
): Promise<void> {
  const open = state.catalogue.tapes.filter(
    ({ writing }) => writing !== undefined && writing !== "label" && writing !== "protected",
  );
  if (open.length === 0) return;
  const present = new Set(
    (await state.library.inventory(signal)).flatMap(({ barcode }) => barcode ?? []),
  );
  for (const [set, tapes] of Map.groupBy(open, ({ writing }) => writing as string)) {
    if (tapes.some(({ barcode }) => !present.has(barcode))) continue;
    const manifest = await findWhole(state, { set, tapes, drive, signal });
    if (manifest !== undefined) {
      const listed = { manifest, reconstructed: false };
      await state.change((catalogue) => withSet(catalogue, listed, { lastIsFull: false }));
    }
    // Of a torn set there may be labels that look whole: nobody was promised it.
    else await state.change((catalogue) => withForgotten(catalogue, { tapes, set }));
    await state.change((catalogue) =>
      tapes.reduce((all, { barcode }) => withTape(all, { barcode, writing: "" }), catalogue),
    );
  }
}

type Torn = {
  readonly set: string;
  readonly tapes: readonly TapeRecord[];
  readonly drive: TapeDrive;
  readonly signal: AbortSignal | undefined;
};

async function findWhole(state: TapeState, torn: Torn): Promise<SetManifest | undefined> {
  const { set, tapes, drive, signal } = torn;
  for (const { barcode, endFile } of tapes) {
    await state.load(drive, barcode, signal);
    try {
      if ((await checkVolumeLabel(drive, barcode, signal)) === "blank") continue;
      await locate(drive, { file: endFile, block: 0 }, signal);
    } catch (error) {
      // The tape was cut shorter than the run before it: then nothing of this set is on it.
      if (isTapeError(error, "methods.tape-end-of-data")) continue;
      throw error;
    }
    const { files } = await surveyRest(drive, signal);
    const index = files.find(
      ({ kind, ending, setStart }) =>
        kind === "index" && ending === "EOF" && set.startsWith(setStart),
    );
    if (index === undefined) continue;
    const manifest = await readWhole(state, { ...torn, barcode, ...index });
    if (manifest?.set === set) return manifest;
  }
  return undefined;
}

async function readWhole(
  state: TapeState,
  place: Torn & { readonly barcode: Barcode; readonly file: number; readonly blockBytes: number },
): Promise<SetManifest | undefined> {
  const { drive, signal, blockBytes } = place;
  const load = async (barcode: Barcode): Promise<TapeDrive> => {
    await state.load(drive, barcode, signal);
    return drive;
  };
  const reader = new TapeReader({ load, blockBytes });
  try {
    const manifest = await readManifest({ ...place, reader });
    const loaded = await loadSet(manifest, { reader, signal });
    if (loaded.problems.length > 0) return undefined;
    await using image = new SetImage({ ...loaded, reader, onClosed: async () => undefined });
    for (const { type, path, hardLinkTo, sha256 } of loaded.members) {
      if (type !== "file" || hardLinkTo !== undefined) continue;
      const hash = createHash("sha256");
      for await (const bytes of image.read(path, signal === undefined ? {} : { signal }))
        hash.update(bytes);
      if (hash.digest("hex") !== sha256) return undefined;
    }
    return manifest;
  } catch (error) {
    // What cannot be read back was not promised to anybody.
    if (isRecoveryError(error) && !isTapeError(error, "methods.tape-wrong")) return undefined;
    throw error;
  }
}
