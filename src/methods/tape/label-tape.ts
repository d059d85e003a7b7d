import { systemClock } from "#time";
import { type Barcode, parseBarcode, type TapeLibrary } from "./drive/index.ts";
import {
  type MediaLimits,
  planTapeExpiry,
  refuseWorn,
  setsOn,
  type TapeRetention,
  useOf,
} from "./media/index.ts";
import { labelAnew } from "./prepare-tape.ts";
import { checkVolumeLabel, foreignTape, surveyTape } from "./set/index.ts";
import { isTapeError, tapeError } from "./tape-error.ts";
import { TapeState } from "./tape-state.ts";

export type LabelTapeOptions = {
  readonly barcode: string;
  /** Write over what another program wrote, or another label. A person looked at it. */
  readonly overForeign?: boolean;
  readonly retention?: TapeRetention;
  readonly limits?: MediaLimits;
  /** Default 256 KiB. */
  readonly blockBytes?: number;
  readonly now?: () => bigint;
  readonly signal?: AbortSignal;
};

/**
 * Puts a tape into the scratch pool. Throws `methods.tape-not-expired` while something on it is kept,
 * `methods.tape-foreign` and `methods.tape-wrong` unless that was allowed, `methods.tape-worn`.
 */
export async function labelTape(library: TapeLibrary, options: LabelTapeOptions): Promise<void> {
  const { signal, retention = {}, limits = {}, blockBytes = 256 * 1024 } = options;
  const barcode = parseBarcode(options.barcode);
  const now = options.now ?? systemClock();
  await using state = await TapeState.open(library, { nowNs: now(), signal });
  refuseWorn(useOf(state.media, barcode), limits);
  const { expired } = planTapeExpiry(state.catalogue, { ...retention, nowNs: now() });
  const kept = setsOn(state.catalogue, barcode).filter(
    ({ manifest }) => !expired.has(manifest.set),
  );
  if (kept.length > 0) throw notExpired(barcode, `${kept.length} sets on it are kept`);
  const record = state.catalogue.tapes.find((tape) => tape.barcode === barcode);
  if (record?.writing === "protected" && options.overForeign !== true)
    throw notExpired(barcode, "it holds a set that has lost its index");
  await using drive = await library.openDrive(signal);
  await state.load(drive, barcode, signal);
  try {
    const label = await checkVolumeLabel(drive, barcode, signal);
    if (label === "ours") {
      const survey = await surveyTape(drive, signal);
      if (survey.kind === "foreign") throw foreignTape(barcode, survey);
      const hasSets = survey.kind === "ours" && survey.files.some(({ kind }) => kind === "index");
      if (hasSets && record === undefined)
        throw notExpired(barcode, "it has sets that the catalogue does not know");
    }
  } catch (error) {
    const isAllowed =
      options.overForeign === true &&
      isTapeError(error, "methods.tape-foreign", "methods.tape-wrong");
    if (!isAllowed) throw error;
  }
  await labelAnew(state, { drive, barcode, blockBytes, now, signal });
}

function notExpired(barcode: Barcode, why: string): Error {
  return tapeError("methods.tape-not-expired", `Cannot label tape ${barcode}: ${why}`, {
    hint: "Wait until they have expired, rebuild the catalogue, or use another tape.",
  });
}
