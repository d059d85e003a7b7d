import {
  type ClockNs,
  type Consistency,
  displayPath,
  type Evidence,
  type Image,
  joinRawPath,
  type RawPath,
  type RejectedImage,
  systemClockNs,
  type Validation,
} from "#image";
import { isRecoveryError } from "#errors";
import type { ValidationRequest, Validator } from "#servers";
import {
  allProviders,
  type OpenSnapshotOptions,
  type SnapshotProvider,
  type Taken,
} from "#snapshots";
import { SourceError, sourceErrorOf } from "../source-error.ts";
import type { Source, StableImageRequest } from "../source.ts";
import { HotSplitImage } from "./hot-split-image.ts";
import { splitName, type SweptSplits, sweepHotSplits } from "./sweep-splits.ts";

export type HotSplitOptions = {
  readonly provider: SnapshotProvider;
  /**
   * Where frozen images lie until they are closed or given away: a folder of ours, outside the
   * store, on its filesystem where the provider wants that. Absolute.
   */
  readonly workFolder: RawPath;
  /** All must find the frozen image usable, in this order. Without any it is taken as it is. */
  readonly validators: readonly Validator[];
  /** Makes the server hold still while its store is frozen; closing what it gives lets it go. */
  readonly hold?: (folder: RawPath, signal?: AbortSignal) => Promise<AsyncDisposable>;
  /** How often a frozen image is made at most until one is usable: 1 to 100. Default 5. */
  readonly repeat?: number;
  readonly clock?: ClockNs;
  /** Told of each frozen image that was not usable. */
  readonly onRejected?: (rejected: RejectedImage) => void;
  /** Told of what killed splits left in the work folder: what was removed, and what stays and why. */
  readonly onSwept?: (swept: SweptSplits) => void;
};

const defaultRepeat = 5;
const largestRepeat = 100;

/**
 * Hot Split Snapshot (paper §2.1): the mail server goes on while its filesystem freezes an image of
 * the store, which is validated with a utility of the server, and made again until one is usable.
 * Where the server can be quiesced, it holds still for the moment of the split ("application"). Else its bytes hang together as after a power cut ("crash"), or as a walk saw them ("fuzzy") where the
 * provider copies file by file. Closing the Image removes what was frozen, unless it was given away.
 */
export function hotSplitSource(options: HotSplitOptions): Source {
  return {
    name: "Hot Split Snapshot",
    consistency: consistencyOf(options),
    stableImage: (request) => splitUntilUsable(options, request),
  };
}

/** A server that held still left its store as it would leave it to a backup of its own. */
function consistencyOf({ hold, provider }: HotSplitOptions): Consistency {
  if (hold !== undefined) return "application";
  return provider.atomic ? "crash" : "fuzzy";
}

async function splitUntilUsable(
  options: HotSplitOptions,
  request: StableImageRequest,
): Promise<Image> {
  const { signal, folder } = request;
  const { repeat = defaultRepeat, provider, workFolder } = options;
  signal?.throwIfAborted();
  const attempts = Math.min(Math.max(1, Math.trunc(repeat) || defaultRepeat), largestRepeat);
  const given = signal === undefined ? {} : { signal };
  const providers = [provider, ...allProviders()];
  const swept = await sweepHotSplits(workFolder, { ...given, providers });
  if (swept.removed.length + swept.kept.length > 0) options.onSwept?.(swept);
  const rejected: RejectedImage[] = [];
  for (let attempt = 1; attempt <= attempts; attempt++) {
    const split = await splitOnce(options, request);
    if (split.image !== undefined) {
      const evidence = evidenceOf(provider, { validations: split.validations, rejected });
      return new HotSplitImage(split.image, {
        ...split,
        provider,
        evidence,
        consistency: consistencyOf(options),
        open: openOptions(request),
      });
    }
    rejected.push({ attempt, atNs: split.atNs, reason: split.reason });
    options.onRejected?.(rejected.at(-1) as RejectedImage);
  }
  const last = rejected.at(-1)?.reason ?? "none was made";
  throw new SourceError(
    "source.split-unusable",
    `Cannot get a usable frozen image of "${displayPath(folder)}": ${attempts === 1 ? "the only one was rejected" : `all ${attempts} were rejected`}, the last because: ${last.replace(/\.$/, "")}`,
    {
      hint: "Look at what was found; if it is the store itself that is damaged, repair it with the server's own utility, and otherwise try at a quieter time or take the store offline.",
      retryable: true,
    },
  );
}

type Split =
  | {
      readonly image: Image;
      readonly taken: Taken;
      readonly validations: readonly Validation[];
    }
  | { readonly image?: undefined; readonly atNs: bigint; readonly reason: string };

async function splitOnce(options: HotSplitOptions, request: StableImageRequest): Promise<Split> {
  const { provider, workFolder, validators, clock = systemClockNs } = options;
  const { signal, folder } = request;
  const given = signal === undefined ? {} : { signal };
  const destination = joinRawPath(workFolder, splitName());
  let taken: Taken;
  try {
    taken = await takeHeld(options, { folder, destination, signal });
  } catch (error) {
    // The store was moved or mounted over this moment: the next attempt sees what is there.
    if (!isRecoveryError(error) || !error.retryable) throw error;
    return { atNs: clock(), reason: error.message };
  }
  try {
    const image = await provider.open(taken.destination, openOptions(request));
    const validations: Validation[] = [];
    for (const validator of validators) {
      const validation = await validated(validator, {
        image,
        path: taken.path,
        writableCopy: (layerOptions = {}) =>
          provider.writableCopy(taken.destination, joinRawPath(workFolder, splitName()), {
            ...given,
            ...layerOptions,
          }),
        clock,
        ...given,
      });
      if (!validation.valid) {
        await image[Symbol.asyncDispose]();
        await provider.remove(taken.destination, given);
        const reason = `${validator.name}: ${validation.findings.join(" ")}`;
        return { atNs: taken.toNs, reason };
      }
      validations.push(validation);
    }
    return { image, taken, validations };
  } catch (error) {
    // What does not go now is swept by the next start; the error that led here says more.
    await provider.remove(taken.destination).catch(() => undefined);
    throw error;
  }
}

async function takeHeld(
  { provider, hold }: HotSplitOptions,
  {
    folder,
    destination,
    signal,
  }: {
    readonly folder: RawPath;
    readonly destination: RawPath;
    readonly signal: AbortSignal | undefined;
  },
): Promise<Taken> {
  const given = signal === undefined ? {} : { signal };
  if (hold === undefined) return await provider.take(folder, destination, given);
  try {
    await using _held = await hold(folder, signal);
    return await provider.take(folder, destination, given);
  } catch (error) {
    throw sourceErrorOf(error);
  }
}

/** A utility that cannot be had is a failure of this source. */
async function validated(validator: Validator, request: ValidationRequest): Promise<Validation> {
  try {
    return await validator.validate(request);
  } catch (error) {
    throw sourceErrorOf(error);
  }
}

function openOptions(request: StableImageRequest): OpenSnapshotOptions {
  const { group, sequence, generation, volumes, signal } = request;
  return {
    ...(group === undefined ? {} : { group }),
    ...(sequence === undefined ? {} : { sequence }),
    ...(generation === undefined ? {} : { generation }),
    ...(volumes === undefined ? {} : { volumes }),
    ...(signal === undefined ? {} : { signal }),
  };
}

function evidenceOf(
  { name, kind }: SnapshotProvider,
  found: Pick<Evidence, "validations" | "rejected">,
): Evidence {
  return { provider: name, kind, ...found };
}
